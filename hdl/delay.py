"""A value some cycles later."""

from typing import Any

from amaranth.hdl import Module, Signal, Value

from ceprop.hdl.typing import Fields


def delay(m: Module, value: Value | Fields, cycles: int, name: str) -> Any:
    """`value` so many cycles later, of the same shape: one register without reset per cycle."""
    for stage in range(cycles):
        register = Signal(value.shape(), name=f"{name}_{stage + 1}", reset_less=True)
        m.d.sync += register.eq(value)
        value = register
    return value
