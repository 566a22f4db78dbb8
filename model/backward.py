"""The initial backward weights of VF and C-VF: the forward weights with the sign of some of them flipped
(docs/numerics.md, 7)."""

from decimal import Context, Decimal, localcontext

import numpy as np

from ceprop.model.streams import Purpose, Stream
from ceprop.specification import Specification

_DIGITS = 60
_PI = Decimal("3.14159265358979323846264338327950288419716939937510582097494459")


def initial_backward(specification: Specification, weights: list[np.ndarray]) -> list[np.ndarray]:
    """Return the initial backward weights of connections 2 to L.

    `weights` are the forward weights of all connections, int32 (n_l, n_{l-1}). Each returned array has the type and the
    shape of the forward weights of its connection. The list is empty for rules with one weight set.
    """
    if not specification.two_weight_sets:
        return []
    return [
        _flipped(specification, connection, weights[connection - 1]) for connection in specification.connections[1:]
    ]


def flip_threshold(angle: int) -> int:
    """Return `2^32 (1 - cos angle) / 2`, rounded half up, for an angle in whole degrees from 0 to 180.

    A sign is flipped if a random number of 32 bits is below this threshold.
    """
    with localcontext(Context(prec=_DIGITS)):
        x = _PI * angle / 180
        term = cosine = Decimal(1)
        for k in range(2, 80, 2):  # The last term is below 10^-70.
            term *= -x * x / (k * (k - 1))
            cosine += term
        return int((1 - cosine) * 2**31 + Decimal("0.5"))


def _flipped(specification: Specification, connection: int, weights: np.ndarray) -> np.ndarray:
    """Return the backward weights of one connection, int32, from its forward `weights`."""
    draws = Stream(specification.seed, Purpose.FLIPS, connection).draws(weights.size) >> np.uint64(32)
    flips = (draws < flip_threshold(specification.angle or 0)).reshape(weights.shape)
    largest = (1 << (specification.formats.weight_bits - 1)) - 1
    return np.where(flips, np.minimum(-weights, largest), weights).astype(np.int32)
