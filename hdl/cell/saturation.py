"""Clipping of states and saturation of weights: the two places where a number may leave its format."""

from amaranth.hdl import Cat, Mux, Value


def clip(value: Value, bits: int) -> Value:
    """A signed `value` clipped to an unsigned number of `bits` bits."""
    negative, magnitude = value[-1], Value.cast(value[:-1])
    # A narrow value has no bits above `bits`.
    low, high = Value.cast(magnitude[:bits]), Value.cast(magnitude[bits:])
    return Mux(negative, 0, low | high.any().replicate(bits))


def saturate(value: Value, bits: int) -> tuple[Value, Value]:
    """A signed `value` saturated to a signed number of `bits` bits, and whether it was outside of them."""
    top, sign = Value.cast(value[bits - 1 :]), Value.cast(value[-1])
    beyond = top.any() & ~top.all()
    return Mux(beyond, Cat((~sign).replicate(bits - 1), sign), value[:bits]), beyond
