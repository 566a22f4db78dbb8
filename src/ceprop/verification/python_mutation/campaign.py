"""All mutants of one folder: each is tried in a private copy of the checkout. Verdicts are kept, so that an interrupted
run goes on."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import cached_property, partial
from pathlib import Path, PurePosixPath
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

        The verdict on a killed mutant rests on the file of the test that failed, and that on a survivor on all tests.
        It counts as long as these are the same. What is undecided is not kept, and the next run tries it again.

        Raises :class:`CepropError` where a test fails without a mutant.
        """
        kept = self.kept.read().items()
        verdicts = {key: verdict for key, verdict in kept if verdict.tests == self._digest_of_tests(verdict.killer)}
        left = [mutant for mutant in self.mutants if _key(mutant) not in verdicts]
        say(f"{self.folder.name}: {len(self.mutants)} mutants, {len(left)} of them not tried yet")
        for verdict in self._tried(left, say, jobs):
            verdicts[verdict.key] = verdict
        return [(mutant, verdicts[_key(mutant)]) for mutant in self.mutants]

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
                bed = free.get_nowait()  # there are as many as threads
                try:
                    found = bed.judge(mutant, stages_of(self.folder, mutant.file, quick, slow), self.deadline)
                finally:
                    free.put(bed)
                tests = self._digest_of_tests(found.killer)
                verdict = SourceVerdict(**asdict(found), key=_key(mutant), tests=tests)
                if not verdict.undecided:
                    self.kept.add(verdict)
                say(_line(mutant, verdict))
                return verdict

            return in_parallel([partial(judged, mutant) for mutant in mutants], jobs)

    def _bed(self, stack: ExitStack) -> TestBed:
        place = stack.enter_context(private_folder())
        return TestBed(PrivateCopy(self.root, self.files, place / "checkout"), place / "numba")

    def _digest_of_tests(self, killer: str | None) -> str:
        """Return a digest of the tests that decide: the file of the test that has killed a mutant, or all of them."""
        file = (killer or "").partition("::")[0]
        return self._digests.get(file) or key_of(self._digests)

    @cached_property
    def _digests(self) -> dict[str, str]:
        """The digests of the files of tests that concern the folder, each with everything that no file of tests is."""
        tests = {test.partition("::")[0] for test in self.folder.all_concerned()}.union(
            self.folder.test_files(self.files)
        )
        common = [(file, self._content(file)) for file in sorted(self.files) if _is_common(file)]
        return {test: digest_of([*common, (test, self._content(test))], {}) for test in sorted(tests)}

    def _content(self, file: str) -> bytes:
        return (self.root / file).read_bytes()


def _is_common(file: str) -> bool:
    """Whether all tests depend on a file: settings, fixtures and what tests import."""
    return file == "pyproject.toml" or (file.startswith("tests/") and not PurePosixPath(file).match("test_*.py"))


def _key(mutant: SourceMutant) -> str:
    return key_of(mutant.file, mutant.text)


def _slowest(measured: Sequence[Sequence[Times]]) -> Iterator[Times]:
    """Yield for each stage the longest time of each test in any of the copies."""
    for times in zip(*measured, strict=True):
        yield {name: max(each[name] for each in times) for name in times[0]}


def _line(mutant: SourceMutant, verdict: SourceVerdict) -> str:
    fate = verdict.killer or ("undecided" if verdict.undecided else "survived")
    return f"{mutant.file}:{mutant.line}: {mutant.change}: {fate} ({verdict.seconds:.0f} s)"
