"""The order in which an epoch visits the samples, and the signs of their nudges (docs/numerics.md, 4 and 7)."""

import math

import numpy as np

from ceprop.model.streams import Purpose, Stream
from ceprop.specification import Specification


def epoch_order(specification: Specification, epoch: int, count: int) -> np.ndarray:
    """Return the numbers of the samples, int64 (count,), in the order in which `epoch` visits them. Epochs are counted
    from 0."""
    start, stride = order_numbers(specification, epoch, count)
    return (stride * np.arange(count) + start) % count


def order_numbers(specification: Specification, epoch: int, count: int) -> tuple[int, int]:
    """Return the number of the first sample that `epoch` visits, and the stride, modulo `count`, to each next one."""
    stream = Stream(specification.seed, Purpose.ORDER, epoch)
    start = stream.below(count)
    stride = 1 + stream.below(count)
    while math.gcd(stride, count) != 1:
        stride = 1 + stream.below(count)
    return start, stride


def epoch_signs(specification: Specification, epoch: int, count: int) -> np.ndarray:
    """Return whether the nudge at each position of `epoch` is negative, bool (count,). With a centred nudge this is the
    first of the two nudges."""
    sign = specification.nudge.sign
    if sign == "alternating":
        return np.arange(count) % 2 == 1
    if sign == "random":
        draws = Stream(specification.seed, Purpose.NUDGE_SIGN, epoch).draws(count)
        return (draws >> np.uint64(63)).astype(bool)
    return np.full(count, sign == "negative")
