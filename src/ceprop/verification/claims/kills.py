"""Programs on the host that are killed at any moment, and run again."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ceprop.boards.virtual import VirtualBoard
from ceprop.common.errors import CepropError
from ceprop.common.processes import started
from ceprop.sim.simulators import find_simulator
from ceprop.specification import Specification
from ceprop.specification.bundled import bundled_specification
from ceprop.verification.case import Case, Claim, Found

_KILLS = 3
_MOST_SECONDS = 600.0
"""A program that takes longer hangs."""
_SMALL = ("layers=[64,8,10]", "update.schedule=[]", "array.rows=1", "array.cols=1")

Command = Callable[[Path], list[str]]
"""Returns the command that works in a folder. What the command finds there, it goes on with."""


def _train(folder: Path) -> list[str]:
    """Train over many short epochs, each of which ends with a new checkpoint."""
    checkpoint = folder / "run.checkpoint"
    specification = str(_specification(folder))
    resume = ["--resume"] if checkpoint.exists() else []
    return ["train", specification, "--checkpoint", str(checkpoint), "--epochs", "40", *resume]


def _reproduce(folder: Path) -> list[str]:
    return [*["reproduce", "table", "--row", "ep-1h", "--data", "digits", "--epochs", "3", "--out"], str(folder)]


def _specification(folder: Path) -> Path:
    """Write the specification of a small network of the digits, and return its path."""
    path = folder / "small.toml"
    if not path.exists():
        Specification.load(bundled_specification("digits"), _SMALL).save(path)
    return path


def _fault_of(command: list[str], seconds: float) -> str | None:
    """Run a command of ceprop, and kill it after so many seconds. Returns what it did wrong, or None.

    Raises :class:`_Killed` where it was killed.
    """
    with tempfile.TemporaryFile() as output, started([sys.executable, "-m", "ceprop", *command], output=output) as run:
        try:
            code = run.wait(seconds)
        except subprocess.TimeoutExpired:
            raise _Killed from None
        output.seek(0)
        lines = output.read().decode(errors="replace").split("\n")
        return None if code == 0 else f"exit code {code}: {next((line for line in reversed(lines) if line), '')}"


class _Killed(Exception):  # noqa: N818 (it is no error)
    """The program was killed."""


def _killed(
    case: Case, command: Callable[[], list[str]], begin_again: Callable[[], None], seconds: float
) -> str | None:
    """Kill the runs of a command at random moments within `seconds`, and then let one run end. Returns what a run that
    was not killed did wrong, or None."""
    draw, kills = case.draw, 0
    while kills < _KILLS:
        try:
            fault = _fault_of(command(), draw.uniform(0.0, seconds))
        except _Killed:
            kills += 1
            continue
        if fault:
            return f"after {kills} kills, {fault}"
        begin_again()
    fault = _fault_of(command(), _MOST_SECONDS)
    return fault and f"after {kills} kills, {fault}"


def _files(case: Case, command: Command, result: Callable[[dict[str, Any]], Any]) -> Found:
    """Kill a program that keeps its work in files. In the end, its result is that of a run that nobody has killed."""
    whole, killed = case.folder / "whole", case.folder / "killed"
    whole.mkdir()
    killed.mkdir()
    began = time.monotonic()
    found = _fault_of([*command(whole), "--json", str(whole / "result.json")], _MOST_SECONDS)
    seconds = time.monotonic() - began
    if found:
        return Found({}, found)

    def begin_again() -> None:
        for path in killed.iterdir():
            path.unlink()

    found = _killed(case, lambda: [*command(killed), "--json", str(killed / "result.json")], begin_again, seconds)
    if found is None:
        results = [json.loads((folder / "result.json").read_text(encoding="utf-8")) for folder in (whole, killed)]
        if result(results[0]) != result(results[1]):
            found = "the result differs from that of a run that nobody killed"
    return Found({"kills": _KILLS}, found)


def _host(case: Case) -> Found:
    """Kill the host of a board that stays on. The next host finds a board that it can use."""
    specification = _specification(case.folder)
    find_simulator("verilator")
    try:
        with VirtualBoard(Specification.load(specification), "generic", build=case.folder) as board:
            place = ["--port", board.port, "--board", "generic", "--spec", str(specification)]
            command = ["run", *place, "train", "--data", "digits", "--samples", "30"]
            began = time.monotonic()
            found = _fault_of(command, _MOST_SECONDS)
            found = found or _killed(case, lambda: command, lambda: None, time.monotonic() - began)
    except CepropError as error:
        found = str(error)
    return Found({"kills": _KILLS}, found)


def _without_seconds(result: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the history of the only run of a reproduction, without the seconds that the epochs took."""
    (row,) = result["rows"].values()
    return [epoch | {"seconds": None} for history in row["histories"].values() for epoch in history]


def _run(case: Case) -> Found:
    if case.number % 3 == 0:
        return _files(case, _train, lambda result: (result["weights_sha256"], result["history"]))
    if case.number % 3 == 1:
        return _host(case)
    return _files(case, _reproduce, _without_seconds)


KILLS = Claim(
    name="kills",
    claim="A program that is killed at any moment leaves nothing half-written, and the next one goes on to its result.",
    evidence="`ceprop train` with a checkpoint, `ceprop run` on a simulated board that stays on, and `ceprop "
    "reproduce`; each is killed by SIGKILL at random moments",
    unit="kills",
    not_covered="the loss of power of the host, and a hidden file that a killed write leaves beside its output",
    quick=3,
    full=40,
    run=_run,
    together=1,
)
