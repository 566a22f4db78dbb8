"""A process that runs some cases of one claim: `python -m ceprop.verification.worker JOB`. JOB is the text of a
:class:`Job`."""

import gc
import json
import os
import sys
import time
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ceprop.common.errors import CepropError, one_line
from ceprop.common.scratch import private_folder
from ceprop.specification import Specification
from ceprop.verification.case import Case, Claim, Found
from ceprop.verification.claims import claim_named
from ceprop.verification.kept import FinishedCase, KeptCases


@dataclass(frozen=True)
class Job:
    """The cases of a process: their claim, seed and numbers, the folder and the digest of the kept cases, and the
    fields of the specification that they are given, or None."""

    claim: str
    seed: int
    numbers: list[int]
    folder: str
    digest: str
    given: dict[str, Any] | None

    def text(self) -> str:
        """Return the job as one argument of a command."""
        return json.dumps(asdict(self))


def run_case(claim: Claim, seed: int, number: int, given: Specification | None = None) -> FinishedCase:
    """Run one case, with the specification that is given or a random one. What it raises is a mismatch, because a case
    has valid input only.

    Raises :class:`CepropError` where a tool is missing or fails.
    """
    started = time.perf_counter()
    with private_folder() as folder:
        case = Case(claim.name, seed, number, folder, given)
        try:
            found = claim.run(case)
        except CepropError:
            raise
        except Exception as error:
            found = Found({}, one_line(f"{type(error).__name__}: {error}"))
    mismatch = found.mismatch
    if mismatch and case.command not in mismatch:
        mismatch = f"{mismatch} ({case.command})"
    counts = {name: int(count) for name, count in found.counts.items()}
    return FinishedCase(claim.name, seed, number, round(time.perf_counter() - started, 3), counts, mismatch)


def main(text: str) -> None:
    """Run the cases of a job, and keep each as soon as it is finished."""
    job = Job(**json.loads(text))
    kept, claim = KeptCases(Path(job.folder), job.digest), claim_named(job.claim)
    given = None if job.given is None else Specification.from_mapping(job.given)
    # Amaranth makes millions of objects that live as long as their design.
    gc.set_threshold(3_000_000, 50, 50)
    warnings.simplefilter("ignore")
    for number in job.numbers:
        kept.add(run_case(claim, job.seed, number, given))


if __name__ == "__main__":
    # The matrices are small, and workers run beside each other.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        main(sys.argv[1])
    except CepropError as error:
        sys.exit(f"ceprop: {one_line(str(error))}")
