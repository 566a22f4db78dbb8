"""`ceprop bench SPEC --core-only`: what it measures, what it keeps, and bad input."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ceprop import Specification
from ceprop.boards import Board, CriticalPath, Implementation
from ceprop.cli import run
from ceprop.model import Network, Span, Trainer, load_dataset
from ceprop.performance.cycle_replay import Costs, learn, replay
from ceprop.performance.limits import limits
from ceprop.sim import Comparison, compare
from ceprop.specification import Geometry
from ceprop.specification.bundled import bundled_specification

DIGITS = str(bundled_specification("digits"))
SMALL = ("layers=[64,12,10]", "phases.free_steps=8", "phases.nudged_steps=4", "array.rows=2", "array.cols=2")
SETS = [part for field in SMALL for part in ("--set", field)]
COMMAND = ["bench", DIGITS, *SETS, "--core-only", "--board", "ulx3s_25f"]
COMMAND += ["--samples", "6", "--epochs", "1", "--seeds", "1,2"]


def routed(specification: Specification, board: Board, folder: Path, *, seed: int) -> Implementation:
    """A stand-in for place and route, which takes minutes and has tests of its own: the second seed is the fastest."""
    used = {"luts": 2000, "flip_flops": 2000, "multipliers": 4, "block_rams": 4, "sprams": 0}
    path = CriticalPath("a", "b", 1.0, 4.0)
    room = board.device.room.named()
    clock = {1: 200.0, 2: 220.0, 3: 210.0}[seed]
    return Implementation(board.name, board.device.name, seed, clock, None, used, room, {}, path, 1.0, str(folder), {})


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("ceprop.performance.core_bench.implement", routed)
    return tmp_path


@pytest.mark.slow
def test_bench(elsewhere: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert run([*COMMAND, "--json", "-"]) == 0
    found = json.loads(capsys.readouterr().out)["core_alone"]
    assert found["mismatches"] == 0
    assert found["first_mismatch"] is None
    assert found["samples"] == 6
    assert found["samples_compared"] == {"fresh": 6, "after": 6, "inference": 6, "dense": 6}
    assert found["fmax_mhz"] == 200
    for stage in ("fresh", "after", "inference"):
        rate, cycles = found["samples_per_second"][stage], found["cycles_per_sample"][stage]
        assert rate == pytest.approx(200e6 / cycles)
        low, high = found["samples_per_second_interval"][stage]
        assert low <= rate <= high
        assert 0 < found["occupancy"][stage] <= found["limit_ratio"][stage] <= 1
    assert found["cycles_per_sample"]["inference"] < found["cycles_per_sample"]["fresh"]
    assert 0 < found["dense"]["nudged_occupancy"] <= found["dense"]["nudged_occupancy_limit"] <= 1

    # The network after the simulated samples is the golden model's.
    specification = Specification.load(bundled_specification("digits"), SMALL)
    dataset = load_dataset(specification, "digits")
    trainer = Trainer.start(specification, dataset)
    trainer.run(6)
    assert found["weights_sha256"]["fresh"] == trainer.network.weights_sha256()
    trainer.run(1437)
    assert found["weights_sha256"]["after"] == trainer.network.weights_sha256()
    trainer.run_epochs(2)
    errors = found["golden"]["test_errors"]
    assert errors["1"] == trainer.history[0].test_error
    assert found["golden_test_error"] == pytest.approx((errors["1"] + errors["2"]) / 2)

    # A second run simulates and trains nothing that did not change, and finds the same.
    monkeypatch.setattr("ceprop.performance.throughput.compare", None)
    monkeypatch.setattr("ceprop.experiments.training_over_seeds.train_to", None)
    assert run([*COMMAND, "--json", "-"]) == 0
    again = json.loads(capsys.readouterr().out)["core_alone"]
    for changing in ("golden_samples_per_second",):
        assert again.pop(changing) != found.pop(changing)
    assert again == found

    # Of three placements the second, which is the fastest, counts.
    assert run([*COMMAND, "--placements", "3", "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["core_alone"]["fmax_mhz"] == 220
    kept = next((elsewhere / "build/bench/rtl").glob("*.json"))
    kept.write_text("{", encoding="utf-8")
    # What is damaged is measured again, and that is said.
    monkeypatch.setattr("ceprop.performance.throughput.compare", compare)
    assert run([*COMMAND, "--json", "-"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["core_alone"]["weights_sha256"] == found["weights_sha256"]
    assert captured.err.count("it is made again\n") == 1
    assert captured.err.startswith(f"ceprop: measurement {kept.relative_to(elsewhere)}: damaged, it is not JSON; ")


def test_mismatch_is_named_and_not_kept(
    elsewhere: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    differs = Comparison(3, 30, 300, 900, 1, "sample 2: step 4", "", 1, 3000, {"slots": 2000}, 0, 0, 1.0, 2.0, 1e3)
    monkeypatch.setattr("ceprop.performance.throughput.compare", lambda *_, **__: differs)
    assert run([*COMMAND, "--json", "result.json"]) == 1
    found = json.loads((elsewhere / "result.json").read_text(encoding="utf-8"))["core_alone"]
    assert (found["mismatches"], found["first_mismatch"]) == (4, "sample 2: step 4")
    assert found["samples_compared"]["fresh"] == 3
    assert capsys.readouterr().err == "ceprop: sample 2: step 4\n"
    assert not list((elsewhere / "build/bench").glob("rtl/*.json"))


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["--board", "none"], "board none: must be one of"),
        (["--board", "ulx3s_25f", "--samples", "1438"], "1438 samples: digits has 1437"),
        (["--board", "ulx3s_25f", "--set", "array.rows=8", "--set", "array.cols=8"], "needs 64 multipliers"),
        (["--board", "ulx3s_25f", "--samples", "1"], "--samples"),
        ([], "--board"),
    ],
)
def test_bad_input(arguments: list[str], part: str, elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["bench", DIGITS, *SETS, "--core-only", *arguments]) == 2
    error = capsys.readouterr().err
    assert error.startswith("ceprop: ")
    assert error.count("\n") == 1
    assert part in error
    assert not list(elsewhere.iterdir())


@pytest.mark.parametrize("arguments", [["--help"], ["board", "--help"], ["model", "--help"], [DIGITS, "--help"]])
def test_help(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["bench", *arguments]) == 0
    assert "Usage: ceprop bench" in capsys.readouterr().out


def test_replay_is_the_training_run() -> None:
    specification = Specification.load(bundled_specification("digits"), SMALL)
    geometry, dataset = Geometry(specification), load_dataset(specification, "digits")
    network = Network.initial(specification)
    before = network.weights_sha256()
    parts = [replay(geometry, dataset, network, Span(0, 0, 20), learn=True).whole]
    assert network.weights_sha256() == before
    learn(network, dataset, Span(0, 0, 7))
    parts.append(replay(geometry, dataset, network, Span(0, 7, 13), learn=True).whole)
    assert parts[0].cycles[7:].tolist() == parts[1].cycles.tolist()
    trainer = Trainer.start(specification, dataset)
    trainer.run(7)
    assert network.weights_sha256() == trainer.network.weights_sha256()
    inferred = replay(geometry, dataset, network, Span(0, 7, 13), learn=False)
    assert not inferred.nudged.cycles.any()
    assert (inferred.whole.cycles <= parts[1].cycles).all()


def test_limits() -> None:
    costs = Costs(np.array([100, 100]), np.array([60, 40]), np.array([50, 40]), np.array([30, 20]))
    two, one = limits(costs, 2), limits(costs, 1)
    assert (two.multipliers, two.memory, two.tighter) == (100, 90, "multipliers")
    assert (two.ratio, two.occupancy, two.largest_occupancy) == (0.5, 0.5, 1.0)
    assert (one.memory, one.tighter, one.ratio) == (140, "memory ports", 0.7)
    assert one.largest_occupancy == pytest.approx(100 / 140)
    assert replace(one, cycles=140).ratio == 1
