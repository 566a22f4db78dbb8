"""`ceprop reproduce` and `ceprop bench model` on the bundled digits."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from matplotlib.axes import Axes

from ceprop.cli import run
from ceprop.experiments import reproduction
from ceprop.experiments.reproduction import resized
from ceprop.model import load_images
from ceprop.model.reference import PAPER_ROWS, mean_gradient_angles


def result(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    """The JSON that a command prints."""
    assert run([*arguments, "--json", "-"]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.slow
@pytest.mark.parametrize("row", ["ep-1h", "c-ep-2h", "c-vf-1h"])
def test_every_row_of_the_table_runs_and_goes_on(row: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = ("reproduce", "table", "--row", row, "--out", str(tmp_path))
    first = result(capsys, *table, "--epochs", "1")["rows"][row]
    second = result(capsys, *table, "--epochs", "2")["rows"][row]
    assert second["histories"]["1"][0] == first["histories"]["1"][0]
    assert second["test_error"] == second["histories"]["1"][1]["test_error"]
    assert second["test_error"] < 0.9
    assert second["within_deviation"] is second["paper"] is None
    assert second["settings"]["layers"] == [64, *([512] * int(row[-2])), 10]
    assert (tmp_path / f"table-{row}-digits.png").stat().st_size > 10_000


def test_the_rule_of_the_papers_text_is_a_run_of_its_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = ("reproduce", "table", "--row", "c-vf-1h", "--epochs", "1", "--out", str(tmp_path))
    sloped, plain = result(capsys, *table), result(capsys, *table, "--without-slopes")
    assert [found["rows"]["c-vf-1h"]["settings"]["partial_drive_slopes"] for found in (sloped, plain)] == [True, False]
    errors = [found["rows"]["c-vf-1h"]["histories"]["1"][0]["train_error"] for found in (sloped, plain)]
    assert errors[0] != errors[1]
    assert len(list(tmp_path.glob("*.npz"))) == 2


def test_the_table_does_not_go_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = ("reproduce", "table", "--row", "ep-1h", "--out", str(tmp_path))
    result(capsys, *table, "--epochs", "2")
    assert run([*table, "--epochs", "1"]) == 2
    assert "already at 2 epochs, more than 1" in capsys.readouterr().err


@pytest.mark.slow
def test_a_worse_angle_is_worse(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ("--angles", "0,180", "--hidden", "32", "--epochs", "6", "--seeds", "1,2", "--out", str(tmp_path))
    small, large = result(capsys, "reproduce", "angle", *options)["angles"]
    assert (small["angle"], large["angle"]) == (0.0, 180.0)
    assert small["test_error"] < large["test_error"]
    assert small["seeds"] == [1, 2]
    # The same runs serve the other figure, so they are not learned anew.
    points = result(capsys, "reproduce", "gradient-angle", *options)["points"]
    angles = {(point["row"], point["weight_angle"]): point["gradient_angle"] for point in points}
    assert points[2]["histories"] == small["histories"]
    assert angles["ep-1h", 0.0] < angles["c-ep-1h", 0.0] < 90 < angles["c-vf-1h", 180.0]
    others = {(point["row"], point["weight_angle"]): point["gradient_angle_without_first_step"] for point in points}
    assert others["ep-1h", 0.0] < others["c-ep-1h", 0.0] < 90 < others["c-vf-1h", 180.0]
    assert all(abs(others[key] - angles[key]) > 0.1 for key in angles)


def test_the_papers_figures_stand_beside_mnist_and_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    table = ["reproduce", "table", "--row", "ep-1h", "--epochs", "1", "--seeds", "1,2", "--out", str(tmp_path)]
    titles: list[str] = []
    monkeypatch.setattr(Axes, "set_title", lambda self, title, **_: titles.append(title))
    assert run(table) == 0
    said = capsys.readouterr().out
    assert "The paper's figures are for MNIST. digits is other data, so they are not shown." in said
    assert all(figure not in said for figure in ("2.00 %", "0.20 %", "paper:", "standard deviation"))
    # The same samples, taken for those of the paper.
    monkeypatch.setattr(reproduction, "_MNIST", load_images("digits", 1).sha256)
    assert run(table) == 0
    said = capsys.readouterr().out
    assert all(figure in said for figure in ("2.00 % ± 0.10", "0.20 %", "shorter than the paper's run"))
    assert [("paper" in title) for title in titles] == [False, True]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("angle", "--angles", "0,181"), "angles must be from 0 to 180 degrees"),
        (("angle", "--angles", "wide"), "must be numbers between commas"),
        (("table", "--seeds", "1,1"), "must be different numbers"),
        (("table", "--row", "c-ep-3h"), "c-ep-3h"),
        (("table", "--row", "ep-1h", "--without-slopes"), "--without-slopes: row ep-1h has no slopes"),
        (("table", "--data", "nowhere", "--row", "ep-1h"), "no such folder"),
    ],
)
def test_bad_input_is_one_line(arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["reproduce", *arguments]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def test_the_reference_and_pytorch_learn_alike() -> None:
    # In a process of its own: the peak of this one has the memory of all tests before.
    command = [sys.executable, "-m", "ceprop", "bench", "model", "--samples", "200", "--json", "-"]
    bench = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    assert bench["largest_difference"] < 1e-5
    assert bench["peak_memory_bytes"] < 2 * 2**30


def test_seeds_that_diverge_are_named_and_leave_the_mean(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from ceprop.model import DivergenceError
    from ceprop.model.reference import ReferenceRow, ReferenceRun

    learn = ReferenceRun.run_epoch

    def fall_apart(self: ReferenceRun, *arguments: Any) -> ReferenceRow:
        if self.settings.seed != 3 and len(self.history) == 1:
            raise DivergenceError("learning diverged in epoch 1: layer 1 is saturated")
        return learn(self, *arguments)

    monkeypatch.setattr(ReferenceRun, "run_epoch", fall_apart)
    table = ("reproduce", "table", "--row", "ep-1h", "--epochs", "2", "--out", str(tmp_path))
    row = result(capsys, *table, "--seeds", "2,3")["rows"]["ep-1h"]
    assert row["seeds"] == [3]
    assert row["diverged"] == {"2": "learning diverged in epoch 1: layer 1 is saturated"}
    assert row["test_error"] == row["histories"]["3"][1]["test_error"]
    assert len(row["histories"]["2"]) == 1
    assert run([*table, "--seeds", "2"]) == 2
    assert "ep-1h: the learning of every seed diverged: learning diverged in epoch 1" in capsys.readouterr().err


@pytest.mark.parametrize(("row", "scale"), [("c-vf-1h", "30"), ("c-vf-1h", "1000"), ("c-ep-1h", "1000")])
def test_rates_that_are_too_large_end_the_run_in_one_line(
    row: str, scale: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = ("reproduce", "table", "--row", row, "--epochs", "1", "--out", str(tmp_path))
    assert run([*table, "--rate-scale", scale]) == 2
    assert "learning diverged in epoch 0" in capsys.readouterr().err


def test_angles_of_updates_where_five_batches_are_not_there() -> None:
    digits = load_images("digits", 1)
    pixels, labels = digits.train
    settings = resized(PAPER_ROWS["c-ep-1h"].settings, 4).but(layers=(64, 4, 10))
    few = replace(digits, train=(pixels[: settings.batch + 1], labels[: settings.batch + 1]))
    first = replace(digits, train=(pixels[: settings.batch], labels[: settings.batch]))
    found, of_first = (mean_gradient_angles(settings, images).all_steps for images in (few, first))
    assert 0 < of_first < 180
    assert 0 < found < 180
    assert found != of_first
