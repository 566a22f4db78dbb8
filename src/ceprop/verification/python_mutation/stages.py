"""The tests of a mutant in stages, the cheapest first, and the time that each of them takes without a mutant."""

import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ceprop.verification.python_mutation.folders import MutatedFolder

Times = Mapping[str, float]
"""The seconds of each test that passed, by its name as pytest has it."""

_QUICK, _SLOW = "not slow", "slow"


@dataclass(frozen=True)
class Stage:
    """Tests that one process runs until the first of them fails.

    Fields
    ------
    marks : str
        The expression of pytest that chooses among the tests: "slow" or "not slow".
    tests : tuple of str
        Files, or functions of files as pytest names them. The order is that of the run.
    seconds : float
        The time that the tests take without a mutant, without the start of the process.
    """

    marks: str
    tests: tuple[str, ...]
    seconds: float = 0.0

    def command(self, report: Path | None = None) -> list[str]:
        """Return the command. With `report`, it writes the time of each test into this file."""
        plugins = ("-p", "no:cacheprovider")
        command = [sys.executable, "-m", "pytest", "-x", "-q", "--tb=no", *plugins, "-m", self.marks]
        if report is not None:
            command += ["-o", "junit_family=xunit1", f"--junitxml={report}"]
        return [*command, *self.tests]


def baseline_stages(folder: MutatedFolder, files: Iterable[str]) -> tuple[Stage, Stage]:
    """Return all quick tests and all slow tests that mutants of a folder can meet. `files` are those of the
    checkout."""
    own = folder.test_files(files)
    others = [test for test in folder.all_concerned() if test not in own]
    return Stage(_QUICK, (*own, *others)), Stage(_SLOW, tuple(folder.all_concerned()))


def stages_of(folder: MutatedFolder, file: str, quick: Times, slow: Times) -> list[Stage]:
    """Return the stages for mutants of a source file: the quick tests that concern it, the other quick tests of the
    folder, and the slow tests that concern it. In each of them, the cheapest file is the first. A stage without tests
    is left out.

    Parameters
    ----------
    folder, file : MutatedFolder, str
        The folder, and the source file in it.
    quick, slow : mapping of str to float
        The times of the tests of :func:`baseline_stages`.
    """
    concerned = folder.concerned(file)
    near = [test for test in concerned if _seconds(test, quick)]
    own = {name.partition("::")[0] for name in quick if name.startswith(f"{folder.tests}/")}
    stages = (
        _stage(_QUICK, near, quick),
        _stage(_QUICK, own.difference(near), quick),
        _stage(_SLOW, concerned, slow),
    )
    return [stage for stage in stages if stage.tests]


def read_times(report: Path) -> dict[str, float]:
    """Return the times in a report that pytest has written."""
    cases = ElementTree.parse(report).getroot().iter("testcase")
    return {f"{case.get('file')}::{case.get('name')}": float(case.get("time") or 0) for case in cases}


def _stage(marks: str, tests: Iterable[str], times: Times) -> Stage:
    found = {test: seconds for test in tests if (seconds := _seconds(test, times))}
    return Stage(marks, tuple(sorted(found, key=lambda test: (found[test], test))), sum(found.values()))


def _seconds(test: str, times: Times) -> float:
    """The time of the functions of a test. It is zero only where there are none."""
    beginnings = (f"{test}::", f"{test}[")
    return sum(max(seconds, 1e-3) for name, seconds in times.items() if name == test or name.startswith(beginnings))
