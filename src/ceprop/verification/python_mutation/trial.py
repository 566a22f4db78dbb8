"""A trial: the tests run in a private copy of the checkout, stage by stage, until one of them fails."""

import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from ceprop.common.errors import CepropError
from ceprop.common.processes import started
from ceprop.common.scratch import private_folder
from ceprop.verification.python_mutation.mutants import SourceMutant
from ceprop.verification.python_mutation.private_copy import PrivateCopy
from ceprop.verification.python_mutation.stages import Stage, read_times
from ceprop.verification.python_mutation.verdicts import Finding

_FACTOR = 5
_ALLOWANCE = 45.0
"""A stage ends after this factor of its time without a mutant, and so many seconds more. The process starts in them,
and Numba compiles a changed `model/kernel.py`."""

_BASELINE_SECONDS = 3600.0
_PASSED, _NO_TESTS = 0, 5


class TestBed:
    """A private copy of the checkout in which tests run one after the other.

    Parameters
    ----------
    copy : PrivateCopy
        The copy.
    numba : Path
        A folder for what Numba compiles. Tests without a mutant fill it. Those of a mutant have a copy of it, so that
        nothing which a mutant has compiled or written is left for the next one.
    """

    __test__ = False  # is no test of pytest, although its name begins like one

    def __init__(self, copy: PrivateCopy, numba: Path):
        self._copy = copy
        self._numba = numba
        numba.mkdir(parents=True, exist_ok=True)

    def measure(self, stage: Stage) -> dict[str, float]:
        """Run tests without a mutant, and return the seconds of each by its name.

        Raises :class:`CepropError` where one of them fails, or where they take longer than an hour.
        """
        if not stage.tests:
            return {}
        with private_folder() as folder:
            report = folder / "report.xml"
            code, output = self._run(stage.command(report), self._numba, _BASELINE_SECONDS)
            if code is None:
                raise CepropError(f"the tests without a mutant took longer than {_BASELINE_SECONDS:g} s")
            if code not in (_PASSED, _NO_TESTS):
                raise CepropError(f"the tests fail without a mutant: {_reason(code, output)}")
            return read_times(report)

    def judge(self, mutant: SourceMutant, stages: Sequence[Stage], deadline: float) -> Finding:
        """Try a mutant.

        It is killed by the first test that fails, and by a stage that takes five times as long as without a mutant and
        45 s more. It is undecided where all stages together take longer than `deadline` seconds.
        """
        begin = time.monotonic()
        with private_folder() as folder, self._copy.changed(mutant.file, mutant.text):
            numba = folder / "numba"
            shutil.copytree(self._numba, numba)
            for stage in stages:
                own, left = _ALLOWANCE + _FACTOR * stage.seconds, deadline - (time.monotonic() - begin)
                code, output = self._run(stage.command(), numba, max(0.0, min(own, left)))
                seconds = round(time.monotonic() - begin, 1)
                if code is None:
                    late = own > left
                    return Finding(None if late else f"no end after {own:.0f} s", late, seconds)
                if code != _PASSED:
                    return Finding(_reason(code, output), False, seconds)
        return Finding(None, False, round(time.monotonic() - begin, 1))

    def _run(self, command: Sequence[str], numba: Path, seconds: float) -> tuple[int | None, str]:
        """Run pytest in the copy; return its exit code, or None where it took too long, and its output."""
        with tempfile.TemporaryFile() as file:
            environment = self._environment(numba)
            with started(command, folder=self._copy.folder, environment=environment, output=file) as process:
                try:
                    code = process.wait(seconds)
                except subprocess.TimeoutExpired:
                    code = None
            file.seek(0)
            return code, file.read().decode(errors="replace")

    def _environment(self, numba: Path) -> dict[str, str]:
        environment = dict(os.environ)
        # Many tests start interpreters, each of which would compile what it imports.
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        old = environment.get("PYTHONPATH")
        environment["PYTHONPATH"] = os.pathsep.join([str(self._copy.folder / "src"), *([old] if old else [])])
        environment["NUMBA_CACHE_DIR"] = str(numba)
        # Otherwise the examples that failed with one mutant are tried first with the next.
        environment["HYPOTHESIS_STORAGE_DIRECTORY"] = str(numba.with_name("hypothesis"))
        return environment


def _reason(code: int, output: str) -> str:
    """Return the first test that failed, or the exit code."""
    found = re.search(r"^(?:FAILED|ERROR) (\S+)", output, re.MULTILINE)
    return found[1] if found else f"pytest ended with exit code {code}"
