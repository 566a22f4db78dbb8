"""How a layered network folds onto a `rows x cols` array: lanes, slots, addresses and the widths that follow.

Even layers lie on the column edge, odd layers on the row edge. Unit `i` of a layer on an edge of `n` lanes sits on
lane `i mod n` in slot `i div n`; connection `l` is cut into tiles of `rows x cols` weights, one word a cell each. An
address is made of two numbers side by side, so that no cell needs an adder: a weight's is `{column word, row slot}`, a
neuron's `{number of its layer on the edge, slot}`.
"""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from .errors import CepropError
from .specification import Specification

Edge = Literal["row", "column"]

RETURN_REACH = 4
"""Cells that a bare wire passes between two registers."""


def signed_bits(magnitude: int) -> int:
    """Bits of a signed number that reaches `-magnitude` and `magnitude`."""
    return magnitude.bit_length() + 1


def memory_depth(words: int) -> int:
    """Words of a memory in hardware: at least two, for one word has no address and is no memory to a synthesizer."""
    return max(2, words)


def address_bits(count: int) -> int:
    """Bits that address `count` words; at least one."""
    return max(1, (count - 1).bit_length())


@dataclass(frozen=True)
class Connection:
    """Tiles of one connection: `row_slots x column_slots` words of every cell. Column slot `b` has column word
    `base + b`; with two weight sets its backward weights have `backward_base + b`."""

    number: int
    row_layer: int
    column_layer: int
    row_slots: int
    column_slots: int
    base: int
    backward_base: int | None


