"""The synapse cell: one multiplier, a memory with its share of every connection, and a hop register on every wire.

A visit to a weight is a handful of *slots*, one per cycle, each of which uses the multiplier once:

| slot | product | destination |
|---|---|---|
| update | row operand x column operand | the update's accumulator, which starts from the dither |
| row sum | weight x column operand | the partial sum that travels east |
| column sum | weight x row operand | the partial sum that travels south |
| load | none | the word on the row's partial sum becomes the weight |

The cell holds no delay lines. Whatever a slot needs arrives at the stage that uses it (the `*_STAGE` constants, counted
in cycles from the slot's memory address), because the lanes have skewed it so. Every wire has one hop register per
cell.
"""

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ceprop.hdl.cell.saturation import saturate
from ceprop.hdl.cell.signatures import CellColumn, CellRow
from ceprop.hdl.checks import check, earlier
from ceprop.hdl.devices.memory import PortableMemory, WeightMemory
from ceprop.hdl.devices.multiplier import PortableMultiplier
from ceprop.hdl.devices.primitives import PORTABLE, Primitives
from ceprop.hdl.typing import Fields, Interface
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
    """Write of the new weight: after the update's sum, its addition to the weight, and the saturation.

    A small device, which has memories of one port, has time for the addition and the saturation in one cycle. The write
    is then an odd number of cycles after the second read. Visits of updates come every two cycles there, so their
    writes fall between their reads."""
    return SUM_STAGE + (2 if memory_ports == 1 else 3)


def load_stage(memory_ports: int) -> int:
    """`load`, and the word to load on the row's partial sum: one register later the two meet in front of the register
    of the new weight."""
    return write_stage(memory_ports) - 2


def update_beats(memory_ports: int) -> int:
    """Fewest cycles from one update to the next: a memory with one port reads in one cycle and writes in another."""
    return 2 if memory_ports == 1 else 1


def update_latency(memory_ports: int) -> int:
    """Cycles from an update's last product to the first read that sees the new weight."""
    return write_stage(memory_ports) + 1


