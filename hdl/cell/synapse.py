"""The synapse cell: one multiplier, a memory with its share of every connection, and a hop register on every lane.

A visit to a weight is a handful of *slots*, one a cycle, each one use of the multiplier:

| slot | product | goes to |
|---|---|---|
| update | row operand x column operand | the update's accumulator, the dither first |
| row sum | weight x column operand | the partial sum that travels east |
| column sum | weight x row operand | the partial sum that travels south |
| load | none | the word on the row's partial sum becomes the weight |

The cell holds no delay lines: whatever a slot needs arrives at the stage that uses it (the `*_STAGE` constants, counted
in cycles from the slot's memory address), because the edges have skewed it so. Every lane hops once a cell.
"""

from dataclasses import dataclass

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ceprop.hdl.cell.saturation import saturate
from ceprop.hdl.devices.memory import PortableMemory
from ceprop.hdl.devices.multiplier import PortableMultiplier
from ceprop.hdl.devices.primitives import PORTABLE, Primitives
from ceprop.specification import Geometry

OPERAND_STAGE = PortableMemory.latency - 1
"""Operands and the selection of the product: their hop registers are valid beside the weight."""
SUM_STAGE = PortableMemory.latency + PortableMultiplier.latency
"""Partial sums: on the lane when the product is ready."""
ACCUMULATE_STAGE = SUM_STAGE - 1
"""`accumulate` and `column_sum`: their hop registers are valid beside the product."""
DITHER_STAGE = SUM_STAGE - 2
"""Dither: one more register holds the exclusive or of row and column."""
UPDATE_READ_STAGE = SUM_STAGE + 1 - PortableMemory.latency
"""Second read of a weight, counted from the update's last product: valid beside the finished sum of products."""
SUM_LATENCY = SUM_STAGE + 1
"""Cycles from a slot's memory address to its partial sum behind the cell."""


def write_stage(memory_ports: int) -> int:
    """Write of the new weight: behind the update's sum, its addition to the weight, and the saturation. A small device,
    which has memories of one port, has time for both of these in one cycle; and so it is an odd number of cycles after
    the second read, and the writes of updates, a visit every two cycles, fall between their reads."""
    return SUM_STAGE + (2 if memory_ports == 1 else 3)


def load_stage(memory_ports: int) -> int:
    """`load`, and the word to load on the row's partial sum: a hop register and that of the partial sum later the two
    meet, in front of the new weight's register."""
    return write_stage(memory_ports) - 2


def update_beats(memory_ports: int) -> int:
    """Fewest cycles from one update to the next: with one port it reads in one and writes in another."""
    return 2 if memory_ports == 1 else 1


def update_latency(memory_ports: int) -> int:
    """Cycles from an update's last product to the first read that sees the new weight."""
    return write_stage(memory_ports) + 1


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

    @property
    def saturations(self) -> int:
        """Bits of the count of saturated updates that travels along a row."""
        return self.geometry.cols.bit_length()


