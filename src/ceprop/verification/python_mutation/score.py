"""The mutation score of some mutants, and of each source file."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ceprop.verification.python_mutation.mutants import SourceMutant
from ceprop.verification.python_mutation.verdicts import SourceVerdict


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
