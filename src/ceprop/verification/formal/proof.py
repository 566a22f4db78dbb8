"""Proofs by the SAT solver of yosys: a property holds in every cycle, whatever the inputs are."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from amaranth.back import rtlil
from amaranth.hdl import Elaboratable, Value

from ceprop.boards.flow.toolchain import YOSYS, run_tool
from ceprop.common.errors import CepropError
from ceprop.common.scratch import private_folder

_TOP = "property"
_DEEPEST = 60
"""The largest induction length that is tried."""
_SECONDS = 120
"""The time that the solver has for each of its formulas."""


class UndecidedError(CepropError):
    """The solver came to no result in its time."""


@dataclass(frozen=True)
class Property:
    """Hardware with assertions, which must hold in every cycle, and with assumptions about its inputs.

    Fields
    ------
    name : str
        What the property is of, with its parameters.
    design : Elaboratable
        The hardware, with `Assert` and `Assume` of Amaranth.
    inputs : sequence of Value
        What has any value in any cycle. Clocks are among them where there are `several_clocks`.
    bound : int or None
        The number of cycles from reset for which the assertions are shown to hold. With None they are shown to hold
        forever, by induction over time.
    several_clocks : bool
        The design has more than one clock domain, and their clocks are inputs.
    """

    name: str
    design: Elaboratable
    inputs: Sequence[Value]
    bound: int | None = None
    several_clocks: bool = False


@dataclass(frozen=True)
class Proof:
    """What the solver has found.

    Fields
    ------
    cycles : int
        The induction length, the bound of a bounded property, or the cycles from reset to the assertion that failed.
    refuted : str or None
        What the inputs were in the last cycle before an assertion failed, or None where all hold.
    """

    cycles: int
    refuted: str | None = None


def prove(wanted: Property) -> Proof:
    """Prove a property, or refute it.

    Raises :class:`UndecidedError` where the solver comes to no result, and :class:`CepropError` where yosys is missing
    or fails.
    """
    text = rtlil.convert(wanted.design, name=_TOP, ports=list(wanted.inputs), emit_src=False)
    clocks = "clk2fflogic" if wanted.several_clocks else "async2sync; dffunmap"
    kind = "-tempinduct" if wanted.bound is None else "-tempinduct-baseonly"
    steps = wanted.bound or _DEEPEST
    script = (
        f"read_rtlil {_TOP}.il; hierarchy -top {_TOP}; proc; flatten; opt_clean; memory_map; {clocks}; "
        f"chformal -lower; opt -fast; sat {kind} -prove-asserts -set-assumes -seq 1 -maxsteps {steps} "
        f"-show-inputs -timeout {_SECONDS} {_TOP}"
    )
    with private_folder() as folder:
        (folder / f"{_TOP}.il").write_text(text, encoding="utf-8")
        run_tool(YOSYS, ["-p", script], folder, "yosys.log")
        return _understood(wanted, (folder / "yosys.log").read_text(encoding="utf-8"))


def _understood(wanted: Property, log: str) -> Proof:
    lengths = [int(number) for number in re.findall(r"^\[(?:base case|induction step) (\d+)\]", log, re.MULTILINE)]
    if "model found for base case: FAIL!" in log:
        return Proof(lengths[-1], _last_inputs(log))
    if "Induction step proven: SUCCESS!" in log or (wanted.bound and "proved base case" in log):
        return Proof(lengths[-1])
    raise UndecidedError(f"{wanted.name}: yosys comes to no result within {_DEEPEST} cycles and {_SECONDS} seconds")


def _last_inputs(log: str) -> str:
    """Return the inputs in the last cycle of a counterexample, as the solver prints them."""
    rows = re.findall(r"^ +(\d+) \\?(\S+) +(\S+) +\S+ +\S+$", log.rpartition("Signal Name")[2], re.MULTILINE)
    last = max((int(time) for time, _, _ in rows), default=0)
    values = (f"{name} = {value}" for time, name, value in rows if int(time) == last)
    return ", ".join(values) or "there are no inputs"
