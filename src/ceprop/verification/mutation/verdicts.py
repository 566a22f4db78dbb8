"""The verdicts on mutants, in a file to which every verdict is added as soon as it is known."""

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from ceprop.common.errors import CepropError

Reason = Literal["mismatch", "check", "hang", "end"]
"""What killed a mutant: a value that differs from the model, a violated check, a core that does not answer, or a
simulation that ended by itself."""


@dataclass(frozen=True)
class Verdict:
    """The verdict of one comparison on one mutant.

    Fields
    ------
    mutant : int
        The number of the mutant, or 0 for the design without a change.
    comparison : str
        The name of the comparison.
    reason : str or None
        What killed the mutant, or None where the comparison found nothing.
    finding : str or None
        The first difference in words.
    """

    mutant: int
    comparison: str
    reason: Reason | None
    finding: str | None


def add_verdict(path: Path, verdict: Verdict) -> None:
    """Append a verdict to a file. Several processes may do so. Raises OSError where it cannot be written."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666)
    try:
        # One write to the end of a file. The first line break ends a line that a killed process has left.
        os.write(descriptor, f"\n{json.dumps(asdict(verdict))}\n".encode())
    finally:
        os.close(descriptor)


def verdicts_in(path: Path) -> list[Verdict]:
    """Return the verdicts in a file, or none where it is missing. Raises :class:`CepropError` where it cannot be
    read. A line that is not whole is left out."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        raise CepropError(f"{path}: {error}") from None
    return list(_understood(lines))


def _understood(lines: list[str]) -> Iterator[Verdict]:
    for line in lines:
        try:
            yield Verdict(**json.loads(line))
        except (ValueError, TypeError):
            continue


def reason_of(finding: str) -> Reason:
    """Return what killed a mutant, from the first difference that the comparison of a core reports."""
    if "violated checks" in finding:
        return "check"
    return "hang" if "the core hangs" in finding else "mismatch"
