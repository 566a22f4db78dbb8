"""One hop of the status chain: what a step found in this lane, added to what it found in the lanes before."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ceprop.geometry import Edge, Geometry
from ceprop.hdl.messages import Messages, Operation


class StatusHop(wiring.Component):
    """Changes, differences from the state before, and the largest output with its ties.

    Members
    -------
    step, new, old, older : In
        The message when the new state is there; the new state and the two before it.
    status, status_out : In, Out
        The chain; one cycle.
    """

    def __init__(self, geometry: Geometry, edge: Edge):
        messages = Messages(geometry)
        bits = geometry.specification.formats.state_bits
        super().__init__(
            {
                "step": In(messages.step(edge)),
                "new": In(bits),
                "old": In(bits),
                "older": In(bits),
                "status": In(messages.status),
                "status_out": Out(messages.status),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Lower lanes come first, so an equal output never replaces the one found."""
        m = Module()
        before, step = self.status, self.step
        status = Signal(self.status.shape(), name="status_hop")
        competes = step.output & (step.remaining != 0)
        larger = competes & (~before.found | (self.new > before.largest))
        equal = competes & before.found & (self.new == before.largest)
        m.d.sync += [
            status.valid.eq(step.operation == Operation.STEP),
            status.last.eq(step.last),
            status.changed.eq(before.changed | (self.new != self.old)),
            status.aperiodic.eq(before.aperiodic | (self.new != self.older)),
            status.found.eq(before.found | competes),
            status.tie.eq((before.tie & ~larger) | equal),
            status.largest.eq(Mux(larger, self.new, before.largest)),
            status.remaining.eq(Mux(larger, step.remaining, before.remaining)),
        ]
        m.d.comb += self.status_out.eq(status)
        return m