class SynapseCell(wiring.Component):
    """One cell of the array.

    Parameters
    ----------
    geometry : Geometry
        Fixes every width and the depth of the memory.
    primitives : Primitives
        What memory and multiplier are made of.

    Members
    -------
    column, row : In
        Bundles of :class:`CellLayouts` from the north and the west.
    column_out, row_out : Out
        The same, one cycle later, for the south and the east.
    from_west, from_north : In(signed)
        Partial sums of the row and the column, at `SUM_STAGE`.
    east, south : Out(signed)
        The sum behind this cell, of its row in a row-sum slot and of its column in a column-sum slot.
    east_now, south_now : Out(signed)
        The same before their registers, for a cell of the same hop.
    saturations, saturations_out : In, Out
        Count of the updates that saturated, along the row.
    """

    def __init__(self, geometry: Geometry, primitives: Primitives = PORTABLE):
        self.geometry = geometry
        self.primitives = primitives
        layouts = CellLayouts(geometry)
        partial_sum = signed(geometry.widths.partial_sum_bits)
        super().__init__(
            {
                "column": In(layouts.column),
                "column_out": Out(layouts.column),
                "row": In(layouts.row),
                "row_out": Out(layouts.row),
                "from_west": In(partial_sum),
                "from_north": In(partial_sum),
                "east": Out(partial_sum),
                "south": Out(partial_sum),
                "east_now": Out(partial_sum),
                "south_now": Out(partial_sum),
                "saturations": In(layouts.saturations),
                "saturations_out": Out(layouts.saturations),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Hop registers, memory, multiplier, partial sum, update."""
        m = Module()
        specification = self.geometry.specification
        bits = specification.formats.weight_bits
        row, column = (
            Signal(layout, name=name, reset_less=True)
            for layout, name in ((self.row.shape(), "row_hop"), (self.column.shape(), "column_hop"))
        )
        m.d.sync += [row.eq(self.row), column.eq(self.column)]
        m.d.comb += [self.row_out.eq(row), self.column_out.eq(column)]

        m.submodules.memory = memory = self.primitives.weight_memory(
            self.geometry.weight_words, bits, self.geometry.memory_ports
        )
        m.submodules.multiplier = multiplier = self.primitives.multiplier(
            max(bits, self.geometry.widths.operand_bits), self.geometry.widths.operand_bits
        )
        weight, product = memory.read_data, multiplier.product
        m.d.comb += [
            memory.read_address.eq(Cat(self.row.read_slot, self.column.read_word)),
            multiplier.a.eq(Mux(column.sum, weight, row.operand)),
            multiplier.b.eq(Mux(column.row_factor, row.operand, column.operand)),
        ]

        self._sums(m, product, column.column_sum)

        # The update: sum of products and dither, shifted, added to the weight, saturated, stored.
        update = Signal(signed(self.geometry.widths.update_bits), name="update", reset_less=True)
        m.d.sync += update.eq(product + Mux(column.accumulate, update, self._dither(m, row, column)))
        moved = Signal(
            signed(max(bits, self.geometry.widths.update_bits - self.geometry.widths.dither_bits) + 1),
            name="moved",
            reset_less=True,
        )
        between = "sync" if write_stage(self.geometry.memory_ports) - SUM_STAGE > 2 else "comb"
        m.d[between] += moved.eq(weight + (update >> self.geometry.widths.dither_bits))
        limited, beyond = saturate(moved, bits)
        saturated = Signal(name="saturated", reset_less=True)
        stored = Signal(signed(bits), name="stored", reset_less=True)
        m.d.sync += [
            saturated.eq(beyond & ~column.load),
            stored.eq(Mux(column.load, self.east[:bits], limited)),
        ]
        written = self.column.write_enable & self.row.write_present
        m.d.comb += [
            memory.write_address.eq(Cat(self.row.write_slot, self.column.write_word)),
            memory.write_data.eq(stored),
            memory.write_enable.eq(written),
        ]
        count = Signal.like(self.saturations, name="count", reset_less=True)
        m.d.sync += count.eq(self.saturations + (saturated & written))
        m.d.comb += self.saturations_out.eq(count)
        return m

    def _sums(self, m: Module, product: Value, column_sum: Value) -> None:
        """One adder and one register for both directions; or, where sums pass two cells in a cycle, an adder for each,
        for else the two of a cell's neighbours would lie behind each other."""
        register = Signal.like(self.east, name="partial_sum", reset_less=True)
        m.d.sync += register.eq(self.east_now)
        m.d.comb += self.east.eq(register)
        if self.geometry.lanes_a_hop == 1:
            m.d.comb += [
                self.east_now.eq(product + Mux(column_sum, self.from_north, self.from_west)),
                self.south_now.eq(self.east_now),
                self.south.eq(register),
            ]
            return
        southern = Signal.like(self.south, name="column_partial_sum", reset_less=True)
        m.d.sync += southern.eq(self.south_now)
        m.d.comb += [
            self.east_now.eq(product + self.from_west),
            self.south_now.eq(product + self.from_north),
            self.south.eq(southern),
        ]

    def _dither(self, m: Module, row: data.View, column: data.View) -> Signal | int:
        match self.geometry.specification.update.rounding:
            case "stochastic":
                dither = Signal(self.geometry.widths.dither_bits, name="dither", reset_less=True)
                m.d.sync += dither.eq(row.dither ^ column.dither)
                return dither
            case "nearest":
                return 1 << (self.geometry.widths.dither_bits - 1)
            case "floor":
                return 0
