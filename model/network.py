"""The memory that learning changes: weights, biases and generators, and their initial values (docs/numerics.md, 6 to
8)."""

import hashlib
import math
from dataclasses import dataclass, field
from typing import Self

import numpy as np

from ceprop.model.backward import initial_backward
from ceprop.model.streams import Purpose, Stream
from ceprop.specification import Specification

_DRAWN_AT_ONCE = 1 << 20


@dataclass
class Network:
    """A network in integers.

    Entry `l - 1` of `weights`, `biases` and `generators` belongs to connection or layer `l`. `weights` are int32 (n_l,
    n_{l-1}) and `biases` are int32 (n_l,), both with `weight_fraction` fraction bits. `generators` are uint32 (n_l,),
    of which the lower `generator_bits` are used.

    `backward` is empty for rules with one weight set. For rules with two weight sets, entry `l - 2` belongs to
    connection `l >= 2`. It has the format and the shape of the forward weights of this connection, and entry [i, j]
    leads from unit i of layer l down to unit j of layer l - 1.
    """

    specification: Specification
    weights: list[np.ndarray]
    biases: list[np.ndarray]
    generators: list[np.ndarray]
    backward: list[np.ndarray] = field(default_factory=list)

    @classmethod
    def initial(cls, specification: Specification) -> Self:
        """Return the network before the first sample, drawn from the seed of the specification."""
        layers = specification.layers
        shapes = [(layers[layer], layers[layer - 1]) for layer in specification.connections]
        weights = [_uniform(specification, Purpose.WEIGHTS, layer, shape) for layer, shape in enumerate(shapes, 1)]
        biases = [_uniform(specification, Purpose.BIASES, layer, shape[:1]) for layer, shape in enumerate(shapes, 1)]
        ends = np.cumsum(layers[1:])
        generators = np.split(_generators(specification, int(ends[-1])), ends[:-1])
        return cls(specification, weights, biases, generators, initial_backward(specification, weights))

    def copy(self) -> Self:
        """Return an independent copy with the same specification."""
        lists = (self.weights, self.biases, self.generators, self.backward)
        return type(self)(self.specification, *([array.copy() for array in arrays] for arrays in lists))

    def downward(self, connection: int) -> np.ndarray:
        """Return the weights through which layer `connection - 1` receives layer `connection`, int32 (n_l, n_{l-1})."""
        return self.backward[connection - 2] if self.backward else self.weights[connection - 1]

    def weights_sha256(self) -> str:
        """Return the SHA-256, in hexadecimal, of all weights and biases in the order of docs/numerics.md, section 8."""
        digest = hashlib.sha256()
        for weights, biases in zip(self.weights, self.biases, strict=True):
            digest.update(weights.astype("<i4").tobytes())
            digest.update(biases.astype("<i4").tobytes())
        for weights in self.backward:
            digest.update(weights.astype("<i4").tobytes())
        return digest.hexdigest()


def _uniform(specification: Specification, purpose: Purpose, layer: int, shape: tuple[int, ...]) -> np.ndarray:
    """Draw initial weights or biases of a layer, uniform between bounds that depend on the number of units in the layer
    below."""
    formats = specification.formats
    bound = math.isqrt((1 << (2 * formats.weight_fraction)) // specification.layers[layer - 1])
    limit = 1 << (formats.weight_bits - 1)
    stream, found = Stream(specification.seed, purpose, layer), np.empty(math.prod(shape), np.int32)
    # The weights are drawn in parts, because the random numbers take several times the memory of the weights.
    for start in range(0, found.size, _DRAWN_AT_ONCE):
        part = found[start : start + _DRAWN_AT_ONCE]
        part[:] = np.clip(stream.all_below(2 * bound + 1, part.size) - bound, -limit, limit - 1)
    return found.reshape(shape)


def _generators(specification: Specification, count: int) -> np.ndarray:
    """Draw `count` generators, uint32, which are not zero and differ from each other."""
    # All generators of the network differ. The XOR of two equal ones would be zero for ever.
    stream = Stream(specification.seed, Purpose.GENERATORS, 0)
    mask = (1 << specification.generator_bits) - 1
    found: dict[int, None] = {}
    while len(found) < count:
        value = stream.draw() & mask
        if value:
            found.setdefault(value)
    return np.fromiter(found, np.uint32, count)
