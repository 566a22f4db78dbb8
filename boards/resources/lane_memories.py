"""The memories of the lanes, counted before synthesis: what a device has to find room for beside the weights."""

from typing import NamedTuple

from ceprop.specification import Edge, Geometry, address_bits


class LaneMemory(NamedTuple):
    """One memory, which is there as often as it is read in a cycle."""

    words: int
    bits: int
    copies: int


def lanes_of_neurons(geometry: Geometry) -> list[tuple[Edge, int]]:
    """The edges of the array that have neurons, and the lanes of each."""
    edges: tuple[tuple[Edge, int], ...] = (("row", geometry.rows), ("column", geometry.cols))
    return [(edge, lanes) for edge, lanes in edges if geometry.layers(edge)]


def neuron_memories(geometry: Geometry, edge: Edge) -> list[LaneMemory]:
    """The memories of one lane of neurons: running sums and drives, biases, states, lists of units, generators. Where
    weights have two ports, biases and states are read twice in a cycle, a sum and its drive lie beside each other, else
    behind each other, and each list is a memory. Two drives have a memory of their own."""
    words, formats, ports = geometry.neuron_words(edge), geometry.specification.formats, geometry.memory_ports
    slot_bits = geometry.slot_bits(edge)
    drives = geometry.drives if edge == "row" else 0
    sums = [geometry.widths.sum_bits(edge)] + ([geometry.widths.drive_bits] if drives == 1 else [])
    found = [
        LaneMemory(words, sum(sums), 1) if ports > 1 else LaneMemory(len(sums) * words, max(sums), 1),
        LaneMemory(words, formats.weight_bits, ports),
        LaneMemory(words, 2 * formats.state_bits, ports),
        LaneMemory(2 * words // ports, slot_bits, ports),
        LaneMemory(2 * words, geometry.specification.generator_bits, 1),
    ]
    return found + ([LaneMemory(2 << slot_bits, geometry.widths.drive_bits, 2)] if drives > 1 else [])


def activation_tables(geometry: Geometry) -> list[LaneMemory]:
    """The table of the sigmoid in one lane of neurons, which is in block RAM. The hard sigmoid has none."""
    formats, activation = geometry.specification.formats, geometry.specification.activation
    return [LaneMemory(1 << activation.table_bits, formats.state_bits, 1)] if activation.kind == "sigmoid" else []


def input_memory(geometry: Geometry) -> LaneMemory:
    """The lists of inputs of one column lane."""
    bits = geometry.specification.formats.input_bits + address_bits(geometry.slots(0))
    return LaneMemory(geometry.slots(0), bits, geometry.input_lists)
