"""How a layered network folds onto an array of `rows x cols` cells: lanes, slots and addresses.

Even layers lie on the column edge, odd layers on the row edge. Unit `i` of a layer lies on lane `i mod n` of its edge,
which has `n` lanes, in slot `i div n`. Connection `l` is cut into tiles of `rows x cols` weights, one word per cell. An
address is two numbers side by side, so that no cell needs an adder. The address of a weight is `{column word, row
slot}`. The address of a neuron is `{number of its layer on the edge, slot}`.
"""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from ceprop.specification.specification import Specification
from ceprop.specification.widths import Widths, address_bits

Edge = Literal["row", "column"]

RETURN_REACH = 4
"""Cells that a return wire passes between two registers."""


@dataclass(frozen=True)
class Connection:
    """The tiles of one connection: `row_slots x column_slots` words in every cell.

    Column slot `b` has the column word `base + b`. With two weight sets, its backward weights have the column word
    `backward_base + b`.
    """

    number: int
    row_layer: int
    column_layer: int
    row_slots: int
    column_slots: int
    base: int
    backward_base: int | None


@dataclass(frozen=True)
class Geometry:
    """A specification laid onto its array, or onto the default array where the specification has none."""

    specification: Specification

    def __post_init__(self) -> None:
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

    @cached_property
    def widths(self) -> Widths:
        """How many bits each number in the array has."""
        return Widths(self)

    # --- layers onto edges

    def edge(self, layer: int) -> Edge:
        """Return the edge on which a layer lies."""
        return "row" if layer % 2 else "column"

    def layers(self, edge: Edge) -> range:
        """Return the layers of neurons on an edge. The input is no layer of neurons."""
        return range(1 if edge == "row" else 2, len(self.specification.layers), 2)

    def lanes(self, layer: int) -> int:
        """Return the number of lanes of a layer's edge."""
        return self.rows if layer % 2 else self.cols

    def slots(self, layer: int) -> int:
        """Return the number of groups of units into which a layer is folded."""
        return math.ceil(self.specification.layers[layer] / self.lanes(layer))

    def padded(self, edge: Edge) -> bool:
        """Tell whether a layer of neurons on an edge leaves some lanes of its last slot without a neuron."""
        return any(self.specification.layers[layer] % self.lanes(layer) for layer in self.layers(edge))

    def slot_bits(self, edge: Edge) -> int:
        """Return the number of bits that number the slots of an edge's layers."""
        return address_bits(max((self.slots(layer) for layer in self.layers(edge)), default=1))

    def edge_number(self, layer: int) -> int:
        """Return the number of a layer of neurons among those on its edge, from 0."""
        return (layer - 1) // 2

    def neuron_address(self, layer: int, slot: int) -> int:
        """Return the address of a neuron in the memories of its lane."""
        return self.edge_number(layer) << self.slot_bits(self.edge(layer)) | slot

    def neuron_words(self, edge: Edge) -> int:
        """Return the number of neuron addresses of an edge. It is 0 on the column edge of a network without a second
        layer."""
        return len(self.layers(edge)) << self.slot_bits(edge)

    @property
    def input_lists(self) -> int:
        """Samples whose inputs a column lane can list.

        With 2 it lists those of the present sample and of the next one. With 1 the next sample waits until the present
        one is done.
        """
        assert self.specification.array is not None
        return self.specification.array.input_lists

    @property
    def drives(self) -> int:
        """Samples whose drive a row lane can keep.

        With 2 it keeps those of the present sample and of the next one, whose drive is prefetched in inference. With 1
        the next drive waits until the present sample is done.
        """
        assert self.specification.array is not None
        return self.specification.array.drives

    # --- connections onto cells

    @cached_property
    def connections(self) -> tuple[Connection, ...]:
        """The tiles of every connection, from input to output."""
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
        """Lower bits of a weight's address, which number its row slot."""
        return self.specification.row_slot_bits(self.rows)

    @property
    def column_word_bits(self) -> int:
        """Upper bits of a weight's address, which name its column word."""
        return address_bits(sum(self.specification.column_words(self.cols)))

    def weight_address(self, column_word: Any, row_slot: Any) -> Any:
        """Return the address of a weight in its cell, for integers or for arrays of integers."""
        return column_word << self.row_slot_bits | row_slot

    @property
    def weight_words(self) -> int:
        """Words of a cell's memory."""
        return self.specification.cell_words(self.rows, self.cols)

    @property
    def memory_ports(self) -> int:
        """Accesses to a cell's memory per cycle."""
        assert self.specification.array is not None
        return self.specification.array.memory_ports

    # --- hops

    @property
    def lanes_a_hop(self) -> int:
        """Neighbouring lanes, and cells, that act in the same cycle and share the register in front of the first of
        them.

        Memories of one port belong to a small and slow device. There a cycle has time for two lanes, and registers cost
        more than their wires.
        """
        return 2 if self.memory_ports == 1 else 1

    def hops(self, lane: int) -> int:
        """Return the cycles by which a lane of an edge, or a cell of a row or column, acts after the first one."""
        return lane // self.lanes_a_hop

    def hop_registers(self, lane: int) -> int:
        """Return the number of registers through which messages enter a lane from the lane before: 1, or 0 within a
        hop."""
        return int(lane % self.lanes_a_hop == 0)

    # --- wires outside the cells

    @staticmethod
    def return_registers(cells: int) -> int:
        """Return the number of registers on a wire that returns beside `cells` cells.

        The wire meets no logic, so it spans `RETURN_REACH` cells between two registers. Beside one or two cells it
        needs no register.
        """
        return math.ceil(cells / RETURN_REACH) if cells > 2 else 0
