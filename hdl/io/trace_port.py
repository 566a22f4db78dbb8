"""The trace port: every state after every step, one group of lanes per beat."""

from collections.abc import Mapping

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import In, Out

from ceprop.hdl.checks import check
from ceprop.hdl.delay import delay
from ceprop.hdl.io.signatures import StepPosition
from ceprop.hdl.io.stream_payloads import Ports
from ceprop.hdl.lanes.signatures import EdgeTrace
from ceprop.hdl.streams import stream_of
from ceprop.hdl.typing import Fields, Interface
from ceprop.specification import Edge, Geometry

TRACE_DEPTH = 64
"""Groups that wait for a slow reader; the step waits when the FIFO is full, so that none is lost."""


class TracePort(wiring.Component):
    """Gathers the neurons of both edges in the order of the step walker.

    Throughput: one group per cycle. Latency: that of the edge that answers last, then the FIFO.

    Parameters
    ----------
    geometry : Geometry
        Layouts.
    latencies : mapping
        For each edge with neurons the cycles from a step message to its neurons.

    Members
    -------
    position : In
        What the step walker sends in this cycle; it has `room` for one more step message.
    row, column : In
        Neurons of an edge, all lanes together.
    trace : Out, stream
        As :class:`Ports` has it.
    """

    position: Interface
    row: Interface
    column: Interface
    trace: Interface

    def __init__(self, geometry: Geometry, latencies: Mapping[Edge, int]):
        self._latencies = latencies
        self._ports = ports = Ports(geometry)
        super().__init__(
            {
                "position": In(StepPosition(geometry)),
                "row": In(EdgeTrace(geometry, "row")),
                "column": In(EdgeTrace(geometry, "column")),
                "trace": Out(stream_of(ports.trace)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """The edge that answers first waits for the other one; then a FIFO."""
        m = Module()
        position, longest = self.position, max(self._latencies.values())
        beat: Fields = Signal(self._ports.trace, name="beat")
        for edge, latency in self._latencies.items():
            port, is_odd = (self.row, 1) if edge == "row" else (self.column, 0)
            group = delay(m, Value.cast(Cat(port.neurons)), longest - latency, f"{edge}_late")
            with m.If(beat.layer[0] == is_odd):
                m.d.comb += beat.neurons.as_value().eq(group)
        announced = Cat(position.stepping, position.nudged, position.layer, position.slot)
        header = delay(m, announced, longest, "header")
        m.d.comb += Value.cast(Cat(beat.nudged, beat.layer, beat.slot)).eq(header[1:])
        m.submodules.trace_fifo = fifo = SyncFIFOBuffered(width=self._ports.trace.size, depth=TRACE_DEPTH)
        taken = Signal(range(TRACE_DEPTH + 1), name="taken")
        m.d.sync += taken.eq(taken + position.stepping - (self.trace.valid & self.trace.ready))
        m.d.comb += [
            position.room.eq(taken != TRACE_DEPTH),
            fifo.w_en.eq(header[0]),
            fifo.w_data.eq(beat),
            self.trace.valid.eq(fifo.r_rdy),
            self.trace.payload.eq(fifo.r_data),
            fifo.r_en.eq(self.trace.ready),
        ]
        check(m, "trace_beat_lost", fifo.w_en & ~fifo.w_rdy)
        return m
