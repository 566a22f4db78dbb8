"""The arithmetic of one neuron and one synapse (docs/numerics.md, 3 to 6).

Every function takes Python integers or arrays of int64 and returns the same kind. The readable model calls them with
arrays. The testbenches of single cells call them with integers.
"""

from typing import TypeVar

import numpy as np
import numpy.typing as npt

from ceprop.specification import Specification, sigmoid_address, sigmoid_table

Integers = TypeVar("Integers", int, npt.NDArray[np.int64])

XORSHIFT = {16: (7, 9, 8), 32: (13, 17, 5)}
INPUT_PATTERN = {16: 40503, 32: 2654435769}


def clip(value: Integers, low: int, high: int) -> Integers:
    """Return the nearest value from `low` to `high`."""
    return min(max(value, low), high) if isinstance(value, int) else np.clip(value, low, high)


def activate(specification: Specification, layer: int, value: Integers) -> Integers:
    """Return the state, unsigned with `S` bits, of a neuron of `layer` whose sum is `value`, with `F_l`
    fraction bits."""
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
    """Return the new state of an output neuron.

    `rho` is the activation of its sum. The nudge moves `rho` by the scaled difference of `target` and the old `state`,
    towards the target, or away from it if `negative`. All are unsigned with `S` bits.
    """
    shift = specification.nudge.shift
    nudge = (target - state + (1 << (shift - 1))) >> shift
    return clip(rho - nudge if negative else rho + nudge, 0, (1 << specification.formats.state_bits) - 1)


def update(
    specification: Specification, connection: int, weight: Integers, difference: Integers, dither: Integers, shift: int
) -> tuple[Integers, bool | np.ndarray]:
    """Return `(weight, saturated)` after one update of a weight of `connection`.

    `difference` is `D` of docs/numerics.md, already negated under a negative nudge. `dither` is `r_i XOR r_j`;
    stochastic rounding uses its low bits, and the other ways of rounding do not use it. `shift` is the rate shift in
    force, which is at most the largest shift of the connection.
    """
    return _update(specification, specification.update_shift(connection), connection, weight, difference, dither, shift)


def update_bias(
    specification: Specification, layer: int, bias: Integers, difference: Integers, dither: Integers, shift: int
) -> tuple[Integers, bool | np.ndarray]:
    """Return `(bias, saturated)` after one update of a bias of `layer`.

    `difference` is `D = (s' - s) 2^S`. The other arguments are those of :func:`update`.
    """
    return _update(specification, specification.bias_shift(layer), layer, bias, difference, dither, shift)


def advance(generator: Integers, bits: int) -> Integers:
    """Return the next value of an xorshift generator of 16 or 32 bits."""
    left, right, last = XORSHIFT[bits]
    mask = (1 << bits) - 1
    generator = generator ^ ((generator << left) & mask)
    generator = generator ^ (generator >> right)
    return generator ^ ((generator << last) & mask)


def input_pattern(specification: Specification, j: Integers) -> Integers:
    """Return the input dither of input `j`: the constant that takes the place of a generator."""
    bits = specification.generator_bits
    return (INPUT_PATTERN[bits] * j) & ((1 << bits) - 1)


def dither_bits(specification: Specification, drop: int) -> tuple[int, int]:
    """Return `(mask, constant)` for an update that drops `drop` bits. Before the shift, the update adds `((r_i XOR r_j)
    & mask) + constant`."""
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
    """Return `(value, saturated)` after an update that drops `drop` bits, of a weight or a bias."""
    room = specification.largest_shifts[connection - 1] - shift
    mask, constant = dither_bits(specification, drop)
    moved = weight + (((difference << room) + (dither & mask) + constant) >> drop)
    limit = 1 << (specification.formats.weight_bits - 1)
    return clip(moved, -limit, limit - 1), (moved < -limit) | (moved >= limit)
