"""The cocotb testbench that tries mutants one after the other. Each is simulated in a copy of the process, so that
nothing of one mutant is left in the memories of the next one."""

import gc
import json
import os
import resource
import select
import signal
import traceback
from pathlib import Path
from typing import Any, NoReturn

import cocotb

from ceprop.common.errors import one_line
from ceprop.hdl.cycles import CycleModel
from ceprop.sim.bench_core import compare_side_by_side
from ceprop.sim.job import PROGRESS, VARIABLE, Job
from ceprop.specification import Geometry
from ceprop.verification.mutation.mutant import CONTROL
from ceprop.verification.mutation.trial import TRIAL, Trial
from ceprop.verification.mutation.verdicts import Verdict, add_verdict, reason_of

_GIVEN = 42
"""The exit code of a copy that has given its verdict. A simulation that ends by itself has another one."""
_BUSY = 10
"""A busy machine gives a process a tenth of its time."""


@cocotb.test()
async def try_mutants(dut: Any) -> None:
    """Try all mutants of the trial."""
    place = Path(os.environ[VARIABLE])
    job, trial = Job.load(place), Trial(**json.loads((place / TRIAL).read_text(encoding="utf-8")))
    cycles = CycleModel(Geometry(job.specification))
    # Otherwise every copy would search for garbage in what is there already, and would copy all of it.
    gc.freeze()
    for number in trial.numbers:
        copy = os.fork()
        if copy == 0:
            await _try(dut, job, trial, number, place, cycles)
        finding = _ending(copy, _BUSY * trial.seconds)
        if finding is not None:
            add_verdict(Path(trial.verdicts), Verdict(number, trial.comparison, "end", finding))


async def _try(dut: Any, job: Job, trial: Trial, number: int, place: Path, cycles: CycleModel) -> NoReturn:
    """Compare one mutant with the model, add the verdict, and end this copy of the process."""
    resource.setrlimit(resource.RLIMIT_CPU, (trial.seconds, trial.seconds))
    getattr(dut, CONTROL).value = number
    try:
        finding = (await compare_side_by_side(dut, job, place / PROGRESS, cycles)).first_mismatch
        reason = finding and reason_of(finding)
    except Exception as error:
        finding, reason = one_line(traceback.format_exception_only(error)[-1]), "end"
    add_verdict(Path(trial.verdicts), Verdict(number, trial.comparison, reason or None, finding))
    os._exit(_GIVEN)


def _ending(copy: int, seconds: float) -> str | None:
    """Wait for a copy of the process, and kill it after so many seconds. Return how it ended, or None where it has
    given its verdict."""
    descriptor = os.pidfd_open(copy)
    try:
        if not select.select([descriptor], [], [], seconds)[0]:
            os.kill(copy, signal.SIGKILL)
    finally:
        os.close(descriptor)
    _, status = os.waitpid(copy, 0)
    code = os.waitstatus_to_exitcode(status)
    return None if code == _GIVEN else f"the simulation ended with exit code {code}"
