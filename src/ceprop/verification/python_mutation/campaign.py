"""All mutants of one folder: each is tried in a private copy of the checkout. Verdicts are kept, so that an interrupted
run goes on."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from queue import SimpleQueue

from ceprop.common.kept_files import key_of
from ceprop.common.processes import in_parallel
from ceprop.common.scratch import private_folder
from ceprop.verification.kept import digest_of
from ceprop.verification.python_mutation.folders import MutatedFolder
from ceprop.verification.python_mutation.mutants import SourceMutant, drawn_mutants
from ceprop.verification.python_mutation.private_copy import PrivateCopy
from ceprop.verification.python_mutation.stages import Times, baseline_stages, stages_of
from ceprop.verification.python_mutation.trial import TestBed
from ceprop.verification.python_mutation.verdicts import KeptVerdicts, SourceVerdict

Say = Callable[[str], None]
Fates = list[tuple[SourceMutant, SourceVerdict]]

_ALL_TESTS = ("tests/", "pyproject.toml")


@dataclass(frozen=True)
class PythonCampaign:
    """The campaign of one folder.

    Fields
    ------
    root : Path
        The top of the checkout.
    files : tuple of str
        The files of the checkout, from the top on. They are copied.
    folder : MutatedFolder
        The folder and its tests.
    count, seed : int
        The number of mutants, and the seed of the draw.
    deadline : float
        The seconds after which the trial of a mutant ends without a decision.
    kept : KeptVerdicts
        The verdicts so far.
    """

    root: Path
    files: tuple[str, ...]
    folder: MutatedFolder
    count: int
    seed: int
    deadline: float
    kept: KeptVerdicts

    @cached_property
    def mutants(self) -> list[SourceMutant]:
        """The drawn mutants, in the order of files and lines."""
        sources = {file: self._content(file).decode() for file in self.folder.sources(self.files)}
        return drawn_mutants(sources, self.count, self.seed)

    def run(self, say: Say, jobs: int) -> Fates:
        """Try all mutants without a kept verdict, at most `jobs` of them at once. Return each mutant with its verdict.

        What is undecided is not kept, and the next run tries it again. Raises :class:`CepropError` where a test fails
        without a mutant.
        """
        verdicts = self.kept.read()
        left = [mutant for mutant in self.mutants if self._key(mutant) not in verdicts]
        say(f"{self.folder.name}: {len(self.mutants)} mutants, {len(left)} of them not tried yet")
        for verdict in self._tried(left, say, jobs):
            verdicts[verdict.key] = verdict
        return [(mutant, verdicts[self._key(mutant)]) for mutant in self.mutants]

    def _tried(self, mutants: Sequence[SourceMutant], say: Say, jobs: int) -> Sequence[SourceVerdict]:
        if not mutants:
            return []
        with ExitStack() as stack:
            beds = [self._bed(stack) for _ in range(min(jobs, len(mutants)))]
            stages = baseline_stages(self.folder, self.files)

            def measured(bed: TestBed) -> list[dict[str, float]]:
                return [bed.measure(stage) for stage in stages]

            # In every copy, because each of them keeps what Numba compiles.
            quick, slow = _slowest(in_parallel([partial(measured, bed) for bed in beds], jobs))
            say(f"without a mutant, quick tests take {sum(quick.values()):.0f} s, slow ones {sum(slow.values()):.0f} s")
            free: SimpleQueue[TestBed] = SimpleQueue()
            for bed in beds:
                free.put(bed)

            def judged(mutant: SourceMutant) -> SourceVerdict:
                bed = free.get(timeout=self.deadline * 2 + 60)
                try:
                    tests = stages_of(self.folder, mutant.file, quick, slow)
                    verdict = bed.judge(mutant, self._key(mutant), tests, self.deadline)
                finally:
                    free.put(bed)
                if not verdict.undecided:
                    self.kept.add(verdict)
                say(_line(mutant, verdict))
                return verdict

            return in_parallel([partial(judged, mutant) for mutant in mutants], jobs)

    def _bed(self, stack: ExitStack) -> TestBed:
        place = stack.enter_context(private_folder())
        return TestBed(PrivateCopy(self.root, self.files, place / "checkout"), place / "numba")

    def _key(self, mutant: SourceMutant) -> str:
        return key_of(mutant.file, mutant.text, self._digest_of_tests)

    @cached_property
    def _digest_of_tests(self) -> str:
        return digest_of(self._tests(), {})

    def _tests(self) -> Iterator[tuple[str, bytes]]:
        for file in sorted(self.files):
            if file.startswith(_ALL_TESTS):
                yield file, self._content(file)

    def _content(self, file: str) -> bytes:
        return (self.root / file).read_bytes()


def _slowest(measured: Sequence[Sequence[Times]]) -> Iterator[Times]:
    """Yield for each stage the longest time of each test in any of the copies."""
    for times in zip(*measured, strict=True):
        yield {name: max(each[name] for each in times) for name in times[0]}


def _line(mutant: SourceMutant, verdict: SourceVerdict) -> str:
    fate = verdict.killer or ("undecided" if verdict.undecided else "survived")
    return f"{mutant.file}:{mutant.line}: {mutant.change}: {fate} ({verdict.seconds:.0f} s)"


@dataclass(frozen=True)
class SourceScore:
    """The numbers of mutants, of killed ones and of undecided ones. All that are not killed have survived."""

    mutants: int
    killed: int
    undecided: int

    @property
    def survived(self) -> int:
        """The number of mutants that were not killed."""
        return self.mutants - self.killed

    @property
    def share(self) -> float:
        """The share of killed mutants."""
        return self.killed / self.mutants


def source_scores(fates: Iterable[tuple[SourceMutant, SourceVerdict]]) -> dict[str, SourceScore]:
    """Return the score of each source file, in the order of their names."""
    files: dict[str, list[SourceVerdict]] = {}
    for mutant, verdict in fates:
        files.setdefault(mutant.file, []).append(verdict)
    return {file: source_score(files[file]) for file in sorted(files)}


def source_score(verdicts: Sequence[SourceVerdict]) -> SourceScore:
    """Return the score of some mutants."""
    killed = sum(verdict.killer is not None for verdict in verdicts)
    return SourceScore(len(verdicts), killed, sum(verdict.undecided for verdict in verdicts))
