"""What is published belongs to the bins and the reasons of the sources, and nothing is missing without a reason."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from ceprop.verification.coverage import EMPTY, POINTS, RUNS, SEED
from ceprop.verification.coverage.hardware import Place
from ceprop.verification.coverage.reasons import SILENT, reason_of

_RESULTS = Path(__file__).parents[3] / "docs/results"


@pytest.fixture(scope="module")
def published() -> dict[str, Any]:
    """The published JSON."""
    return json.loads((_RESULTS / "coverage.json").read_text(encoding="utf-8"))


def test_every_declared_bin_is_counted(published: dict[str, Any]) -> None:
    assert {point: list(bins) for point, bins in published["bins"].items()} == {
        point.name: list(point.bins) for point in POINTS
    }


def test_no_bin_is_empty_without_a_reason(published: dict[str, Any]) -> None:
    empty = {(point, name) for point, bins in published["bins"].items() for name, count in bins.items() if not count}
    assert empty == EMPTY.keys()
    assert {(entry["point"], entry["bin"]): entry["reason"] for entry in published["empty"]} == EMPTY


def test_no_place_is_left_without_a_reason(published: dict[str, Any]) -> None:
    assert published["left"] == []
    for kind, tally in published["totals"].items():
        assert tally["share"] == 1, kind
        assert tally["left"] == 0
        for name in ("places", "reached", "constant", "explained"):
            assert tally[name] == sum(file[kind][name] for file in published["files"].values())


def test_all_comparisons_were_made(published: dict[str, Any]) -> None:
    assert published["seed"] == SEED
    assert list(published["comparisons"]) == [run.name for run in RUNS]
    assert all(
        found["samples"] == run.comparison.samples
        for run, found in zip(RUNS, published["comparisons"].values(), strict=True)
    )


def test_the_page_has_the_numbers_of_the_json(published: dict[str, Any]) -> None:
    page = (_RESULTS / "coverage.md").read_text(encoding="utf-8")
    for point in POINTS:
        for name, sentence in point.bins.items():
            assert f"| {point.name} | {name} | {sentence} | {published['bins'][point.name][name]:,} |" in page
    for kind, tally in published["totals"].items():
        assert re.search(rf"^\| {kind} \| {tally['places']:,} \| {tally['reached']:,} \|", page, re.MULTILINE)


def test_the_cores_have_every_kind_of_hardware() -> None:
    given = [run.specification for run in RUNS]
    arrays = [specification.array for specification in given if specification.array is not None]
    assert {(one.rule, one.phases.order) for one in given} == {
        (rule, order) for rule in ("ep", "c-ep", "vf", "c-vf") for order in ("synchronous", "alternating")
    }
    assert {one.nudge.sign for one in given} == {"positive", "negative", "alternating", "random", "centred"}
    assert {(array.memory_ports, array.input_lists, array.drives) for array in arrays} >= {(1, 1, 1), (2, 2, 2)}


def test_a_reason_is_given_to_its_own_places_only() -> None:
    for silent in SILENT:
        assert silent.reason.endswith(".")
    assert reason_of(Place("hdl/cell/synapse.py", "branch", "update if rst cond_then")) is None
