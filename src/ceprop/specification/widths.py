"""How many bits each number in the array has, and by how many bits numbers are shifted to a common binary point."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ceprop.specification.geometry import Edge, Geometry


def signed_bits(magnitude: int) -> int:
    """Return the width of a signed number that reaches `-magnitude` and `magnitude`."""
    return magnitude.bit_length() + 1


def memory_depth(words: int) -> int:
    """Return the depth of a memory in hardware for so many words.

    It is at least 2. A memory of one word has no address, and a synthesizer does not see a memory in it.
    """
    return max(2, words)


def address_bits(count: int) -> int:
    """Return the number of bits that address `count` words. It is at least 1."""
    return max(1, (count - 1).bit_length())


@dataclass(frozen=True)
class Widths:
    """The widths of a geometry's operands, sums and updates. Each is the smallest width that never overflows."""

    geometry: Geometry

    def bias_room(self, edge: Edge) -> int:
        """Return the largest left shift of a bias's difference of states, as `rate_room` is for a weight's."""
        s = self.geometry.specification
        rooms = (
            self.bias_dither_shift(layer) + s.largest_shifts[layer - 1] - s.smallest_shifts[layer - 1]
            for layer in self.geometry.layers(edge)
        )
        return max(rooms, default=0)

    @property
    def operand_bits(self) -> int:
        """Width of the signed operand on a lane: a state, an input, or a difference of states that the run-time rate
        has shifted."""
        specification = self.geometry.specification
        difference = specification.formats.state_bits + 1 + self.rate_room
        return max(difference, specification.formats.input_bits + 1)

    @property
    def dither_bits(self) -> int:
        """Bits that a cell drops from an update. It is the largest `SH` of all connections, so that all of them share
        one shift."""
        return max(self.geometry.specification.update_shift(c) for c in self.geometry.specification.connections)

    def dither_shift(self, connection: int) -> int:
        """Return the left shift that brings an update of one connection, and its dither, to the cells' common `SH`."""
        return self.dither_bits - self.geometry.specification.update_shift(connection)

    @property
    def rate_room(self) -> int:
        """Largest left shift of a difference of states at the edge, by its rate and by `dither_shift`."""
        s = self.geometry.specification
        rates = zip(s.connections, s.largest_shifts, s.smallest_shifts, strict=True)
        return max(self.dither_shift(c) + largest - smallest for c, largest, smallest in rates)

    def bias_dither_bits(self, edge: Edge) -> int:
        """Return the bits that a neuron cell drops from the update of a bias. All layers on an edge share the
        number."""
        return max((self.geometry.specification.bias_shift(layer) for layer in self.geometry.layers(edge)), default=1)

    def bias_dither_shift(self, layer: int) -> int:
        """Return the left shift that brings the bias update of one layer to the common `SH` of its edge."""
        return self.bias_dither_bits(self.geometry.edge(layer)) - self.geometry.specification.bias_shift(layer)

    @property
    def partial_sum_bits(self) -> int:
        """Width of a signed partial sum of a hop, which adds at most `max(rows, cols)` products of a weight."""
        formats = self.geometry.specification.formats
        source = (1 << max(formats.state_bits, formats.input_bits)) - 1
        return signed_bits(max(self.geometry.rows, self.geometry.cols) * source << (formats.weight_bits - 1))

    @property
    def update_bits(self) -> int:
        """Width of a signed update before it is shifted: the sum of two products of a shifted difference, and the
        dither."""
        specification = self.geometry.specification
        source = (1 << max(specification.formats.state_bits, specification.formats.input_bits)) - 1
        difference = (1 << specification.formats.state_bits) - 1 << self.rate_room
        return signed_bits(2 * difference * source + (1 << self.dither_bits))

    @property
    def drive_bits(self) -> int:
        """Width of the signed drive of a neuron of layer 1, which is the sum over all inputs."""
        formats = self.geometry.specification.formats
        largest = self.geometry.specification.layers[0] * ((1 << formats.input_bits) - 1)
        return signed_bits(largest << (formats.weight_bits - 1))

    def sum_point(self, edge: Edge) -> int:
        """Return the fraction bits of an edge's sums besides those of the weight: those of a state, or of an input if
        it has more."""
        formats = self.geometry.specification.formats
        return max(formats.state_bits, formats.input_bits) if edge == "row" else formats.state_bits

    def sum_bits(self, edge: Edge) -> int:
        """Return the width of the signed sum that a neuron of an edge accumulates over all its tiles and its bias, at
        `sum_point`."""
        s = self.geometry.specification
        point = self.sum_point(edge) + s.formats.weight_fraction
        return signed_bits(
            max(
                (s.largest_sum(layer) << (point - s.sum_fraction(layer)) for layer in self.geometry.layers(edge)),
                default=1,
            )
        )
