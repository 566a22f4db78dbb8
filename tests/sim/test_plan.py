"""A plan refuses what a comparison cannot run, with the field and its range."""

from pathlib import Path
from typing import Any

import pytest

from ceprop.sim import ComparisonPlan


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"samples": 0}, r"samples = 0: must be at least 1"),
        ({"read_every": 0}, r"read_every = 0: must be at least 1"),
        ({"epoch": -1}, r"epoch = -1: must be at least 0"),
        ({"sample": -1}, r"sample = -1: must be at least 0"),
        ({"samples": 3, "interruptions": [1, 2]}, r"interruptions: there are 2, must be one for each of 3"),
        (
            {"samples": 2, "interruptions": [1, 2], "read_every": 2},
            r"read_every = 2: must be 1 where resets interrupt samples",
        ),
        ({"samples": 6, "rewrites": [1]}, r"rewrites: holds 1; must be from 2 to 5, and none next to another"),
        ({"samples": 6, "rewrites": [6]}, r"rewrites: holds 6; must be from 2 to 5"),
        ({"samples": 6, "rewrites": [2, 3]}, r"rewrites: holds 2; must be from 2 to 5, and none next to another"),
    ],
)
def test_a_field_outside_its_range_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        ComparisonPlan(**fields)


def test_folders_may_be_strings() -> None:
    plan = ComparisonPlan(build="build", waves="waves.fst")
    assert (plan.build_folder, plan.wave_file) == (Path("build"), Path("waves.fst"))
    assert (ComparisonPlan().build_folder, ComparisonPlan().wave_file) == (None, None)
