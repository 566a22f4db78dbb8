"""One hop of the status chain: what a step found in this lane, added to what it found in the lanes before."""

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ceprop.hdl.lanes.messages import Messages
from ceprop.hdl.lanes.wavefront import enter
from ceprop.specification import Edge, Geometry


class StepStatus(wiring.Component):
    """Changes, differences from the state before, list lengths, and the largest output with its ties.

    Members
    -------
    valid, last, layer_last, layer, remaining, new : In
        A neuron has a new state: fields of its `step` message, and that state.
    competes : In
        It is one of the output layer.
    changed, aperiodic : In
        Whether it differs from the one before, and from the one before that.
    changed_count, active_count : In
        Lengths of the lane's lists with this unit.
    status, status_out : In, Out
        The chain; `latency` cycles.
    """

    def __init__(self, geometry: Geometry, edge: Edge, lane: int):
        last = geometry.rows - 1 if edge == "row" else geometry.cols - 1
        # The lanes of a hop have theirs in the same cycle; the register is behind the last of them.
        self.latency = 1 if lane == last else geometry.hop_registers(lane + 1)
        messages = Messages(geometry)
        bits = geometry.specification.formats.state_bits
        self._ranks = geometry.edge(len(geometry.specification.layers) - 1) == edge
        super().__init__(
            {
                "valid": In(1),
                "last": In(1),
                "layer_last": In(1),
                "layer": In(messages.layer_bits(edge)),
                "competes": In(1),
                "remaining": In(messages.countdown_bits(edge)),
                "new": In(bits),
                "changed": In(1),
                "aperiodic": In(1),
                "changed_count": In(messages.list_bits(edge)),
                "active_count": In(messages.list_bits(edge)),
                "status": In(messages.status(edge)),
                "status_out": Out(messages.status(edge)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """One register, or none."""
        m = Module()
        before = self.status
        status = Signal(self.status.shape(), name="status_found")
        m.d.comb += [
            status.valid.eq(self.valid),
            status.last.eq(self.last),
            status.layer_last.eq(self.layer_last),
            status.layer.eq(self.layer),
            status.changed_most.eq(larger_of(before.changed_most, self.changed_count)),
            status.active_most.eq(larger_of(before.active_most, self.active_count)),
            status.changed.eq(before.changed | self.changed),
            status.aperiodic.eq(before.aperiodic | self.aperiodic),
        ]
        if self._ranks:
            self._rank(m, before, status)
        m.d.comb += self.status_out.eq(enter(m, status, self.latency, "status_hop"))
        return m

    def _rank(self, m: Module, before, status) -> None:
        """Lower lanes come first, so an equal output never replaces the one found."""
        larger = self.competes & (~before.found | (self.new > before.largest))
        equal = self.competes & before.found & (self.new == before.largest)
        m.d.comb += [
            status.found.eq(before.found | self.competes),
            status.tie.eq((before.tie & ~larger) | equal),
            status.largest.eq(Mux(larger, self.new, before.largest)),
            status.remaining.eq(Mux(larger, self.remaining, before.remaining)),
        ]


def larger_of(one: Value, other: Value) -> Value:
    """The larger of two unsigned numbers."""
    return Mux(other > one, other, one)
