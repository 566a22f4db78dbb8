"""The result of a run: the rows of its table, and its JSON."""

import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ceprop import __version__
from ceprop.common.processes import output_of, processor_cores
from ceprop.verification.campaign import ClaimResult

COLUMNS = ("claim", "evidence", "count", "mismatches", "not covered")
_SECONDS = 10.0


def table_rows(results: Sequence[ClaimResult]) -> list[tuple[str, ...]]:
    """Return one row per claim, with the cells of :data:`COLUMNS`."""
    return [
        (
            f"{result.claim.name}: {result.claim.claim}",
            result.claim.evidence,
            count_text(result.cases, result.counts),
            f"{result.mismatches:,}",
            result.claim.not_covered,
        )
        for result in results
    ]


def count_text(cases: int, counts: Any) -> str:
    """Return the counts of a claim as text, with the number of its cases."""
    parts = [f"{count:,} {name.replace('_', ' ')}" for name, count in counts.items()]
    return f"{cases:,} cases: {', '.join(parts)}"


def as_result(
    results: Sequence[ClaimResult], tools: dict[str, str], seed: int, full: bool, case: int | None, seconds: float
) -> dict[str, Any]:
    """Return the JSON of a run. Its keys stay the same from version to version. `case` is the number of the only case
    of each claim, or None where there were more."""
    return {
        "version": __version__,
        "commit": commit_of(Path(__file__).resolve().parents[3]),
        "machine": {"system": platform.system(), "machine": platform.machine(), "cores": processor_cores()},
        "tools": tools,
        "seed": seed,
        "full": full,
        "case": case,
        "seconds": round(seconds, 1),
        "claims": [
            {
                "name": result.claim.name,
                "claim": result.claim.claim,
                "evidence": result.claim.evidence,
                "unit": result.claim.unit,
                "cases": result.cases,
                "counts": dict(result.counts),
                "mismatches": result.mismatches,
                "first_mismatch": result.first_mismatch,
                "not_covered": result.claim.not_covered,
                "seconds": result.seconds,
            }
            for result in results
        ],
    }


def commit_of(checkout: Path) -> str | None:
    """Return the commit of a git checkout, or None where there is none. `-dirty` follows where files were changed."""
    if not (checkout / ".git").exists():
        return None
    code, text = output_of(["git", "describe", "--always", "--dirty", "--abbrev=40"], folder=checkout, seconds=_SECONDS)
    return text.strip() if code == 0 else None
