"""An edge of neurons: the neuron cells of all lanes, chained, with the triangles that meet and gather the wavefront."""

from amaranth.hdl import Module, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ceprop.hdl.cell.synapse import CellLayouts
from ceprop.hdl.delay import delay
from ceprop.hdl.lanes.messages import Messages, bits_for
from ceprop.hdl.lanes.wavefront import Triangle
from ceprop.hdl.neuron.neuron_cell import NeuronCell
from ceprop.specification import Edge, Geometry


class NeuronEdge(wiring.Component):
    """All neurons of the row or the column edge.

    Members
    -------
    source, sum, step, settings : In
        Messages into the first lane.
    words : In, array
        Words to be written, all lanes together, held from their `step` message on until the last lane has taken it.
    returned, saturations : In, arrays
        From the array; the counts are zero on the column edge.
    sums : Out, array
        Whether the lanes' `source` messages belong to sums.
    slot, present : Out, arrays
        Units that the lanes' `source` messages mean, as :class:`NeuronCell` has them.
    operand, dither : Out, arrays
        Into the array.
    read_words : Out, array
        All lanes together, `read_latency` cycles after a `sum` or `step` message with a read.
    trace : Out, array
        All lanes together, `trace_latency` cycles after a `step` message.
    status : Out
        `status_latency` cycles after a `step` message.
    saturated : Out
        Saturated updates of weights and biases, to be added up.
    """

    def __init__(self, geometry: Geometry, edge: Edge, sum_delay: int):
        self.geometry = geometry
        self.edge: Edge = edge
        self.lanes = geometry.rows if edge == "row" else geometry.cols
        self._cells = [NeuronCell(geometry, edge, lane, sum_delay) for lane in range(self.lanes)]
        messages, cells = Messages(geometry), CellLayouts(geometry)
        self._chain_bits = bits_for(geometry.rows * geometry.cols + self.lanes)
        super().__init__(
            {
                "source": In(messages.source(edge)),
                "sum": In(messages.sum(edge)),
                "step": In(messages.step(edge)),
                "settings": In(messages.settings(edge)),
                "words": In(messages.word_bits).array(self.lanes),
                "returned": In(signed(geometry.widths.partial_sum_bits)).array(self.lanes),
                "saturations": In(cells.saturations).array(self.lanes),
                "sums": Out(1).array(self.lanes),
                "slot": Out(geometry.slot_bits(edge)).array(self.lanes),
                "present": Out(1).array(self.lanes),
                "operand": Out(signed(geometry.widths.operand_bits)).array(self.lanes),
                "dither": Out(geometry.widths.dither_bits).array(self.lanes),
                "load_words": Out(messages.word_bits).array(self.lanes),
                "read_words": Out(messages.word_bits).array(self.lanes),
                "trace": Out(messages.trace).array(self.lanes),
                "status": Out(messages.status(edge)),
                "saturated": Out(self._chain_bits),
            }
        )

    @property
    def read_latency(self) -> int:
        """Hop into the first lane, address, memory, word register; then the last lane's skew."""
        return 4 + self.geometry.hops(self.lanes - 1)

    @property
    def trace_latency(self) -> int:
        """Hop into the first lane, step; then the last lane's skew."""
        return 1 + self._cells[0].status_stage + self.geometry.hops(self.lanes - 1)

    @property
    def status_latency(self) -> int:
        """Through the last lane, and back to the corner."""
        return self.trace_latency + self._cells[-1].status_latency + Geometry.return_registers(self.lanes)

    def elaborate(self, platform: object) -> Module:
        """Lane after lane."""
        m = Module()
        together = self.geometry.lanes_a_hop
        m.submodules.read_align = read_align = Triangle(self.lanes, len(self.words[0]), together, align=True)
        before = None
        chain = 0
        for lane, cell in enumerate(self._cells):
            m.submodules[f"neuron_{lane}"] = cell
            for name in ("source", "sum", "step", "settings"):
                incoming = getattr(before, f"{name}_out") if before else getattr(self, name)
                m.d.comb += getattr(cell, name).eq(incoming)
            if before:
                m.d.comb += cell.status.eq(before.status_out)
            word = delay(m, self.words[lane], 1, f"word_{lane}")
            m.d.comb += [
                cell.word.eq(word),
                self.load_words[lane].eq(word),
                cell.returned.eq(self.returned[lane]),
                self.sums[lane].eq(cell.source_out.sum),
                self.slot[lane].eq(cell.slot),
                self.present[lane].eq(cell.present),
                self.operand[lane].eq(cell.operand),
                self.dither[lane].eq(cell.dither),
                read_align.words[lane].eq(cell.read_word),
                self.read_words[lane].eq(read_align.moved[lane]),
            ]
            counted = Signal(self._chain_bits, name=f"saturated_{lane}")
            of_bias = delay(m, cell.saturated, 1, f"bias_saturated_{lane}")
            m.d.sync += counted.eq(chain + self.saturations[lane] + of_bias)
            chain = counted
            before = cell
        if self.geometry.trace:
            self._trace(m)
        back = Geometry.return_registers(self.lanes)
        m.d.comb += [
            self.status.eq(delay(m, self._cells[-1].status_out, back, "status_return")),
            self.saturated.eq(delay(m, chain, back, "saturated_return")),
        ]
        return m

    def _trace(self, m: Module) -> None:
        bits = self.trace[0].shape().size
        m.submodules.trace_align = align = Triangle(self.lanes, bits, self.geometry.lanes_a_hop, align=True)
        for lane, cell in enumerate(self._cells):
            m.d.comb += [align.words[lane].eq(cell.trace), self.trace[lane].eq(align.moved[lane])]
