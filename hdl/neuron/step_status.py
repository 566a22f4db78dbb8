"""One hop of the status chain: what a step found in this lane, added to what it found in the lanes before."""

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ceprop.hdl.lanes.hop import hop
from ceprop.hdl.lanes.messages import Messages
from ceprop.hdl.neuron.signatures import LaneLengths, StepOutcome
from ceprop.hdl.typing import Fields, Interface
from ceprop.specification import Edge, Geometry


class StepStatus(wiring.Component):
    """Changes, differences from the state before, list lengths, and the largest output with its ties.

    Latency: `latency` cycles, one or none. Throughput: one status per cycle.

    Members
    -------
    neuron, lengths : In
        A neuron with a new state, and the lengths of its layer's lists in this lane.
    status, status_out : In, Out
        From the lane before and to the lane after.
    """

    neuron: Interface
    lengths: Interface
    status: Fields
    status_out: Fields

    def __init__(self, geometry: Geometry, edge: Edge, lane: int):
        last = geometry.rows - 1 if edge == "row" else geometry.cols - 1
        # The lanes of a hop have their status in the same cycle; the register follows the last of them.
        self.latency = 1 if lane == last else geometry.hop_registers(lane + 1)
        self._has_outputs = geometry.edge(len(geometry.specification.layers) - 1) == edge
        status = Messages(geometry).status(edge)
        super().__init__(
            {
                "neuron": In(StepOutcome(geometry, edge)),
                "lengths": In(LaneLengths(geometry, edge)),
                "status": In(status),
                "status_out": Out(status),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """One register, or none."""
        m = Module()
        before, neuron = self.status, self.neuron
        status: Fields = Signal(self.status.shape(), name="status_found")
        m.d.comb += [
            status.valid.eq(neuron.valid),
            status.last.eq(neuron.last),
            status.layer_last.eq(neuron.layer_last),
            status.layer.eq(neuron.layer),
            status.changed_most.eq(larger_of(before.changed_most, self.lengths.changed)),
            status.active_most.eq(larger_of(before.active_most, self.lengths.active)),
            status.changed.eq(before.changed | neuron.changed),
            status.aperiodic.eq(before.aperiodic | neuron.aperiodic),
        ]
        if self._has_outputs:
            self._rank(m, before, status)
        m.d.comb += self.status_out.eq(hop(m, status, self.latency, "status_hop"))
        return m

    def _rank(self, m: Module, before: Fields, status: Fields) -> None:
        """Lower lanes come first, so an equal output never replaces the one that was found."""
        neuron = self.neuron
        larger = neuron.competes & (~before.found | (neuron.new > before.largest))
        equal = neuron.competes & before.found & (neuron.new == before.largest)
        m.d.comb += [
            status.found.eq(before.found | neuron.competes),
            status.tie.eq((before.tie & ~larger) | equal),
            status.largest.eq(Mux(larger, neuron.new, before.largest)),
            status.remaining.eq(Mux(larger, neuron.remaining, before.remaining)),
        ]


def larger_of(one: Value, other: Value) -> Value:
    """The larger of two unsigned numbers."""
    return Mux(other > one, other, one)
