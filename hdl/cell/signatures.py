"""The wires between a synapse cell and its four neighbours."""

from dataclasses import dataclass

from amaranth.hdl import signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import Out

from ceprop.specification import Geometry


@dataclass(frozen=True)
class CellLayouts:
    """Layouts of the bundles that hop through the cells."""

    geometry: Geometry

    @property
    def column(self) -> data.StructLayout:
        """Control and data that travel south: column words first, each field at the stage of its use."""
        g = self.geometry
        return data.StructLayout(
            {
                "read_word": unsigned(g.column_word_bits),
                "operand": signed(g.widths.operand_bits),
                "sum": unsigned(1),
                "row_factor": unsigned(1),
                "dither": unsigned(g.widths.dither_bits),
                "accumulate": unsigned(1),
                "column_sum": unsigned(1),
                "load": unsigned(1),
                "write_word": unsigned(g.column_word_bits),
                "write_enable": unsigned(1),
            }
        )

    @property
    def row(self) -> data.StructLayout:
        """Row slots and data that travel east; a row that is not present writes nothing."""
        g = self.geometry
        return data.StructLayout(
            {
                "read_slot": unsigned(g.row_slot_bits),
                "operand": signed(g.widths.operand_bits),
                "dither": unsigned(g.widths.dither_bits),
                "write_slot": unsigned(g.row_slot_bits),
                "write_present": unsigned(1),
            }
        )


class CellRow(wiring.Signature):
    """What travels east: from a row lane to its first cell, and from each cell to the next.

    `partial_sum` is at `SUM_STAGE`. `saturations` counts the updates of one cycle that saturated in the cells so
    far."""

    def __init__(self, geometry: Geometry):
        super().__init__(
            {
                "bundle": Out(CellLayouts(geometry).row),
                "partial_sum": Out(signed(geometry.widths.partial_sum_bits)),
                "saturations": Out(saturation_count_bits(geometry)),
            }
        )


class CellColumn(wiring.Signature):
    """What travels south: from a column lane to its first cell, and from each cell to the next. `partial_sum` is at
    `SUM_STAGE`."""

    def __init__(self, geometry: Geometry):
        super().__init__(
            {
                "bundle": Out(CellLayouts(geometry).column),
                "partial_sum": Out(signed(geometry.widths.partial_sum_bits)),
            }
        )


def saturation_count_bits(geometry: Geometry) -> int:
    """Bits of the count of saturated updates that travels along a row: at most one per cell."""
    return geometry.cols.bit_length()