class SynapseCell(wiring.Component):
    """One cell of the array.

    Throughput: one slot per cycle. Latency: `SUM_LATENCY` cycles from a slot's memory address to its partial sum behind
    the cell; `update_latency(ports)` cycles from an update's last product to the first read that sees the new weight.

    Parameters
    ----------
    geometry : Geometry
        Fixes every width and the depth of the memory.
    primitives : Primitives
        What memory and multiplier are made of.

    Members
    -------
    west, north : In
        What comes from the neighbours, :class:`CellRow` and :class:`CellColumn`.
    east, south : Out
        The bundles one cycle later, and the partial sum behind this cell: that of its row in a row-sum slot, that of
        its column in a column-sum slot.
    east_now, south_now : Out
        The same for a cell of the same hop: bundles and partial sums before their registers.
    """

    west: Interface
    north: Interface
    east: Interface
    south: Interface
    east_now: Interface
    south_now: Interface

    def __init__(self, geometry: Geometry, primitives: Primitives = PORTABLE):
        self.geometry = geometry
        self.primitives = primitives
        row, column = CellRow(geometry), CellColumn(geometry)
        super().__init__(
            {
                "west": In(row),
                "north": In(column),
                "east": Out(row),
                "south": Out(column),
                "east_now": Out(row),
                "south_now": Out(column),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Hop registers, memory, multiplier, partial sum, update."""
        m = Module()
        row, column = self._hop(m)
        m.submodules.memory = memory = self.primitives.weight_memory(
            self.geometry.weight_words, self._weight_bits, self.geometry.memory_ports
        )
        m.submodules.multiplier = multiplier = self.primitives.multiplier(
            max(self._weight_bits, self.geometry.widths.operand_bits), self.geometry.widths.operand_bits
        )
        m.d.comb += [
            memory.read_address.eq(Cat(self.west.bundle.read_slot, self.north.bundle.read_word)),
            multiplier.a.eq(Mux(column.sum, memory.read_data, row.operand)),
            multiplier.b.eq(Mux(column.row_factor, row.operand, column.operand)),
        ]
        self._add_to_sums(m, multiplier.product, column.column_sum)
        self._update(m, memory, multiplier.product, row, column)
        return m

    @property
    def _weight_bits(self) -> int:
        return self.geometry.specification.formats.weight_bits

    def _hop(self, m: Module) -> tuple[Fields, Fields]:
        """The bundles of row and column, behind their hop registers."""
        row = Signal(self.west.bundle.shape(), name="row_hop", reset_less=True)
        column = Signal(self.north.bundle.shape(), name="column_hop", reset_less=True)
        m.d.sync += [row.eq(self.west.bundle), column.eq(self.north.bundle)]
        m.d.comb += [
            self.east.bundle.eq(row),
            self.south.bundle.eq(column),
            self.east_now.bundle.eq(self.west.bundle),
            self.south_now.bundle.eq(self.north.bundle),
        ]
        return row, column

    def _add_to_sums(self, m: Module, product: Value, column_sum: Value) -> None:
        """One adder and one register for both directions. Where sums pass two cells in a cycle, each direction has its
        own adder, because a sum would otherwise pass the adders of both directions in one cycle."""
        east, south = self.east_now.partial_sum, self.south_now.partial_sum
        register = Signal.like(east, name="partial_sum", reset_less=True)
        m.d.sync += register.eq(east)
        m.d.comb += self.east.partial_sum.eq(register)
        from_west, from_north = self.west.partial_sum, self.north.partial_sum
        if self.geometry.lanes_a_hop == 1:
            m.d.comb += [
                east.eq(product + Mux(column_sum, from_north, from_west)),
                south.eq(east),
                self.south.partial_sum.eq(register),
            ]
            return
        column_register = Signal.like(south, name="column_partial_sum", reset_less=True)
        m.d.sync += column_register.eq(south)
        m.d.comb += [
            east.eq(product + from_west),
            south.eq(product + from_north),
            self.south.partial_sum.eq(column_register),
        ]

    def _update(self, m: Module, memory: WeightMemory, product: Value, row: Fields, column: Fields) -> None:
        """The sum of products and dither is shifted, added to the weight, saturated and stored. A saturated update is
        counted."""
        bits, widths = self._weight_bits, self.geometry.widths
        update = Signal(signed(widths.update_bits), name="update", reset_less=True)
        m.d.sync += update.eq(product + Mux(column.accumulate, update, self._dither(m, row, column)))
        updated = Signal(
            signed(max(bits, widths.update_bits - widths.dither_bits) + 1), name="updated", reset_less=True
        )
        # A device with memories of two ports has a register between this addition and the saturation.
        between = "sync" if write_stage(self.geometry.memory_ports) - SUM_STAGE > 2 else "comb"
        m.d[between] += updated.eq(memory.read_data + (update >> widths.dither_bits))
        limited, beyond = saturate(updated, bits)
        saturated = Signal(name="saturated", reset_less=True)
        stored = Signal(signed(bits), name="stored", reset_less=True)
        m.d.sync += [
            saturated.eq(beyond & ~column.load),
            stored.eq(Mux(column.load, self.east.partial_sum[:bits], limited)),
        ]
        written = self.north.bundle.write_enable & self.west.bundle.write_present
        m.d.comb += [
            memory.write_address.eq(Cat(self.west.bundle.write_slot, self.north.bundle.write_word)),
            memory.write_data.eq(stored),
            memory.write_enable.eq(written),
        ]
        check(m, "write_without_its_read", lambda c: self._writes_elsewhere(c, memory))
        if self.geometry.memory_ports == 1:
            check(m, "read_meets_a_write", lambda c: self._read_meets_write(c, written))
        count = Signal.like(self.west.saturations, name="count", reset_less=True)
        m.d.sync += count.eq(self.west.saturations + (saturated & written))
        m.d.comb += [self.east.saturations.eq(count), self.east_now.saturations.eq(count)]

    def _writes_elsewhere(self, m: Module, memory: WeightMemory) -> Value:
        """An update is written to another address than the one that its second read had."""
        cycles = write_stage(self.geometry.memory_ports) - UPDATE_READ_STAGE
        return memory.write_enable & ~self._loads(m) & (memory.write_address != earlier(m, memory.read_address, cycles))

    def _read_meets_write(self, m: Module, written: Value) -> Value:
        """On one port, the weight of a sum or the second read of an update in a cycle that writes."""
        cycles = write_stage(1) - UPDATE_READ_STAGE
        of_sum = self.north.bundle.sum & earlier(m, written, OPERAND_STAGE)
        return of_sum | (written & ~self._loads(m) & earlier(m, written, cycles))

    def _loads(self, m: Module) -> Value:
        """A write in this cycle is one of a load."""
        ports = self.geometry.memory_ports
        return earlier(m, self.north.bundle.load, write_stage(ports) - load_stage(ports))

    def _dither(self, m: Module, row: Fields, column: Fields) -> Signal | int:
        """What is added before the bits below the weight are cut off."""
        match self.geometry.specification.update.rounding:
            case "stochastic":
                dither = Signal(self.geometry.widths.dither_bits, name="dither", reset_less=True)
                m.d.sync += dither.eq(row.dither ^ column.dither)
                return dither
            case "nearest":
                return 1 << (self.geometry.widths.dither_bits - 1)
            case "floor":
                return 0
