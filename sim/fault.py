"""A fault that a comparison must find: one bit of one weight is flipped in the core and not in the model."""

from ceprop.model import Network, Purpose, Stream
from ceprop.specification import Geometry
from ceprop.specification.placement import weight_place, weight_words


def flipped_weight(geometry: Geometry, network: Network, word_bits: int) -> tuple[int, int, list[int]]:
    """Return the column, the address and the words of `word_bits` bits whose write flips one bit of one weight of
    `network`. The same seed gives the same bit.

    The weight lies in the middle half of its range, so that no saturation can hide the flip.
    """
    specification = geometry.specification
    stream = Stream(specification.seed, Purpose.FAULT, 0)
    quarter = 1 << (specification.formats.weight_bits - 2)
    while True:
        connection = 1 + stream.below(len(specification.layers) - 1)
        weights = network.weights[connection - 1]
        unit, source = stream.below(weights.shape[0]), stream.below(weights.shape[1])
        bit = stream.below(max(1, specification.formats.weight_bits - 2))
        if -quarter <= weights[unit, source] < quarter:
            break
    lane, address, row = weight_place(geometry, connection, unit, source)
    words = weight_words(geometry, [*network.weights, *network.backward])[lane, address]
    words[row] ^= 1 << bit
    return lane, address, (words & ((1 << word_bits) - 1)).tolist()
