"""What became of mutants, and the score of each source file."""

from collections.abc import Iterable
from dataclasses import dataclass

from ceprop.verification.mutation.mutant import Mutant
from ceprop.verification.mutation.verdicts import Verdict


@dataclass(frozen=True)
class Fate:
    """What became of a mutant.

    Fields
    ------
    design : str
        The name of the design.
    mutant : Mutant
        The mutant.
    killer : Verdict or None
        The verdict that killed it.
    equivalent : bool
        It is proven to be equivalent.
    """

    design: str
    mutant: Mutant
    killer: Verdict | None
    equivalent: bool

    @property
    def survived(self) -> bool:
        """Whether nothing has killed the mutant, and no proof has shown that it is equivalent."""
        return self.killer is None and not self.equivalent


@dataclass(frozen=True)
class Score:
    """The numbers of mutants, of killed ones, of equivalent ones and of those that survived."""

    mutants: int
    killed: int
    equivalent: int
    survived: int

    @property
    def share(self) -> float | None:
        """The share of killed mutants among those that are not known to be equivalent, or None where there are none."""
        counted = self.mutants - self.equivalent
        return self.killed / counted if counted else None


def score_of(fates: Iterable[Fate]) -> Score:
    """Return the score of some mutants."""
    found = list(fates)
    killed = sum(fate.killer is not None for fate in found)
    survived = sum(fate.survived for fate in found)
    return Score(len(found), killed, len(found) - killed - survived, survived)


def scores_by_file(fates: Iterable[Fate]) -> dict[str, Score]:
    """Return the score of each source file, in the order of their names."""
    files: dict[str, list[Fate]] = {}
    for fate in fates:
        files.setdefault(fate.mutant.file, []).append(fate)
    return {file: score_of(files[file]) for file in sorted(files)}
