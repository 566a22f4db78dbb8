"""What the harnesses of properties share."""

from amaranth.hdl import Module, Mux, Signal, Value

from ceprop.hdl.checks import earlier

__all__ = ["after", "clamped", "earlier", "stays"]


def after(m: Module, cycles: int) -> Value:
    """True from so many cycles after reset on, when a pipeline holds nothing but what was put in."""
    passed = Signal(range(cycles + 1), name="cycles_passed")
    m.d.sync += passed.eq(Mux(passed == cycles, cycles, passed + 1))
    return passed == cycles


def clamped(value: Value, low: int, high: int) -> Value:
    """`min(max(value, low), high)`, as the integers are."""
    return Mux(value < low, low, Mux(value > high, high, value))


def stays(m: Module, value: Value) -> Value:
    """True where a value is what it was one cycle before, and in the first cycle."""
    return ~after(m, 1) | (value == earlier(m, value, 1))
