"""The state update of a neuron: from its sums to its new state, one operation between two registers."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ceprop.hdl.cell.saturation import clip
from ceprop.hdl.delay import delay
from ceprop.hdl.lanes.messages import Messages
from ceprop.hdl.neuron.activation import Activation
from ceprop.hdl.neuron.running_sums import drive_delay
from ceprop.hdl.typing import Fields
from ceprop.specification import LARGEST_NUDGE_SHIFT, Edge, Geometry


class StateUpdate(wiring.Component):
    """Sum, bias and drive, activation, and in the output layer the nudge.

    Throughput: one state per cycle. Latency: `latency` cycles, 2 on the row edge or 1 on the column edge, + that of the
    activation, + 2 on the edge of the output layer or 1 on the other.

    Parameters
    ----------
    geometry : Geometry
        Widths; which layers lie on the edge.
    edge : "row" or "column"
        On which edge it is.

    Members
    -------
    step, settings : In
        The message beside the words of the neuron, and the settings of the lane.
    labelled : In
        The neuron is the labelled one, beside the words.
    sum, drive, bias, old : In
        The words of the neuron: its sum; on the row edge the drive, `drive_delay` cycles later; its bias; its state.
    new : Out
        The new state, `latency` cycles later.
    """

    step: Fields
    settings: Fields
    labelled: Signal
    sum: Signal
    drive: Signal
    bias: Signal
    old: Signal
    new: Signal

    def __init__(self, geometry: Geometry, edge: Edge):
        self.geometry = geometry
        self.edge: Edge = edge
        self.specification = geometry.specification
        layers = self.specification.connections
        self._nudges = geometry.edge(layers[-1]) == edge
        self._point = geometry.widths.sum_point(edge)
        # Cycles from the words to the input of the activation: the drive is added to the sum of the other two.
        self._total_cycles = 2 if edge == "row" else 1
        self._drive_delay = drive_delay(geometry, edge)
        fraction = self._point + self.specification.formats.weight_fraction
        self._activation = Activation(self.specification, geometry.widths.sum_bits(edge), fraction)
        messages, formats = Messages(geometry), self.specification.formats
        super().__init__(
            {
                "step": In(messages.step(edge)),
                "settings": In(messages.settings(edge)),
                "labelled": In(1),
                "sum": In(signed(geometry.widths.sum_bits(edge))),
                "drive": In(signed(geometry.widths.drive_bits)),
                "bias": In(signed(formats.weight_bits)),
                "old": In(formats.state_bits),
                "new": Out(formats.state_bits),
            }
        )

    @property
    def latency(self) -> int:
        """Cycles from the words to the new state."""
        return self._total_cycles + self._activation.latency + (2 if self._nudges else 1)

    def elaborate(self, platform: object) -> Module:
        """Sum, activation, nudge, padding; the nudge is computed beside the activation."""
        m = Module()
        bits = self.specification.formats.state_bits
        m.submodules.activation = self._activation
        m.d.comb += self._activation.value.eq(self._total(m))
        activated = self._total_cycles + self._activation.latency
        state = self._activation.state
        if self._nudges:
            nudge = self._nudge(m, activated)
            nudged_state = Signal(signed(bits + 3), name="nudged_state", reset_less=True)
            m.d.sync += nudged_state.eq(state + nudge)
            state = clip(nudged_state, bits)
        if self.geometry.padded(self.edge):
            exists = Signal(name="exists", reset_less=True)
            m.d.sync += exists.eq(self.step.remaining != 0)
            state = Mux(delay(m, exists, self.latency - 2, "exists"), state, 0)
        new = Signal(bits, name="new_state", reset_less=True)
        m.d.sync += new.eq(state)
        m.d.comb += self.new.eq(new)
        return m

    def _total(self, m: Module) -> Signal:
        """Sum, bias and drive on a common point."""
        formats = self.specification.formats
        shape = signed(self.geometry.widths.sum_bits(self.edge))
        summed = Signal(shape, name="summed", reset_less=True)
        if len(self.specification.layers) == 2:
            others = 0  # Without a second layer of neurons there is nothing but the drive and the bias.
        elif self.specification.alternating and self.edge == "column":
            others = self.sum  # In alternating order the first step of the column edge follows its first sums.
        else:
            others = Mux(self.step.first, 0, self.sum)
        m.d.sync += summed.eq(others + (self.bias << formats.state_bits))
        total = summed << (self._point - formats.state_bits)
        value = Signal(shape, name="value", reset_less=True)
        if self.edge == "column":
            m.d.comb += value.eq(total)
            return value
        only_layer = len(self.geometry.layers("row")) == 1
        driven = delay(m, self.step.drive, self._drive_delay, "is_driven")
        chosen = self.drive if only_layer else Mux(driven, self.drive, 0)
        drive = Value.cast(delay(m, chosen, 1 - self._drive_delay, "driven")).as_signed()
        m.d.sync += value.eq(total + (drive << (self._point - formats.input_bits)))
        return value

    def _nudge(self, m: Module, activated: int) -> Value:
        """`+-((y - s + 2^(k-1)) >> k)` for a unit of the output layer in the nudged phase, else zero."""
        bits = self.specification.formats.state_bits
        # The target is all ones or zero, so `y - s` is `~s`, or `~s + 1` with its sign. After the shift by `k - 1` one
        # bit remains to be rounded off, of the negated number as well: `-((x + 1) >> 1)` is `(~x + 1) >> 1`.
        gap, shifted, nudge = (
            Signal(signed(bits + 2), name=name, reset_less=True) for name in ("gap", "shifted", "nudge")
        )
        dropped = Signal(range(LARGEST_NUDGE_SHIFT), name="dropped", reset_less=True)
        wanted = delay(m, self.step.output & self.step.nudged, 1, "nudged")
        negative = self.settings.negative.replicate(len(shifted)).as_signed()
        m.d.sync += [
            dropped.eq(self.settings.nudge_shift - 1),
            gap.eq(Value.cast(Cat(~self.old, ~self.labelled, ~self.labelled)).as_signed() + ~self.labelled),
            shifted.eq(Mux(wanted, gap >> dropped, 0)),
            nudge.eq(((shifted ^ negative) + 1) >> 1),
        ]
        return Value.cast(delay(m, nudge, activated - 3, "nudge"))
