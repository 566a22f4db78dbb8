"""Dither of stochastic rounding: the xorshift step of a neuron's generator, and the constants of the input dither."""

from amaranth.hdl import Value

XORSHIFT = {16: (7, 9, 8), 32: (13, 17, 5)}
"""Left, right, left shifts of the generator of each width (`docs/numerics.md`, section 6)."""

INPUT_DITHER = {16: 40503, 32: 2654435769}
"""Input `j` has the constant dither `INPUT_DITHER j`, modulo two to the power of the generator's width."""


def next_random(value: Value) -> Value:
    """The next value of a generator; as wide as `value`, which must have 16 or 32 bits."""
    bits = len(value)
    first_left, right, second_left = XORSHIFT[bits]
    value = value ^ (value << first_left)[:bits]
    value = value ^ (value >> right)
    return value ^ (value << second_left)[:bits]
