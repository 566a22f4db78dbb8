"""`ceprop study`: small studies of the digits, interrupted ones, and bad input."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ceprop.cli import run
from ceprop.common.errors import CepropError
from ceprop.common.records import write_record
from ceprop.experiments.studies.study import Study
from ceprop.experiments.studies.study_plots import draw_study
from ceprop.experiments.studies.study_runs import Run, result_of
from ceprop.experiments.studies.variants import STUDIES, Variant
from ceprop.model import Trainer, load_dataset
from ceprop.specification import Specification
from ceprop.specification.bundled import bundled_specification

TINY = ("layers=[64,8,10]", "phases.free_steps=6", "phases.nudged_steps=2")


def two_variants(base: Specification, epochs: int) -> list[Variant]:
    return [
        Variant("weights", "stochastic", 12),
        Variant("weights", "float", 0, reference=True),
        Variant("weights", "stochastic", 3, ("formats.weight_bits=40",)),
    ]


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> Study:
    monkeypatch.setitem(STUDIES, "tiny", two_variants)
    return Study("tiny", Specification.load(bundled_specification("digits"), TINY), "digits", 2, (1, 2))


def test_result(tiny: Study, tmp_path: Path) -> None:
    calls: list[tuple[int, int]] = []
    result = tiny.run(tmp_path, lambda done, total: calls.append((done, total)))
    assert [point["name"] for point in result["variants"]] == ["weights: stochastic, 12", "weights: float"]
    assert [entry["variant"] for entry in result["left_out"]] == ["weights: stochastic, 3"]
    assert "weight_bits" in result["left_out"][0]["reason"]
    assert [list(point["runs"]) for point in result["variants"]] == [["1", "2"], ["1"]]
    for point in result["variants"]:
        last = [run["test_errors"][-1] for run in point["runs"].values()]
        assert point["test_error"] == pytest.approx(sum(last) / len(last))
        assert 0 < point["test_error"] < 0.6
    assert calls[-1] == (6, 6)
    assert calls == sorted(calls)


def test_interrupted_study_goes_on(tiny: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = tiny.run(tmp_path / "whole", lambda done, total: None)

    def interrupt(done: int, total: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tiny.run(tmp_path / "parts", interrupt)
    assert len(list((tmp_path / "parts").iterdir())) == 1
    assert tiny.run(tmp_path / "parts", lambda done, total: None) == whole
    monkeypatch.setattr(Trainer, "run_epochs", None)  # nothing is learned a second time
    assert tiny.run(tmp_path / "parts", lambda done, total: None) == whole


def test_picture_where_seeds_diverged(tiny: Study, tmp_path: Path) -> None:
    result = tiny.run(tmp_path / "runs", lambda done, total: None)
    point, reference = result["variants"]
    point["runs"]["1"]["diverged"] = "learning diverged"
    lost = point | {"panel": "lost", "test_error": None, "runs": {"1": point["runs"]["1"]}}
    other = point | {"x": 14, "runs": {"1": point["runs"]["2"], "2": point["runs"]["2"]}}
    draw_study(result | {"variants": [point, other, reference, lost]}, tmp_path / "study.png")
    assert (tmp_path / "study.png").read_bytes().startswith(b"\x89PNG")


def test_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("ceprop.experiments.studies.variants._ROUNDINGS", {"stochastic": (8,), "nearest": (24,)})
    monkeypatch.setattr("ceprop.experiments.studies.variants._STATE_BITS", (5,))
    sets = [part for override in TINY for part in ("--set", override)]
    command = ["study", "precision", *sets, "--epochs", "1", "--seeds", "3", "--out", str(tmp_path), "--json", "-"]
    assert run(command) == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["study"], result["data"], result["epochs"], result["seeds"]) == ("precision", "digits", 1, [3])
    assert {point["panel"] for point in result["variants"]} == {"weight bits", "state bits", "rates"}
    assert [entry["variant"] for entry in result["left_out"]] == ["weight bits: nearest, 24"]
    assert (tmp_path / "precision.png").read_bytes().startswith(b"\x89PNG")


def test_only_whole_results_of_this_run_are_read_back(
    tmp_path: Path, damages: Callable[[bytes, int], Iterator[bytes]]
) -> None:
    """Every byte and every length of the file counts: what was altered or cut short is refused in one line."""
    base = Specification.load(bundled_specification("digits"), TINY)
    made = Run(base, "digits", load_dataset(base, "digits").sha256, 1, reference=False)
    whole = result_of(made, tmp_path, lambda: None)
    path = made.file(tmp_path)
    assert result_of(made, tmp_path, lambda: None) == whole
    content = path.read_bytes()
    for damaged in damages(content, 2000):
        path.write_bytes(damaged)
        with pytest.raises(CepropError) as error:
            result_of(made, tmp_path, lambda: None)
        assert str(error.value).startswith(f"study result {path}: ")
        assert "\n" not in str(error.value)
    write_record(path, "study result", {**whole, "dataset_sha256": "0"})
    with pytest.raises(CepropError, match="of a run on other data; give another --out"):
        result_of(made, tmp_path, lambda: None)


def test_one_heading_has_one_measure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The training error of a float run is that after the epoch, as an integer run's is; the one of the predictions
    made while learning has a key of its own in both."""
    base = Specification.load(bundled_specification("digits"), TINY)
    sha256 = load_dataset(base, "digits").sha256
    integer, reference = (result_of(Run(base, "digits", sha256, 2, kind), tmp_path, lambda: None)["history"][0]
                          for kind in (False, True))  # fmt: skip
    for row in (integer, reference):
        # The first epoch begins with a network that knows nothing.
        assert 0 < row["train_error"] < 0.8 * row["online_error"]
    assert reference["train_error"] == pytest.approx(integer["train_error"], abs=0.05)


@pytest.mark.parametrize("name", list(STUDIES))
def test_variants_of_the_examples(name: str) -> None:
    for example in ("digits", "mnist"):
        base = Specification.load(bundled_specification(example))
        variants = list(STUDIES[name](base, 12))
        assert len({variant.name for variant in variants}) == len(variants)
        assert len(Study(name, base, "digits", 12, (1,)).variants()[0]) > len(variants) / 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--seeds", "1,x"], "'1,x': must be different numbers from 0"),
        (["--seeds", "1,1"], "'1,1': must be different numbers from 0"),
        (["--epochs", "0"], "--epochs"),
        (["none.toml"], "specification none.toml: No such file"),
        (["--data", "none"], "none"),
        (["--set", "layers=[65,10]"], "update.shifts"),
        (["--set", "layers=[64,10]", "--set", "update.shifts=[9]", "--set", "update.schedule=[]"], "a hidden layer"),
    ],
)
def test_bad_input(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["study", "rules", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert message in captured.err
    assert list(tmp_path.iterdir()) == []


def test_picture_where_nothing_is_wrong(tiny: Study, tmp_path: Path) -> None:
    result = tiny.run(tmp_path / "runs", lambda done, total: None)
    for point in result["variants"]:
        for one in point["runs"].values():
            one["test_errors"] = [0.0 for _ in one["test_errors"]]
        point["test_error"] = 0.0
    draw_study(result, tmp_path / "study.png")  # a logarithmic axis would warn, and warnings are errors
    assert (tmp_path / "study.png").stat().st_size > 0
