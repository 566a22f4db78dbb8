"""A free phase of a single step, for every rule, and in both orders: no step has the sums of a step before it."""

from pathlib import Path

import numpy as np
import pytest

from ceprop.model import Dataset
from ceprop.sim import ComparisonPlan, compare
from ceprop.specification import Specification

pytestmark = pytest.mark.slow

SPECIFICATION = Specification.from_mapping(
    {
        "name": "one-step",
        "layers": [4, 3, 2],
        "formats": {"state_bits": 4, "input_bits": 3, "weight_bits": 8, "weight_fraction": 6},
        "phases": {"free_steps": 1, "nudged_steps": 3},
        "update": {"shifts": [3, 3]},
        "array": {"rows": 1, "cols": 1},
    }
)


@pytest.mark.parametrize(
    ("rule", "order"),
    [("ep", "synchronous"), ("c-ep", "alternating"), ("vf", "alternating"), ("c-vf", "synchronous")],
)
def test_it_learns_what_the_model_learns(rule: str, order: str, tmp_path: Path) -> None:
    specification = SPECIFICATION.override(f"rule='{rule}'", f"phases.order='{order}'")
    draw = np.random.default_rng(5)
    inputs = draw.integers(0, 8, (4, 4)).astype(np.uint16)
    inputs[2] = 0
    labels = np.array([0, 1, 1, 0])
    plan = ComparisonPlan(simulator="icarus", samples=4, read_every=2, build=tmp_path, command="pytest")
    found = compare(specification, Dataset("random", inputs, labels, inputs, labels), plan)
    assert (found.mismatches, found.first_mismatch, found.samples_compared) == (0, None, 4)
    assert found.counters["free_steps_executed"] == 4
    assert found.counters["nudged_steps_executed"] > 4
