"""`ceprop sim`: the hardware learns what the model learns, and faults are found."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ceprop.cli import run
from ceprop.specification.bundled import bundled_specification

pytestmark = pytest.mark.slow

DIGITS = str(bundled_specification("digits"))
SMALL = ["--set", "layers=[64, 5, 10]", "--set", "phases.free_steps=8", "--set", "phases.nudged_steps=4"]

Refused = Callable[[list[str]], str]
Result = Callable[..., dict[str, Any]]


SHAPE = ["--set", "array.rows=2", "--set", "array.cols=2"]

# On one worker, which then generates and compiles this core once.
same_core = pytest.mark.xdist_group("sim of one core")


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The option for a folder that keeps the compiled simulation for the tests of this file."""
    return ["--build", str(tmp_path_factory.mktemp("build"))]


@same_core
@pytest.mark.parametrize("simulator", ["verilator", "icarus"])
def test_sim_proves_the_hash_that_train_ends_with(simulator: str, build: list[str], result: Result) -> None:
    trained = result(["train", DIGITS, *SMALL, "--samples", "3"])
    arguments = ["sim", DIGITS, *SMALL, *SHAPE, "--simulator", simulator, "--samples", "3", *build]
    values = result(arguments)
    assert values["mismatches"] == 0
    assert values["samples_compared"] == 3
    assert values["steps_compared"]
    assert values["weights_sha256"] == trained["weights_sha256"]


def test_sim_without_skipping_and_for_a_device(result: Result) -> None:
    trained = result(["train", DIGITS, *SMALL, "--samples", "2"])
    arguments = ["sim", DIGITS, *SMALL, *SHAPE, "--simulator", "icarus", "--samples", "2"]
    values = result([*arguments, "--no-skip", "--primitives", "ecp5", "--read-every", "2"])
    assert values["mismatches"] == 0
    assert values["weights_sha256"] == trained["weights_sha256"]
    assert (values["skip"], values["primitives"], values["followed_samples"]) == (False, "ecp5", 1)
    executed = values["counters"]["free_steps_executed"], values["counters"]["nudged_steps_executed"]  # pyright: ignore
    assert executed == (16, 8)


@same_core
def test_sim_goes_on_from_a_checkpoint(build: list[str], result: Result) -> None:
    result(["train", DIGITS, *SMALL, "--samples", "1436", "--checkpoint", "run"])
    values = result(["sim", DIGITS, *SMALL, *SHAPE, "--samples", "3", "--checkpoint", "run", *build])
    trained = result(["train", DIGITS, *SMALL, "--samples", "1439", "--checkpoint", "run", "--resume"])
    assert values["mismatches"] == 0
    assert values["weights_sha256"] == trained["weights_sha256"]


@same_core
def test_planted_fault_is_found_and_named(build: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["sim", DIGITS, *SMALL, *SHAPE, "--samples", "3", "--plant-fault", "weight", *build]
    assert run([*arguments, "--json", "-"]) == 1
    captured = capsys.readouterr()
    assert json.loads(captured.out)["mismatches"] > 0
    line = captured.err.strip().splitlines()[-1]
    assert line.startswith("ceprop: sample ")
    for part in ("step", "layer", "unit", "seed 1"):
        assert part in line


@pytest.mark.parametrize("simulator", ["verilator", "icarus"])
def test_waveforms_are_written(simulator: str, tiny: Path, tiny_data: Path, elsewhere: Path, result: Result) -> None:
    arguments = ["sim", str(tiny), "--data", str(tiny_data), "--simulator", simulator, "--samples", "1", "--waves"]
    values = result([*arguments, "--build", "here"])
    assert values["waves"] == f"here/tiny-{simulator}.fst"
    assert (elsewhere / "here" / f"tiny-{simulator}.fst").stat().st_size > 1000


def test_simulation_that_ends_early_proves_nothing(monkeypatch: pytest.MonkeyPatch, refused: Refused) -> None:
    from ceprop.sim import Comparison

    empty = Comparison(0, 0, 0, 0, 0, None, "", 0, 0, {}, 0, 0, 0.0, 0.0, 0.0)
    monkeypatch.setattr("ceprop.sim.compare", lambda *_, **__: empty)
    assert "ended after 0 of 20 samples" in refused(["sim", DIGITS])
