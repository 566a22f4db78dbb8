"""The verdicts on mutants, in a file to which every verdict is added as soon as it is known."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from ceprop.common.errors import CepropError


@dataclass(frozen=True)
class Finding:
    """What the tests say of a mutant.

    Fields
    ------
    killer : str or None
        The test that failed, or what else ended the tests. None where the mutant survived.
    undecided : bool
        Whether the deadline passed before the tests came to an end. Such a mutant survived too.
    seconds : float
        The time that the tests took.
    """

    killer: str | None
    undecided: bool
    seconds: float


@dataclass(frozen=True)
class SourceVerdict(Finding):
    """A finding with what it is of.

    Fields
    ------
    key : str
        The digest of the file with the mutant.
    tests : str
        The digest of the tests on which the finding rests.
    """

    key: str
    tests: str


class KeptVerdicts:
    """The verdicts in a file of JSON lines."""

    def __init__(self, file: Path):
        self._file = file

    def add(self, verdict: SourceVerdict) -> None:
        """Append a verdict. Several processes may do so. Raises :class:`CepropError` where it cannot be written."""
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666)
            try:
                # One write to the end of a file. The first line break ends a line that a killed process has left.
                os.write(descriptor, f"\n{json.dumps(asdict(verdict))}\n".encode())
            finally:
                os.close(descriptor)
        except OSError as error:
            raise CepropError(f"cannot write {self._file}: {error.strerror}") from None

    def read(self) -> dict[str, SourceVerdict]:
        """Return the verdicts by their keys. A line that is not whole is left out.

        Raises :class:`CepropError` where the file cannot be read.
        """
        try:
            lines = self._file.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise CepropError(f"{self._file}: {error}") from None
        found = {}
        for line in lines:
            try:
                verdict = SourceVerdict(**json.loads(line))
            except (ValueError, TypeError):
                continue
            found[verdict.key] = verdict
        return found
