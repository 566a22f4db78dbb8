"""The systolic array: a grid of synapse cells, and the wires that bring the sums back to the edges they serve.

States enter in the west and the north; a row's sum leaves in the east, a column's in the south, and both return along
their row or column through `Geometry.return_registers` registers.
"""

from amaranth.hdl import Module, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ceprop.hdl.cell.synapse import SUM_LATENCY, CellLayouts, SynapseCell
from ceprop.hdl.delay import delay
from ceprop.hdl.devices.primitives import PORTABLE, Primitives
from ceprop.specification import Edge, Geometry


class SynapseArray(wiring.Component):
    """`rows x cols` cells.

    Members
    -------
    row, column : In, arrays
        Bundles of every lane, lane `k` `Geometry.hops(k)` cycles after the first one.
    load_words : In, array
        Words for the rows' partial sums; zero except when loading.
    row_sums, column_sums : Out, arrays
        Partial sums back at the edge, `sum_latency(edge)` cycles after the lane's slot.
    saturations : Out, array
        Counts of saturated updates back at the row edge.
    """

    def __init__(self, geometry: Geometry, primitives: Primitives = PORTABLE):
        self.geometry = geometry
        self.primitives = primitives
        layouts = CellLayouts(geometry)
        partial_sum = signed(geometry.widths.partial_sum_bits)
        super().__init__(
            {
                "row": In(layouts.row).array(geometry.rows),
                "column": In(layouts.column).array(geometry.cols),
                "load_words": In(partial_sum).array(geometry.rows),
                "row_sums": Out(partial_sum).array(geometry.rows),
                "column_sums": Out(partial_sum).array(geometry.cols),
                "saturations": Out(layouts.saturations).array(geometry.rows),
            }
        )

    @staticmethod
    def sum_latency(geometry: Geometry, edge: Edge) -> int:
        """Cycles from a slot's memory address at a lane's first cell to its sum back at the lane."""
        cells = geometry.cols if edge == "row" else geometry.rows
        return SUM_LATENCY + geometry.hops(cells - 1) + Geometry.return_registers(cells)

    def elaborate(self, platform: object) -> Module:
        """Every cell between its four neighbours."""
        m = Module()
        rows, cols = self.geometry.rows, self.geometry.cols
        cells = [[SynapseCell(self.geometry, self.primitives) for _ in range(cols)] for _ in range(rows)]
        for r, c in ((r, c) for r in range(rows) for c in range(cols)):
            cell = cells[r][c]
            m.submodules[f"cell_{r}_{c}"] = cell
            row, from_west, saturations = self.row[r], self.load_words[r], 0
            column, from_north = self.column[c], 0
            # Cells of one hop act together: they take the same bundle, and a sum passes them without a register.
            if c:
                west, apart = cells[r][c - 1], self.geometry.hop_registers(c)
                row, from_west = (west.row_out, west.east) if apart else (west.row, west.east_now)
                saturations = west.saturations_out
            if r:
                north, apart = cells[r - 1][c], self.geometry.hop_registers(r)
                column, from_north = (north.column_out, north.south) if apart else (north.column, north.south_now)
            m.d.comb += [
                cell.row.eq(row),
                cell.from_west.eq(from_west),
                cell.saturations.eq(saturations),
                cell.column.eq(column),
                cell.from_north.eq(from_north),
            ]
        for r in range(rows):
            registers = Geometry.return_registers(cols)
            m.d.comb += [
                self.row_sums[r].eq(delay(m, cells[r][-1].east, registers, f"row{r}_return")),
                self.saturations[r].eq(delay(m, cells[r][-1].saturations_out, registers, f"saturations{r}_return")),
            ]
        for c in range(cols):
            registers = Geometry.return_registers(rows)
            m.d.comb += self.column_sums[c].eq(delay(m, cells[-1][c].south, registers, f"column{c}_return"))
        return m
