"""A value some cycles later."""

from amaranth.hdl import Module, Signal, Value
from amaranth.lib import data


def delay(m: Module, value: Value | data.View, cycles: int, name: str) -> Value | data.View:
    """`value` some cycles later; registers without reset."""
    for stage in range(cycles):
        register = Signal(value.shape(), name=f"{name}_{stage + 1}", reset_less=True)
        m.d.sync += register.eq(value)
        value = register
    return value
