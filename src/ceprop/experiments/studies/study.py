"""A study from its first run to its result."""

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ceprop.common.errors import CepropError
from ceprop.common.report import Advance
from ceprop.experiments.studies.study_runs import Run, result_of
from ceprop.experiments.studies.variants import STUDIES, Variant
from ceprop.model import load_dataset
from ceprop.specification import Specification


@dataclass(frozen=True)
class Study:
    """A study: its name in :data:`STUDIES`, its base specification, its data, the epochs of every run, and the
    seeds."""

    name: str
    base: Specification
    data: str
    epochs: int
    seeds: Sequence[int]

    def run(self, folder: Path, advance: Advance) -> dict[str, Any]:
        """Return the result of every variant as JSON has it. A run whose result lies in `folder` is not
        learned again."""
        variants, left_out = self.variants()
        plan = self._plan(variants)
        total, done = sum(len(runs) for _, runs in plan) * self.epochs, 0

        def epoch_done() -> None:
            nonlocal done
            done += 1
            advance(done, total)

        points = []
        ended = 0
        for variant, runs in plan:
            results = []
            for run in runs:
                results.append(result_of(run, folder, epoch_done))
                ended += 1
                done = ended * self.epochs  # a run that was kept, or that diverged, counts as well
                advance(done, total)
            points.append(_point(variant, self.seeds[: len(runs)], results))
        return {
            "study": self.name,
            "base": self.base.fields(),
            "data": Path(self.data).name,
            "epochs": self.epochs,
            "seeds": list(self.seeds),
            "variants": points,
            "left_out": left_out,
        }

    def _plan(self, variants: list[Variant]) -> list[tuple[Variant, list[Run]]]:
        """Return the runs of every variant, one per seed. A reference has one seed, because it takes much longer."""
        bases = [self.base.override(f"seed={seed}") for seed in self.seeds]
        digests = [load_dataset(base, self.data).sha256 for base in bases]
        seeded = list(zip(bases, digests, strict=True))
        return [
            (
                variant,
                [
                    Run(base.override(*variant.overrides), self.data, digest, self.epochs, variant.reference)
                    for base, digest in (seeded[:1] if variant.reference else seeded)
                ],
            )
            for variant in variants
        ]

    def variants(self) -> tuple[list[Variant], list[dict[str, str]]]:
        """Return the study's variants, and those that the arithmetic of this base does not allow, with the reason."""
        allowed, left_out = [], []
        for variant in STUDIES[self.name](self.base, self.epochs):
            try:
                self.base.override(*variant.overrides)
            except CepropError as error:
                left_out.append({"variant": variant.name, "reason": str(error)})
            else:
                allowed.append(variant)
        return allowed, left_out


def _point(variant: Variant, seeds: Sequence[int], results: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the results of a variant over its seeds. Errors are shares.

    Means are over the seeds whose learning did not diverge. A value is None where no such seed is left; the deviation
    of a single seed is None too.
    """
    ended = [result["history"][-1] for result in results if result["diverged"] is None]
    tests = [row["test_error"] for row in ended]
    return {
        **asdict(variant),
        "name": variant.name,
        "test_error": statistics.fmean(tests) if tests else None,
        "test_deviation": statistics.stdev(tests) if len(tests) > 1 else None,
        "train_error": statistics.fmean(row["train_error"] for row in ended) if ended else None,
        **({} if variant.reference else _period_2(ended)),
        "runs": {
            str(seed): {
                "diverged": result["diverged"],
                "test_errors": [row["test_error"] for row in result["history"]],
                "train_errors": [row["train_error"] for row in result["history"]],
                "last_epoch": result["history"][-1] if result["history"] else None,
            }
            for seed, result in zip(seeds, results, strict=True)
        },
    }


def _period_2(rows: list[dict[str, Any]]) -> dict[str, float | None]:
    """Return the share of the test set's free phases that ended in a cycle of two states, and the error among these
    samples."""
    cycles = sum(row["test_period_2"] for row in rows)
    samples = cycles + sum(row["test_settled"] + row["test_open"] for row in rows)
    wrong = sum(row["test_period_2_errors"] for row in rows)
    return {"period_2": cycles / samples if rows else None, "period_2_error": wrong / cycles if cycles else None}
