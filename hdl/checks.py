"""Checks of the contracts between parts: hardware that a simulation has and that the delivered Verilog has not.

A part states a contract where it depends on it::

    check(m, "fifo_overflow", self.write & full)

Only in a design that :func:`with_checks` makes, a check becomes a register, which is set when the contract is violated
and stays set. All these registers are the bits of one output, :data:`VIOLATIONS`; a testbench reads it, and the name of
a bit tells which part was used wrongly. Elsewhere a check leaves no trace. Amaranth's own `Assert` would become a cell
of yosys that Verilog-2005 cannot express.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from amaranth.hdl import Cat, Elaboratable, Fragment, Module, Signal, Value

from ceprop.hdl.typing import Interface

VIOLATIONS = "violations"
"""Output of a design with checks: one bit per check, which stays set from the first violation on."""


class _Checking:
    """The platform of a design with checks; parts see it as the argument of `elaborate`."""


class Check(Elaboratable):
    """One check: `build` makes the condition that must never hold in the module it is given, which may have registers
    for it."""

    def __init__(self, name: str, build: Callable[[Module], Value]):
        self.name = name
        self._build = build
        self.violated = Signal(name=f"violated_{name}")

    def elaborate(self, platform: object) -> Module:
        """A register that stays set; nothing in a design without checks."""
        m = Module()
        if isinstance(platform, _Checking):
            with m.If(self._build(m)):
                m.d.sync += self.violated.eq(1)
        return m


def check(m: Module, name: str, violated: Value | Callable[[Module], Value]) -> None:
    """State a contract of the part `m`: the condition `violated` never holds at a clock edge. `name` says what is wrong
    if it does. A function makes the condition in a module of its own, with whatever registers it needs."""
    setattr(m.submodules, f"check_{name}", Check(name, violated if callable(violated) else lambda _: violated))


def earlier(m: Module, value: Value, cycles: int) -> Value:
    """The value that a signal had some cycles before, zero at first: for conditions of checks."""
    for _ in range(cycles):
        register = Signal(value.shape(), name="earlier")
        m.d.sync += register.eq(value)
        value = register
    return value


def check_stream(m: Module, name: str, stream: Interface) -> None:
    """State that what a stream offers stays until it is taken: `valid`, and the payload."""

    def withdrawn(c: Module) -> Value:
        waited = earlier(c, stream.valid & ~stream.ready, 1)
        payload = Value.cast(stream.payload)
        return waited & (~stream.valid | (earlier(c, payload, 1) != payload))

    check(m, f"{name}_changed_while_it_waited", withdrawn)


@dataclass(frozen=True)
class CheckedDesign:
    """A design with checks: what Amaranth is to convert, the ports that it has beyond those of the component, and the
    path of each check, by the bits of :data:`VIOLATIONS`."""

    top: Module
    violations: Signal
    names: tuple[str, ...]


def with_checks(component: Elaboratable) -> CheckedDesign:
    """A component with the checks of all its parts."""
    fragment = Fragment.get(component, _Checking())
    found = dict(_find(fragment, ""))
    violations = Signal(max(1, len(found)), name=VIOLATIONS)
    top = Module()
    top.submodules.checked = fragment
    top.d.comb += violations.eq(Cat(part.violated for part in found.values()))
    return CheckedDesign(top, violations, tuple(found))


def violated_names(names: Sequence[str], violations: str) -> list[str]:
    """The checks whose bits are set, or unknown, in :data:`VIOLATIONS` as a simulator writes it in binary."""
    return [name for name, bit in zip(names, reversed(violations), strict=False) if bit != "0"]


def _find(fragment: Any, path: str) -> Iterator[tuple[str, Check]]:
    """Every check below a fragment, with the path of the part that states it."""
    for part, name, _ in fragment.subfragments:
        origin = next((origin for origin in part.origins or () if isinstance(origin, Check)), None)
        if origin is not None:
            yield f"{path}{origin.name}", origin
        else:
            yield from _find(part, f"{path}{name}.")
