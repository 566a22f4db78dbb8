"""The arithmetic of one neuron and one synapse (docs/numerics.md, 3 to 6).

Every function takes Python integers or arrays of int64 and gives back the same kind: the readable model calls them
with arrays, the testbenches of single cells with integers.
"""

from typing import TypeVar

import numpy as np
import numpy.typing as npt

from ceprop.specification import Specification, sigmoid_address, sigmoid_table

Integers = TypeVar("Integers", int, npt.NDArray[np.int64])

XORSHIFT = {16: (7, 9, 8), 32: (13, 17, 5)}
INPUT_PATTERN = {16: 40503, 32: 2654435769}


def clip(value: Integers, low: int, high: int) -> Integers:
    """`value` held within `low..high`."""
    return min(max(value, low), high) if isinstance(value, int) else np.clip(value, low, high)


def activate(specification: Specification, layer: int, value: Integers) -> Integers:
    """State (`S` bits, unsigned) of a neuron of `layer` whose sum is `value` (`F_l` fraction bits)."""
    largest = (1 << specification.formats.state_bits) - 1
    if specification.activation.kind == "hard-sigmoid":
        drop = specification.sum_fraction(layer) - specification.formats.state_bits
        return clip((value + (1 << (drop - 1))) >> drop, 0, largest)
    offset, drop = sigmoid_address(specification, layer)
    table = sigmoid_table(specification)
    address = clip((value + offset) >> drop, 0, len(table) - 1)
    if isinstance(address, int):
        return table[address]
    return np.asarray(table, np.int64)[address]


def nudged(specification: Specification, state: Integers, rho: Integers, target: Integers, negative: bool) -> Integers:
    """New state of an output neuron: `rho`, its activation, moved from the old `state` towards `target` or away."""
    shift = specification.nudge.shift
    nudge = (target - state + (1 << (shift - 1))) >> shift
    return clip(rho - nudge if negative else rho + nudge, 0, (1 << specification.formats.state_bits) - 1)


def update(
    specification: Specification, connection: int, weight: Integers, difference: Integers, dither: Integers, shift: int
) -> tuple[Integers, bool | np.ndarray]:
    """`(weight, saturated)` after one update of a weight of `connection`.

    `difference` is `D`, already negated under a negative nudge; `dither` is `r_i XOR r_j`, of which stochastic
    rounding takes the low bits and the others nothing; `shift` is the rate shift in force, at most the largest."""
    return _update(specification, specification.update_shift(connection), connection, weight, difference, dither, shift)


def update_bias(
    specification: Specification, layer: int, bias: Integers, difference: Integers, dither: Integers, shift: int
) -> tuple[Integers, bool | np.ndarray]:
    """`(bias, saturated)` after one update; `difference` is `D = (s' - s) 2^S`, the rest as for :func:`update`."""
    return _update(specification, specification.bias_shift(layer), layer, bias, difference, dither, shift)


def advance(generator: Integers, bits: int) -> Integers:
    """The next value of an xorshift generator of 16 or 32 bits."""
    left, right, last = XORSHIFT[bits]
    mask = (1 << bits) - 1
    generator = generator ^ ((generator << left) & mask)
    generator = generator ^ (generator >> right)
    return generator ^ ((generator << last) & mask)


def input_pattern(specification: Specification, j: Integers) -> Integers:
    """The constant that stands for the generator of input `j`."""
    bits = specification.generator_bits
    return (INPUT_PATTERN[bits] * j) & ((1 << bits) - 1)


def dither_bits(specification: Specification, drop: int) -> tuple[int, int]:
    """`(mask, constant)`: an update that drops `drop` bits first adds `((r_i XOR r_j) & mask) + constant`."""
    rounding = specification.update.rounding
    return (1 << drop) - 1 if rounding == "stochastic" else 0, 1 << (drop - 1) if rounding == "nearest" else 0


def _update(
    specification: Specification,
    drop: int,
    connection: int,
    weight: Integers,
    difference: Integers,
    dither: Integers,
    shift: int,
) -> tuple[Integers, bool | np.ndarray]:
    room = specification.largest_shifts[connection - 1] - shift
    mask, constant = dither_bits(specification, drop)
    moved = weight + (((difference << room) + (dither & mask) + constant) >> drop)
    limit = 1 << (specification.formats.weight_bits - 1)
    return clip(moved, -limit, limit - 1), (moved < -limit) | (moved >= limit)
