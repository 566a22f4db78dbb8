"""A run of many cases, spread over processes. What is finished is kept, and not run again."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from ceprop.common.errors import CepropError
from ceprop.common.kept_files import key_of
from ceprop.common.processes import in_parallel, output_of
from ceprop.common.report import Advance
from ceprop.specification import Specification
from ceprop.verification.case import Claim
from ceprop.verification.kept import FinishedCase, KeptCases
from ceprop.verification.worker import Job

_MOST_SECONDS = 3600.0
"""A case that takes longer hangs. The longest takes a minute."""


@dataclass(frozen=True)
class ClaimResult:
    """The evidence for a claim. `counts` are sums over its `cases`, and `seconds` is the sum of their durations."""

    claim: Claim
    cases: int
    counts: Mapping[str, int]
    mismatches: int
    first_mismatch: str | None
    seconds: float

    @classmethod
    def of(cls, claim: Claim, cases: Sequence[FinishedCase]) -> "ClaimResult":
        """Add up finished cases."""
        names = dict.fromkeys([claim.unit, *(name for case in cases for name in case.counts)])
        wrong = [f"case {case.number}: {case.mismatch}" for case in cases if case.mismatch]
        return cls(
            claim,
            len(cases),
            {name: sum(case.counts.get(name, 0) for case in cases) for name in names},
            len(wrong),
            wrong[0] if wrong else None,
            round(sum(case.seconds for case in cases), 1),
        )


@dataclass(frozen=True)
class Campaign:
    """The cases to run.

    Fields
    ------
    numbers : mapping
        The claims, and for each the numbers of its cases.
    seed : int
        The seed of all cases.
    jobs : int
        The number of processes at once.
    folder : Path
        The folder that keeps finished cases.
    digest : str
        The digest of the sources and tools (:func:`ceprop.verification.kept.digest_of`). Only cases with the same
        digest are taken from the folder.
    given : Specification or None
        The specification that all cases take in place of a random one.
    """

    numbers: Mapping[Claim, Sequence[int]]
    seed: int
    jobs: int
    folder: Path
    digest: str
    given: Specification | None = None

    def run(self, advance: Advance) -> list[ClaimResult]:
        """Run all cases that are not finished yet, and return the results of all, claim by claim.

        A case that differed is run again. Raises :class:`CepropError` where a tool is missing or fails.
        """
        kept = KeptCases(self.folder, self._digest)
        finished = {key for key, case in kept.read().items() if case.mismatch is None}
        jobs = list(self._jobs(finished))
        total, lock = sum(map(len, self.numbers.values())), Lock()
        done = total - sum(len(job.numbers) for job in jobs)
        advance(done, total)

        def call(job: Job) -> Callable[[], None]:
            def made() -> None:
                nonlocal done
                _run(job)
                with lock:
                    done += len(job.numbers)
                    advance(done, total)

            return made

        in_parallel([call(job) for job in jobs], self.jobs)
        cases = kept.read()
        return [
            ClaimResult.of(claim, [cases[claim.name, self.seed, number] for number in numbers])
            for claim, numbers in self.numbers.items()
        ]

    @property
    def _digest(self) -> str:
        """The digest of the kept cases. Those of a given specification are in a file of their own."""
        return self.digest if self.given is None else key_of(self.digest, self.given.fields())

    def _jobs(self, finished: set[tuple[str, int, int]]) -> Iterator[Job]:
        given = self.given and self.given.fields()
        for claim, numbers in self.numbers.items():
            missing = [number for number in numbers if (claim.name, self.seed, number) not in finished]
            for start in range(0, len(missing), claim.together):
                some = missing[start : start + claim.together]
                yield Job(claim.name, self.seed, some, str(self.folder.absolute()), self._digest, given)


def _run(job: Job) -> None:
    """Run the cases of a job in a process. Raises :class:`CepropError` with the last line of one that fails."""
    command = [sys.executable, "-m", "ceprop.verification.worker", job.text()]
    code, text = output_of(command, seconds=_MOST_SECONDS * len(job.numbers))
    if code:
        last = next((line for line in reversed(text.splitlines()) if line.strip()), f"exit code {code}")
        raise CepropError(f"claim {job.claim}: {last.strip().removeprefix('ceprop: ')}")
