"""The step walker: one step message for every slot of every layer of neurons, from the first hidden layer to the output
layer."""

from typing import NamedTuple

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ceprop.hdl.checks import check
from ceprop.hdl.control.drives import drive_number
from ceprop.hdl.control.signatures import Banks, StepCommand, StepMessages
from ceprop.hdl.io.signatures import PhaseSettings, StepPosition, WorkingSample
from ceprop.hdl.lanes.hop import hop
from ceprop.hdl.lanes.messages import COPIED, Operation
from ceprop.hdl.lanes.stages import start_delay, step_beats
from ceprop.hdl.typing import Fields, Interface
from ceprop.specification import Geometry


class _Position(NamedTuple):
    """Where the walk is: its layer, zero where there is no walk; the slot; the units of the layer that remain from this
    slot on; and whether the slot is the last one of its layer, which is known from a register, because it decides what
    the sequencer does next."""

    layer: Signal
    slot: Signal
    remaining: Signal
    final: Signal


class StepWalker(wiring.Component):
    """Sends the neurons into their next state.

    The state is `layer`, the layer of the walk::

                          last slot of          last slot of
               start        layer 1               layer 2        ...       last slot of layer L
        rest ────────► 1 ────────────► 2 ────────────────► 3 ... L ──────────────────────► rest

    In alternating order a walk has the layers of one edge, every second one, unless it is a step of the biases or
    restores states.

    `layer` stays in every cycle without `room`, and where messages come every second cycle, in every other cycle too.

    Throughput: one message per `step_beats(geometry)` cycles. A walk takes (slots of all layers - 1) `step_beats` + 1
    cycles where there is always room, from the cycle after `start`, or `start_delay(geometry)` later, on.

    Members
    -------
    command, banks, settings, sample : In
        What is sent, as their signatures have it. `first`, `nudged`, `swap`, `bank`, `everything` and `keep` are copied
        into every message. Layer 1 receives the drive of the sample.
    messages : Out
        The step message of a slot, on the edge of its layer.
    position : Out
        Where the walk is; its `layer` is zero in cycles between two messages too.
    """

    command: Interface
    banks: Interface
    settings: Interface
    sample: Interface
    messages: Interface
    position: Interface

    def __init__(self, geometry: Geometry):
        self.geometry = geometry
        super().__init__(
            {
                "command": In(StepCommand()),
                "banks": In(Banks()),
                "settings": In(PhaseSettings()),
                "sample": In(WorkingSample(geometry)),
                "messages": Out(StepMessages(geometry)),
                "position": Out(StepPosition(geometry)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Counters of layers, slots and remaining units."""
        m = Module()
        layers = self.geometry.specification.layers
        at = _Position(
            Signal(self.position.layer.shape(), name="layer"),
            Signal(self.position.slot.shape(), name="slot"),
            Signal(range(max(layers[1:]) + 1), name="remaining"),
            Signal(name="final"),
        )
        # The cycle between two messages, where messages come every second cycle.
        between = Signal(name="between")
        if step_beats(self.geometry) > 1:
            m.d.sync += between.eq((at.layer != 0) & self.position.room & ~between)
        walking = Mux(between, 0, at.layer)
        m.d.comb += [
            self.position.layer.eq(walking),
            self.position.slot.eq(at.slot),
            self.position.nudged.eq(self.command.nudged),
            self.position.stepping.eq((walking != 0) & self.position.room & ~self._whole),
        ]
        with m.Switch(at.layer):
            for l in self.geometry.specification.connections:
                with m.Case(l):
                    message = self.messages.row if self.geometry.edge(l) == "row" else self.messages.column
                    self._describe(m, message, l, at)
                    with m.If(self.position.room & ~between):
                        m.d.comb += message.operation.eq(Mux(self.command.learn, Operation.LEARN, Operation.STEP))
                        self._advance(m, l, at)
        check(m, "step_starts_in_a_step", self.command.start & (at.layer != 0) & ~self.command.done)
        with m.If(hop(m, self.command.start, start_delay(self.geometry), "starts")):
            self._enter(m, at, 1)
            if self.geometry.specification.alternating:
                with m.If(self.command.columns & ~self._whole):
                    self._enter(m, at, 2)
        return m

    @property
    def _whole(self) -> Value:
        """The step is none of a phase: it has all layers, and the trace leaves it out."""
        return Value.cast(self.command.learn | self.command.restore)

    def _describe(self, m: Module, message: Fields, layer: int, at: _Position) -> None:
        """The message of a slot of a layer, apart from what it asks for."""
        g, output = self.geometry, self.geometry.specification.connections[-1]
        m.d.comb += [
            message.index.eq(at.slot),
            message.layer.eq(g.edge_number(layer)),
            message.layer_last.eq(at.final),
            message.drive.eq(drive_number(g, self.sample.bank) if layer == 1 else 0),
            message.output.eq(layer == output),
            message.last.eq((layer == g.layers(g.edge(layer))[-1]) & at.final),
            message.remaining.eq(at.remaining),
        ]
        copied = {
            "first": self.command.first,
            "nudged": self.command.nudged,
            "swap": self.banks.swap,
            "bank": self.banks.bank,
            "everything": self.settings.everything,
            "keep": self.command.keep,
            "save": self.command.save,
            "restore": self.command.restore,
        }
        m.d.comb += [message[name].eq(copied[name]) for name in COPIED]

    def _advance(self, m: Module, layer: int, at: _Position) -> None:
        """To the next slot of the layer; from its last slot to the next layer, or to rest."""
        g = self.geometry
        m.d.sync += [
            at.slot.eq(at.slot + 1),
            at.remaining.eq(at.remaining - g.lanes(layer)),
            at.final.eq(at.slot == g.slots(layer) - 2),
        ]
        with m.If(at.final):
            self._leave(m, at, layer, 1)
            if g.specification.alternating:
                with m.If(~self._whole):
                    self._leave(m, at, layer, 2)

    def _leave(self, m: Module, at: _Position, layer: int, stride: int) -> None:
        """From the last slot of a layer to the layer that follows at a stride."""
        self._enter(m, at, layer + stride)
        m.d.comb += self.command.done.eq(layer + stride > self.geometry.specification.connections[-1])

    def _enter(self, m: Module, at: _Position, layer: int) -> None:
        """To the first slot of a layer; to rest behind the last one."""
        layers = self.geometry.specification.layers
        here = layer if layer < len(layers) else 0
        m.d.sync += [at.layer.eq(here), at.slot.eq(0), at.remaining.eq(layers[here] if here else 0)]
        m.d.sync += at.final.eq(here > 0 and self.geometry.slots(here) == 1)
