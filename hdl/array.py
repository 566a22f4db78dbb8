"""The systolic array: a grid of synapse cells, and the return wires that bring the sums back to the edges.

States enter in the west and the north. The sum of a row leaves in the east, that of a column in the south. Both return
along their row or column through `Geometry.return_registers` registers.
"""

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ceprop.hdl.cell.signatures import CellColumn, CellRow
from ceprop.hdl.cell.synapse import SUM_LATENCY, SynapseCell
from ceprop.hdl.delay import delay
from ceprop.hdl.devices.primitives import PORTABLE, Primitives
from ceprop.hdl.lanes.signatures import ReturnedSum
from ceprop.hdl.typing import Interface
from ceprop.specification import Edge, Geometry


class SynapseArray(wiring.Component):
    """`rows x cols` cells.

    Throughput: one slot per cycle. Latency: `sum_latency(geometry, edge)`.

    Members
    -------
    rows, columns : In, arrays
        What enters the first cell of each lane, lane `k` `Geometry.hops(k)` cycles after the first one. The partial sum
        of a row is a word to be loaded, zero in all other slots.
    row_sums, column_sums : Out, arrays
        Partial sums back at the edge, `sum_latency(geometry, edge)` cycles after the lane's slot; of rows the counts of
        saturated updates as well.
    """

    rows: list[Interface]
    columns: list[Interface]
    row_sums: list[Interface]
    column_sums: list[Interface]

    def __init__(self, geometry: Geometry, primitives: Primitives = PORTABLE):
        self.geometry = geometry
        self.primitives = primitives
        super().__init__(
            {
                "rows": In(CellRow(geometry)).array(geometry.rows),
                "columns": In(CellColumn(geometry)).array(geometry.cols),
                "row_sums": Out(ReturnedSum(geometry)).array(geometry.rows),
                "column_sums": Out(ReturnedSum(geometry)).array(geometry.cols),
            }
        )

    @staticmethod
    def sum_latency(geometry: Geometry, edge: Edge) -> int:
        """Cycles from a slot's memory address at the first cell of a lane to its sum back at the lane: `SUM_LATENCY`
        + hops between the cells + registers of the return wire."""
        cells = geometry.cols if edge == "row" else geometry.rows
        return SUM_LATENCY + geometry.hops(cells - 1) + Geometry.return_registers(cells)

    def elaborate(self, platform: object) -> Module:
        """Every cell between its four neighbours; then the return wires."""
        m = Module()
        rows, cols = self.geometry.rows, self.geometry.cols
        cells = [[SynapseCell(self.geometry, self.primitives) for _ in range(cols)] for _ in range(rows)]
        for r, c in ((r, c) for r in range(rows) for c in range(cols)):
            cell = cells[r][c]
            m.submodules[f"cell_{r}_{c}"] = cell
            # Cells of one hop act together: they take the same bundle, and a sum passes them without a register.
            west, north = wiring.flipped(self.rows[r]), wiring.flipped(self.columns[c])
            if c:
                west = cells[r][c - 1].east if self.geometry.hop_registers(c) else cells[r][c - 1].east_now
            if r:
                north = cells[r - 1][c].south if self.geometry.hop_registers(r) else cells[r - 1][c].south_now
            wiring.connect(m, west, cell.west)
            wiring.connect(m, north, cell.north)
        for r in range(rows):
            registers, last = Geometry.return_registers(cols), cells[r][-1].east
            m.d.comb += [
                self.row_sums[r].partial_sum.eq(delay(m, last.partial_sum, registers, f"row{r}_return")),
                self.row_sums[r].saturations.eq(delay(m, last.saturations, registers, f"saturations{r}_return")),
            ]
        for c in range(cols):
            registers, last = Geometry.return_registers(rows), cells[-1][c].south
            m.d.comb += self.column_sums[c].partial_sum.eq(delay(m, last.partial_sum, registers, f"column{c}_return"))
        return m
