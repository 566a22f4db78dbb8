"""`ceprop study`: small studies of the digits, interrupted ones, and bad input."""

import json
from pathlib import Path

import pytest

from ceprop.bundled import bundled_specification
from ceprop.cli import run
from ceprop.model import Trainer
from ceprop.specification import Specification
from ceprop.studies.pictures import draw_study
from ceprop.studies.study import Study
from ceprop.studies.variants import STUDIES, Variant

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
    monkeypatch.setattr("ceprop.studies.variants._ROUNDINGS", {"stochastic": (8,), "nearest": (24,)})
    monkeypatch.setattr("ceprop.studies.variants._STATE_BITS", (5,))
    sets = [part for override in TINY for part in ("--set", override)]
    command = ["study", "precision", *sets, "--epochs", "1", "--seeds", "3", "--out", str(tmp_path), "--json", "-"]
    assert run(command) == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["study"], result["data"], result["epochs"], result["seeds"]) == ("precision", "digits", 1, [3])
    assert {point["panel"] for point in result["variants"]} == {"weight bits", "state bits", "rates"}
    assert [entry["variant"] for entry in result["left_out"]] == ["weight bits: nearest, 24"]
    assert (tmp_path / "precision.png").read_bytes().startswith(b"\x89PNG")
    kept = next((tmp_path / "runs").iterdir())
    text = kept.read_text(encoding="utf-8")
    kept.write_text(text.replace('dataset_sha256": "', 'dataset_sha256": "0'), encoding="utf-8")
    assert run(command) == 2
    assert capsys.readouterr().err == f"ceprop: {kept}: a result on other data; give another --out\n"
    kept.write_text("{}", encoding="utf-8")
    assert run(command) == 2
    assert capsys.readouterr().err == f"ceprop: {kept}: not a result of a run; remove it\n"


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
