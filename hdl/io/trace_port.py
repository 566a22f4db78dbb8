"""The trace port: every state after every step, a group of lanes a beat."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import In, Out

from ceprop.hdl.delay import delay
from ceprop.hdl.io.stream_payloads import Ports
from ceprop.specification import Edge, Geometry

TRACE_DEPTH = 64
"""Groups that wait for a slow reader; the step waits when they are full, so that none is lost."""


class TracePort(wiring.Component):
    """Gathers the neurons of both edges behind the step walker's order.

    Parameters
    ----------
    geometry : Geometry
        Layouts.
    latencies : dict
        Cycles from a step message to its neurons, an edge each.

    Members
    -------
    layer, slot, nudged, stepping : In
        What the step walker sends in this cycle.
    row, column : In, arrays
        Neurons of an edge, all lanes together.
    room : Out
        One more step message may be sent.
    trace : Out, stream
        As :class:`Ports` says.
    """

    def __init__(self, geometry: Geometry, latencies: dict[Edge, int]):
        self._latencies = latencies
        self._ports = ports = Ports(geometry)
        neurons = ports.trace["neurons"].shape
        super().__init__(
            {
                "layer": In(ports.trace["layer"].shape),
                "slot": In(ports.trace["slot"].shape),
                "nudged": In(1),
                "stepping": In(1),
                "row": In(neurons),
                "column": In(neurons),
                "room": Out(1),
                "trace": Out(stream.Signature(ports.trace)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """The shorter edge waits for the longer one; then a queue."""
        m = Module()
        longest = max(self._latencies.values())
        beat = Signal(self._ports.trace, name="beat")
        for edge, odd in (("row", 1), ("column", 0)):
            if edge in self._latencies:
                neurons = delay(m, getattr(self, edge), longest - self._latencies[edge], f"{edge}_late")
                with m.If(beat.layer[0] == odd):
                    m.d.comb += beat.neurons.eq(neurons)
        header = delay(m, Cat(self.stepping, self.nudged, self.layer, self.slot), longest, "header")
        m.d.comb += Cat(beat.nudged, beat.layer, beat.slot).eq(header[1:])
        m.submodules.waiting = waiting = SyncFIFOBuffered(width=self._ports.trace.size, depth=TRACE_DEPTH)
        taken = Signal(range(TRACE_DEPTH + 1), name="taken")
        m.d.sync += taken.eq(taken + self.stepping - (self.trace.valid & self.trace.ready))
        m.d.comb += [
            self.room.eq(taken != TRACE_DEPTH),
            waiting.w_en.eq(header[0]),
            waiting.w_data.eq(beat),
            self.trace.valid.eq(waiting.r_rdy),
            self.trace.payload.eq(waiting.r_data),
            waiting.r_en.eq(self.trace.ready),
        ]
        return m
