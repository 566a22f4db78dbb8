"""The step walker: one step message for every slot of every layer of neurons, input to output."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ceprop.hdl.lanes.messages import COPIED, Messages, Operation
from ceprop.hdl.lanes.stages import start_delay, step_beats
from ceprop.hdl.lanes.wavefront import enter
from ceprop.specification import Geometry


class StepWalker(wiring.Component):
    """Sends the neurons into their next state.

    Members
    -------
    start : In
        Begin in the next cycle, or `start_delay` later.
    room : In
        The trace has room for a beat; without it the walk waits.
    done : Out
        The last message is out in this cycle.
    first, nudged, swap, bank, everything, keep : In
        Copied into every message.
    drive : In
        The drive that layer 1 hears.
    learn : In
        The walk asks for updates of the biases and moves no state.
    row, column : Out
        `step` messages.
    layer, slot : Out
        Where the walk is; `layer` is zero when it rests, between two messages too.
    """

    def __init__(self, geometry: Geometry):
        self.geometry = geometry
        messages = Messages(geometry)
        layers = len(geometry.specification.layers)
        super().__init__(
            {
                "start": In(1),
                "room": In(1),
                "done": Out(1),
                "first": In(1),
                "nudged": In(1),
                "swap": In(1),
                "bank": In(1),
                "everything": In(1),
                "keep": In(1),
                "drive": In(messages.drive_number_bits),
                "learn": In(1),
                "row": Out(messages.step("row")),
                "column": Out(messages.step("column")),
                "layer": Out(range(layers)),
                "slot": Out(range(max(geometry.slots(layer) for layer in range(1, layers)))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """A counter of layers, one of slots, and one of the units that remain."""
        m = Module()
        g, specification = self.geometry, self.geometry.specification
        layer, slot = Signal(self.layer.shape(), name="layer"), Signal(self.slot.shape(), name="slot")
        remaining = Signal(range(max(specification.layers[1:]) + 1), name="remaining")
        # The layer's last slot: known from a register, for it decides what the sequencer does next.
        final = Signal(name="final")
        rests = Signal(name="rests")
        if step_beats(g) > 1:
            m.d.sync += rests.eq((layer != 0) & self.room & ~rests)
        m.d.comb += [self.layer.eq(Mux(rests, 0, layer)), self.slot.eq(slot)]
        with m.Switch(layer):
            for l in specification.connections:
                edge = g.edge(l)
                message = self.row if edge == "row" else self.column
                with m.Case(l):
                    m.d.comb += [
                        message.index.eq(slot),
                        message.layer.eq(g.edge_number(l)),
                        message.layer_last.eq(final),
                        message.drive.eq(self.drive if l == 1 else 0),
                        message.output.eq(l == specification.connections[-1]),
                        message.last.eq((l == g.layers(edge)[-1]) & final),
                        message.remaining.eq(remaining),
                    ]
                    for field in COPIED:
                        m.d.comb += message[field].eq(getattr(self, field))
                    with m.If(self.room & ~rests):
                        m.d.comb += message.operation.eq(Mux(self.learn, Operation.LEARN, Operation.STEP))
                        m.d.sync += [
                            slot.eq(slot + 1),
                            remaining.eq(remaining - g.lanes(l)),
                            final.eq(slot == g.slots(l) - 2),
                        ]
                        with m.If(final):
                            self._enter(m, layer, slot, remaining, final, l + 1)
                            m.d.comb += self.done.eq(l == specification.connections[-1])
        with m.If(enter(m, self.start, start_delay(g), "starts")):
            self._enter(m, layer, slot, remaining, final, 1)
        return m

    def _enter(self, m: Module, layer, slot, remaining, final, following: int) -> None:
        layers = self.geometry.specification.layers
        here = following if following < len(layers) else 0
        m.d.sync += [layer.eq(here), slot.eq(0), remaining.eq(layers[here] if here else 0)]
        m.d.sync += final.eq(here > 0 and self.geometry.slots(here) == 1)
