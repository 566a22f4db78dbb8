"""Bits that flip at random, in weights and in states."""

from collections.abc import Sequence

import numpy as np

from ceprop.model import Network


def weight_bits_of(network: Network) -> int:
    """Return the number of bits in which all weights and biases of a network lie."""
    return sum(array.size for array in _memories(network)) * network.specification.formats.weight_bits


def flip_weight_bits(network: Network, count: int, random: np.random.Generator) -> None:
    """Flip `count` bits of the weights and biases. Each is drawn from all of them, and may be drawn again."""
    bits = network.specification.formats.weight_bits
    memories = _memories(network)
    ends = np.cumsum([memory.size for memory in memories])
    for place in random.integers(0, weight_bits_of(network), count).tolist():
        word, bit = divmod(place, bits)
        number = int(np.searchsorted(ends, word, side="right"))
        memory = memories[number]
        index = word - int(ends[number]) + memory.size
        memory.flat[index] = flipped(int(memory.flat[index]), bit, bits)


def flipped(value: int, bit: int, bits: int) -> int:
    """Return a signed number of `bits` bits after its bit number `bit` flipped. The lowest bit has number 0."""
    word = value & ((1 << bits) - 1) ^ (1 << bit)
    return word - (word >> (bits - 1) << bits)


def flip_state_bits(
    states: Sequence[np.ndarray], bits: int, rate: float, random: np.random.Generator
) -> tuple[list[np.ndarray], int]:
    """Return the states of all layers, unsigned with `bits` bits, after every bit flipped with probability `rate`, and
    the number of bits that flipped."""
    sizes = [state.size for state in states]
    count = int(random.binomial(sum(sizes) * bits, rate))
    if count == 0:
        return list(states), 0
    masks = np.zeros(sum(sizes), np.int64)
    words, places = np.divmod(random.choice(sum(sizes) * bits, count, replace=False), bits)
    np.bitwise_xor.at(masks, words, 1 << places)
    return [state ^ mask for state, mask in zip(states, np.split(masks, np.cumsum(sizes)[:-1]), strict=True)], count


def _memories(network: Network) -> list[np.ndarray]:
    return [*network.weights, *network.biases, *network.backward]
