"""`ceprop bench scaling`: every point, its parts, and the picture."""

import json
from pathlib import Path

import numpy as np
import pytest

from ceprop import CepropError, Specification
from ceprop.cli import run
from ceprop.model import load_dataset
from ceprop.performance.scaling import Point, WaitingLaw, study, with_density
from ceprop.specification.bundled import bundled_specification

DIGITS = str(bundled_specification("digits"))
SMALL = ("layers=[64,12,10]", "phases.free_steps=8", "phases.nudged_steps=4")
SETS = [part for field in SMALL for part in ("--set", field)]


def test_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("ceprop.performance.scaling.SIDES", (1, 3))
    monkeypatch.setattr("ceprop.performance.scaling.HIDDEN", (6, 12))
    monkeypatch.setattr("ceprop.performance.scaling.DENSITIES", (0.1, 1.0))
    picture = tmp_path / "scaling.png"
    assert run(["bench", "scaling", DIGITS, *SETS, "--samples", "5", "--plot", str(picture), "--json", "-"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert [(p["stage"], p["rows"], p["cols"]) for p in found["shapes"]] == [
        (stage, rows, cols) for stage in ("fresh", "after") for rows in (1, 3) for cols in (1, 3)
    ]
    for point in [*found["shapes"], *found["layers"], *found["sparsity"]]:
        assert 0 < point["least"] <= point["slots"] < point["cycles"]
    one, *_, nine = found["shapes"][:4]
    assert one["least"] == one["slots"]
    assert nine["least"] == pytest.approx(one["slots"] / 9)
    assert nine["cycles"] < one["cycles"]
    assert [p["hidden"] for p in found["layers"]] == [6, 6, 12, 12]
    assert found["waiting"].keys() == {"fresh", "after"}
    thin, full = found["sparsity"]
    assert thin["density"] == pytest.approx(6 / 64)
    assert full["density"] == 1
    assert thin["slots"] < full["slots"]


def test_density_keeps_what_is_there_first() -> None:
    specification = Specification.load(bundled_specification("digits"))
    dataset = load_dataset(specification, "digits")
    half = with_density(dataset, 0.5, 50)
    before, after = dataset.train_inputs[:50], half.train_inputs
    assert (np.count_nonzero(after, axis=1) == 32).all()
    there = np.count_nonzero(before, axis=1)
    # A picture with more than that share only loses pixels; one with less only gains them, of the smallest value.
    assert not after[there > 32][before[there > 32] == 0].any()
    assert (after[there <= 32][before[there <= 32] != 0] == before[there <= 32][before[there <= 32] != 0]).all()
    assert set(after[before == 0].tolist()) <= {0, 1}


def test_waiting_law() -> None:
    points = [
        Point("fresh", 64, r, c, 0.2, 100 + 7 * r + 60 / r + 5000, 5000, 4000) for r in (1, 2, 8) for c in (r, 3 * r)
    ]
    law = WaitingLaw.of(points)
    assert (law.constant, law.a_side, law.a_lane) == pytest.approx((100, 7, 60))
    best = law.best_side(28_000)
    assert law.slots_worth(best) == pytest.approx(28_000)

    def cycles(side: float) -> float:
        return 28_000 / side**2 + law.a_side * side + law.a_lane / side

    assert cycles(best) < min(cycles(best * 0.9), cycles(best * 1.1))


def test_bad_input() -> None:
    specification = Specification.load(
        bundled_specification("digits"), ("layers=[64,10]", "update.shifts=[8]", "update.schedule=[]")
    )
    with pytest.raises(CepropError, match="must have a hidden layer"):
        study(specification, load_dataset(specification, "digits"), 5)
    specification = Specification.load(bundled_specification("digits"))
    with pytest.raises(CepropError, match="2000 samples"):
        study(specification, load_dataset(specification, "digits"), 2000)
