"""All comparisons and proofs for the mutants of one design. What is finished is kept, so that an interrupted run goes
on."""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import asdict
from functools import cached_property
from pathlib import Path

from ceprop.common.errors import CepropError
from ceprop.common.files import write_aside
from ceprop.common.kept_files import key_of
from ceprop.verification.kept import digest_of, package_sources, tool_versions
from ceprop.verification.mutation.equivalence import is_equivalent
from ceprop.verification.mutation.fate import Fate
from ceprop.verification.mutation.miter import Miters
from ceprop.verification.mutation.mutant import Mutant
from ceprop.verification.mutation.mutated_design import Choice, MutatedDesign
from ceprop.verification.mutation.verdicts import Verdict, verdicts_in

Say = Callable[[str], None]


def own_folder(root: Path, name: str, verilog: str, choice: Choice) -> Path:
    """Return the folder below `root` that keeps a campaign: only that of this design with these mutants, for these
    sources and tools."""
    key = key_of(verilog, asdict(choice), digest_of(package_sources(), tool_versions()))
    return root / f"{name}-{key[:12]}"


class Campaign(ABC):
    """The campaign of one design. A subclass makes the design with its mutants, and tries them.

    Parameters
    ----------
    name : str
        The name of the design in the results.
    folder : Path
        The folder that keeps the design, the verdicts, the proofs and the compiled simulation (:func:`own_folder`).
    """

    def __init__(self, name: str, folder: Path):
        self.name = name
        self.folder = folder
        path = folder / "design.json"
        if not path.exists():
            self._make().save(path)
        self.design = MutatedDesign.load(path)

    @abstractmethod
    def _make(self) -> MutatedDesign:
        """Make the design with its mutants."""

    @abstractmethod
    def _try(self, say: Say) -> None:
        """Try all mutants that no verdict has killed, and add the verdicts."""

    def run(self, say: Say) -> list[Fate]:
        """Try all mutants, and try to prove that those that survive are equivalent. Return the fate of each mutant.

        Raises :class:`CepropError` where a tool is missing or fails, and where the design without a change is found to
        be wrong.
        """
        self._try(say)
        killers = {verdict.mutant: verdict for verdict in self.verdicts() if verdict.reason is not None}
        return [self._fate(mutant, killers.get(mutant.number), say) for mutant in self.design.mutants]

    @cached_property
    def _miters(self) -> Miters:
        return Miters(self.design.netlist)

    @property
    def verdict_file(self) -> Path:
        """The file of the verdicts."""
        return (self.folder / "verdicts.jsonl").absolute()

    def verdicts(self) -> list[Verdict]:
        """Return all verdicts so far. Raises :class:`CepropError` where one is on the design without a change."""
        found = verdicts_in(self.verdict_file)
        for verdict in found:
            if verdict.mutant == 0 and verdict.reason is not None:
                raise CepropError(f"{self.name}, {verdict.comparison}, without a mutant: {verdict.finding}")
        return found

    def left(self, comparison: str) -> list[int]:
        """Return the mutants that are alive and that a comparison has not seen."""
        done = {verdict.mutant for verdict in self.verdicts() if verdict.reason or verdict.comparison == comparison}
        return [mutant.number for mutant in self.design.mutants if mutant.number not in done]

    def _fate(self, mutant: Mutant, killer: Verdict | None, say: Say) -> Fate:
        if killer is not None:
            return Fate(self.name, mutant, killer, False)
        path = self.folder / f"proof-{mutant.number}.json"
        if not path.exists():
            say(f"{self.name}, proof of mutant {mutant.number}: {mutant.source}, {mutant.change}")
            write_aside(path, json.dumps(is_equivalent(self._miters, mutant.number)).encode())
        return Fate(self.name, mutant, None, json.loads(path.read_text(encoding="utf-8")))
