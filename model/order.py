"""In which order an epoch visits the samples, and which of them are nudged backwards (docs/numerics.md, 4 and 7)."""

import math

import numpy as np

from ceprop.model.streams import Purpose, Stream
from ceprop.specification import Specification


def epoch_order(specification: Specification, epoch: int, count: int) -> np.ndarray:
    """Sample numbers, int64 (count,), in the order in which `epoch` (from 0) visits them."""
    stream = Stream(specification.seed, Purpose.ORDER, epoch)
    start = stream.below(count)
    stride = 1 + stream.below(count)
    while math.gcd(stride, count) != 1:
        stride = 1 + stream.below(count)
    return (stride * np.arange(count) + start) % count


def epoch_signs(specification: Specification, epoch: int, count: int) -> np.ndarray:
    """Whether the nudge (the first, where it is centred) of each position of `epoch` is negative, bool (count,)."""
    sign = specification.nudge.sign
    if sign == "alternating":
        return np.arange(count) % 2 == 1
    if sign == "random":
        draws = Stream(specification.seed, Purpose.NUDGE_SIGN, epoch).draws(count)
        return (draws >> np.uint64(63)).astype(bool)
    return np.full(count, sign == "negative")