@dataclass(frozen=True)
class Geometry:
    """A specification laid onto its array, the default one where it names none; raises :class:`CepropError` for
    learning that the hardware cannot do."""

    specification: Specification

    def __post_init__(self) -> None:
        if self.specification.nudge.sign == "centred":
            raise CepropError('nudge.sign = "centred": the hardware nudges once a sample so far')
        object.__setattr__(self, "specification", self.specification.with_array())

    @property
    def rows(self) -> int:
        """Rows of cells."""
        assert self.specification.array is not None
        return self.specification.array.rows

    @property
    def cols(self) -> int:
        """Columns of cells."""
        assert self.specification.array is not None
        return self.specification.array.cols

    @property
    def trace(self) -> bool:
        """Whether the core has a trace stream."""
        assert self.specification.array is not None
        return self.specification.array.trace

    # --- layers onto edges

    def edge(self, layer: int) -> Edge:
        """The edge on which a layer lies."""
        return "row" if layer % 2 else "column"

    def layers(self, edge: Edge) -> range:
        """Layers of neurons (so without the input) on an edge."""
        return range(1 if edge == "row" else 2, len(self.specification.layers), 2)

    def lanes(self, layer: int) -> int:
        """Lanes of a layer's edge."""
        return self.rows if layer % 2 else self.cols

    def slots(self, layer: int) -> int:
        """Groups of units into which a layer is folded."""
        return math.ceil(self.specification.layers[layer] / self.lanes(layer))

    def padded(self, edge: Edge) -> bool:
        """Whether a layer of neurons on an edge leaves some lanes of its last slot without one."""
        return any(self.specification.layers[layer] % self.lanes(layer) for layer in self.layers(edge))

    def slot_bits(self, edge: Edge) -> int:
        """Bits that number the slots of an edge's layers of neurons."""
        return address_bits(max((self.slots(layer) for layer in self.layers(edge)), default=1))

    def edge_number(self, layer: int) -> int:
        """Number of a layer of neurons among those on its edge, from 0."""
        return (layer - 1) // 2

    def neuron_address(self, layer: int, slot: int) -> int:
        """Address of a neuron in its lane's memories."""
        return self.edge_number(layer) << self.slot_bits(self.edge(layer)) | slot

    def neuron_words(self, edge: Edge) -> int:
        """Neuron addresses of an edge; none on the column edge of a network without a second layer."""
        return len(self.layers(edge)) << self.slot_bits(edge)

    @property
    def input_lists(self) -> int:
        """Samples whose inputs a column lane lists: the one at work and the next one, or one, and the next sample waits
        until the work is done."""
        assert self.specification.array is not None
        return self.specification.array.input_lists

    @property
    def drives(self) -> int:
        """Samples whose drive a row lane keeps: the one at work and the next one, whose drive goes ahead in inference;
        or one, and the next drive waits until the work is done."""
        assert self.specification.array is not None
        return self.specification.array.drives

    # --- connections onto cells

    @cached_property
    def connections(self) -> tuple[Connection, ...]:
        """Every connection's tiles, input to output."""
        words = self.specification.column_words(self.cols)
        bases = [sum(words[:k]) for k in range(len(words))]
        backward = [None, *bases[len(self.specification.connections) :]]
        backward += [None] * (len(self.specification.connections) - len(backward))
        found: list[Connection] = []
        for number in self.specification.connections:
            row_layer = number if number % 2 else number - 1
            column_layer = number - 1 if number % 2 else number
            rows, columns = self.slots(row_layer), self.slots(column_layer)
            found.append(
                Connection(number, row_layer, column_layer, rows, columns, bases[number - 1], backward[number - 1])
            )
        return tuple(found)

    @property
    def row_slot_bits(self) -> int:
        """Bits of a weight's address that number its row slot: the lower ones."""
        return self.specification.row_slot_bits(self.rows)

    @property
    def column_word_bits(self) -> int:
        """Bits of a weight's address that name its column word: the upper ones."""
        return address_bits(sum(self.specification.column_words(self.cols)))

    def weight_address(self, column_word: Any, row_slot: Any) -> Any:
        """Address of a weight in its cell; integers or arrays of them."""
        return column_word << self.row_slot_bits | row_slot

    @property
    def weight_words(self) -> int:
        """Words of a cell's memory."""
        return self.specification.cell_words(self.rows, self.cols)

    @property
    def memory_ports(self) -> int:
        """Accesses that a cell's memory takes in a cycle."""
        assert self.specification.array is not None
        return self.specification.array.memory_ports

    # --- widths

    def bias_room(self, edge: Edge) -> int:
        """Largest left shift of a bias's difference of states, as `rate_room`."""
        s = self.specification
        rooms = (
            self.bias_dither_shift(layer) + s.largest_shifts[layer - 1] - s.smallest_shifts[layer - 1]
            for layer in self.layers(edge)
        )
        return max(rooms, default=0)

    @property
    def operand_bits(self) -> int:
        """Signed operand on a lane: a state, an input, or a difference of states shifted by the run-time rate."""
        specification = self.specification
        difference = specification.formats.state_bits + 1 + self.rate_room
        return max(difference, specification.formats.input_bits + 1)

    @property
    def dither_bits(self) -> int:
        """Bits that a cell drops from an update, the same for all its connections: the largest `SH` of them."""
        return max(self.specification.update_shift(c) for c in self.specification.connections)

    def dither_shift(self, connection: int) -> int:
        """Left shift that brings an update (and its dither) of one connection to the cells' common `SH`."""
        return self.dither_bits - self.specification.update_shift(connection)

    @property
    def rate_room(self) -> int:
        """Largest left shift of a difference of states at the edge: by its rate and by `dither_shift`."""
        s = self.specification
        rates = zip(s.connections, s.largest_shifts, s.smallest_shifts, strict=True)
        return max(self.dither_shift(c) + largest - smallest for c, largest, smallest in rates)

    def bias_dither_bits(self, edge: Edge) -> int:
        """Bits that a neuron cell drops from a bias update, the same for all layers on its edge."""
        return max((self.specification.bias_shift(layer) for layer in self.layers(edge)), default=1)

    def bias_dither_shift(self, layer: int) -> int:
        """Left shift that brings a bias update of one layer to its edge's common `SH`."""
        return self.bias_dither_bits(self.edge(layer)) - self.specification.bias_shift(layer)

    @property
    def partial_sum_bits(self) -> int:
        """Signed partial sum of a hop: at most `max(rows, cols)` products of a weight."""
        formats = self.specification.formats
        source = (1 << max(formats.state_bits, formats.input_bits)) - 1
        return signed_bits(max(self.rows, self.cols) * source << (formats.weight_bits - 1))

    @property
    def update_bits(self) -> int:
        """Signed update before it is shifted: two products of a shifted difference and the dither."""
        specification = self.specification
        source = (1 << max(specification.formats.state_bits, specification.formats.input_bits)) - 1
        difference = (1 << specification.formats.state_bits) - 1 << self.rate_room
        return signed_bits(2 * difference * source + (1 << self.dither_bits))

    @property
    def drive_bits(self) -> int:
        """Signed drive of a neuron of layer 1, the sum over all inputs."""
        formats = self.specification.formats
        largest = self.specification.layers[0] * ((1 << formats.input_bits) - 1)
        return signed_bits(largest << (formats.weight_bits - 1))

    def sum_point(self, edge: Edge) -> int:
        """Fraction bits of an edge's sums without the weight's: those of a state, or of a finer input's."""
        formats = self.specification.formats
        return max(formats.state_bits, formats.input_bits) if edge == "row" else formats.state_bits

    def sum_bits(self, edge: Edge) -> int:
        """Signed sum that a neuron of an edge accumulates, over all its tiles, bias included, at `sum_point`."""
        s = self.specification
        point = self.sum_point(edge) + s.formats.weight_fraction
        return signed_bits(
            max((s.largest_sum(layer) << (point - s.sum_fraction(layer)) for layer in self.layers(edge)), default=1)
        )

    # --- hops

    @property
    def lanes_a_hop(self) -> int:
        """Neighbouring lanes, and cells, that act in the same cycle and share the register in front of the first one.
        Memories of one port are those of a small and slow device, where a cycle has time for two and registers cost
        more than their wires."""
        return 2 if self.memory_ports == 1 else 1

    def hops(self, lane: int) -> int:
        """Cycles by which a lane of an edge, or a cell of a row or column, acts after the first one."""
        return lane // self.lanes_a_hop

    def hop_registers(self, lane: int) -> int:
        """Registers through which messages enter a lane from the one before it: one, or none within a hop."""
        return int(lane % self.lanes_a_hop == 0)

    # --- wires outside the cells

    @staticmethod
    def return_registers(cells: int) -> int:
        """Registers on a wire that runs back beside `cells` cells: it meets no logic, so a hop spans `RETURN_REACH`.
        Beside one or two cells it needs none."""
        return math.ceil(cells / RETURN_REACH) if cells > 2 else 0
