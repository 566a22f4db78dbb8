"""What the claims about simulated cores share: a comparison becomes what a case has found."""

from typing import Any

from ceprop.model import Dataset
from ceprop.sim import Comparison, ComparisonPlan, compare
from ceprop.specification import Specification
from ceprop.verification.case import Case, Found


def compared(case: Case, specification: Specification, dataset: Dataset, samples: int, **options: Any) -> Found:
    """Compare a core with the golden model while it works on `samples` samples. The options are those of
    :class:`ceprop.sim.ComparisonPlan`."""
    return found_in(simulated(case, specification, dataset, samples, **options), samples)


def simulated(case: Case, specification: Specification, dataset: Dataset, samples: int, **options: Any) -> Comparison:
    """Return the comparison itself, for a case that compares more."""
    plan = ComparisonPlan(samples=samples, build=case.folder, command=case.command, **options)
    return compare(specification, dataset, plan)


def found_in(comparison: Comparison, samples: int) -> Found:
    """Return what a comparison has found. One that ended early is a difference too."""
    counts = {
        "cores": 1,
        "samples": comparison.samples_compared,
        "steps": comparison.steps_compared,
        "states": comparison.states_compared,
        "weights": comparison.weights_compared,
        "cycles": comparison.cycles,
    }
    first = comparison.first_mismatch
    if first is None and comparison.samples_compared < samples:
        first = f"the simulation ended after {comparison.samples_compared} of {samples} samples"
    return Found(counts, first)


def joined(*found: Found) -> Found:
    """Add the counts of several comparisons of one case. The first difference counts."""
    names = dict.fromkeys(name for one in found for name in one.counts)
    counts = {name: sum(one.counts.get(name, 0) for one in found) for name in names}
    return Found(counts, next((one.mismatch for one in found if one.mismatch), None))
