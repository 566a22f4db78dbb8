"""An edge of neurons: the neuron cells of all lanes, chained, with registers that align the words of all lanes."""

from itertools import pairwise

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ceprop.hdl.delay import delay
from ceprop.hdl.lanes.messages import Messages
from ceprop.hdl.lanes.signatures import (
    EdgeStatus,
    EdgeTrace,
    LaneOperands,
    LaneWords,
    NeuronChain,
    ReturnedSum,
    connect_lanes,
    lanes_of,
    saturated_bits,
)
from ceprop.hdl.lanes.skew_registers import SkewRegisters
from ceprop.hdl.neuron.neuron_cell import NeuronCell
from ceprop.hdl.typing import Interface
from ceprop.specification import Edge, Geometry


class NeuronEdge(wiring.Component):
    """All neurons of the row or the column edge.

    Throughput: that of :class:`NeuronCell`. Latencies: `read_latency`, `trace_latency` and `status_latency`.

    Members
    -------
    messages : In
        Messages and settings into the first lane.
    words : In
        Words that are written, and words that were read, `read_latency` cycles after a `sum` or `step` message with a
        read.
    operands : Out, array
        For the lanes that lead the cells.
    returned : In, array
        Partial sums and counts of saturated updates from the array.
    status : Out
        `status_latency` cycles after a `step` message; beside it saturated updates of weights and biases.
    trace : Out
        `trace_latency` cycles after a `step` message.
    """

    messages: Interface
    words: Interface
    operands: list[Interface]
    returned: list[Interface]
    status: Interface
    trace: Interface

    def __init__(self, geometry: Geometry, edge: Edge, sum_delay: int):
        self.geometry = geometry
        self.edge: Edge = edge
        self.lanes = lanes_of(geometry, edge)
        self._cells = [NeuronCell(geometry, edge, lane, sum_delay) for lane in range(self.lanes)]
        super().__init__(
            {
                "messages": In(NeuronChain(geometry, edge)),
                "words": In(LaneWords(geometry, edge)),
                "operands": Out(LaneOperands(geometry, edge)).array(self.lanes),
                "returned": In(ReturnedSum(geometry)).array(self.lanes),
                "status": Out(EdgeStatus(geometry, edge)),
                "trace": Out(EdgeTrace(geometry, edge)),
            }
        )

    @property
    def read_latency(self) -> int:
        """4 cycles: hop into the first lane, address, memory, word register; then the skew of the last lane."""
        return 4 + self.geometry.hops(self.lanes - 1)

    @property
    def trace_latency(self) -> int:
        """Hop into the first lane, step; then the skew of the last lane."""
        return 1 + self._cells[0].status_stage + self.geometry.hops(self.lanes - 1)

    @property
    def status_latency(self) -> int:
        """Through the last lane, and back to the corner."""
        return self.trace_latency + self._cells[-1].status_latency + Geometry.return_registers(self.lanes)

    def elaborate(self, platform: object) -> Module:
        """Lane after lane."""
        m = Module()
        cells = self._cells
        for lane, cell in enumerate(cells):
            m.submodules[f"neuron_{lane}"] = cell
        wiring.connect(m, wiring.flipped(self.messages), cells[0].before)
        for before, after in pairwise(cells):
            wiring.connect(m, before.after, after.before)
        connect_lanes(m, (cell.operands for cell in cells), map(wiring.flipped, self.operands))
        connect_lanes(m, map(wiring.flipped, self.returned), (cell.returned for cell in cells))
        self._pass_words(m)
        self._report(m)
        if self.geometry.trace:
            self._trace(m)
        return m

    def _pass_words(self, m: Module) -> None:
        """Words to be written go to all lanes; words that were read meet in one cycle."""
        bits = Messages(self.geometry).word_bits
        m.submodules.read_align = align = SkewRegisters(self.lanes, bits, self.geometry.lanes_a_hop, align=True)
        for lane, cell in enumerate(self._cells):
            m.d.comb += [
                cell.word.eq(delay(m, self.words.written[lane], 1, f"word_{lane}")),
                align.words[lane].eq(cell.read_word),
                self.words.read[lane].eq(align.delayed[lane]),
            ]

    def _report(self, m: Module) -> None:
        """The status behind the last lane, and the saturated updates of all lanes, added up lane by lane."""
        total = 0
        for lane, cell in enumerate(self._cells):
            counted = Signal(saturated_bits(self.geometry, self.edge), name=f"saturated_{lane}")
            of_bias = delay(m, cell.saturated, 1, f"bias_saturated_{lane}")
            m.d.sync += counted.eq(total + self.returned[lane].saturations + of_bias)
            total = counted
        back = Geometry.return_registers(self.lanes)
        m.d.comb += [
            self.status.status.eq(delay(m, self._cells[-1].after.status, back, "status_return")),
            self.status.saturated.eq(delay(m, total, back, "saturated_return")),
        ]

    def _trace(self, m: Module) -> None:
        """New states and drives of all lanes in one cycle."""
        bits = Messages(self.geometry).trace.size
        m.submodules.trace_align = align = SkewRegisters(self.lanes, bits, self.geometry.lanes_a_hop, align=True)
        for lane, cell in enumerate(self._cells):
            m.d.comb += [align.words[lane].eq(cell.trace), self.trace.neurons[lane].eq(align.delayed[lane])]
