"""Dither of stochastic rounding: the xorshift step of a neuron's generator, and the constant pattern of the inputs."""

from amaranth.hdl import Value

XORSHIFT = {16: (7, 9, 8), 32: (13, 17, 5)}
"""Left, right, left shifts of the generator of each width (`docs/numerics.md`, section 6)."""

INPUT_PATTERN = {16: 40503, 32: 2654435769}
"""Input `j` has the constant `INPUT_PATTERN j` modulo two to the generator's width."""


def advance(value: Value) -> Value:
    """The generator's next value; as wide as `value`, which must be 16 or 32 bits."""
    bits = len(value)
    left, right, again = XORSHIFT[bits]
    value = value ^ (value << left)[:bits]
    value = value ^ (value >> right)
    return value ^ (value << again)[:bits]
