"""`ceprop train`: JSON, checkpoints, plots and seeds."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ceprop.cli import run
from ceprop.specification.bundled import bundled_specification

DIGITS = str(bundled_specification("digits"))
SMALL = ["--set", "layers=[64, 12, 10]", "--set", "phases.free_steps=8", "--set", "phases.nudged_steps=4"]

Refused = Callable[[list[str]], str]
Result = Callable[..., dict[str, Any]]


def test_train_writes_json_checkpoint_and_plot(capsys: pytest.CaptureFixture[str], elsewhere: Path) -> None:
    arguments = ["train", DIGITS, *SMALL, "--epochs", "1", "--checkpoint", "run", "--plot", "curve.png"]
    assert run([*arguments, "--json", "result.json"]) == 0
    assert "test error" in capsys.readouterr().out
    values = json.loads((elsewhere / "result.json").read_text(encoding="utf-8"))
    assert values["epochs"] == 1
    assert values["samples"] == 1437
    assert 0 <= values["test_error"] <= 1
    assert len(values["history"]) == 1
    assert len(values["weights_sha256"]) == len(values["learning_digest"]) == 64
    assert (elsewhere / "curve.png").read_bytes().startswith(b"\x89PNG")


def test_resumed_run_ends_with_the_same_bits(result: Result) -> None:
    whole = result(["train", DIGITS, *SMALL, "--samples", "1500"])
    result(["train", DIGITS, *SMALL, "--samples", "700", "--checkpoint", "run"])
    resumed = result(["train", DIGITS, *SMALL, "--samples", "1500", "--checkpoint", "run", "--resume"])
    assert resumed["weights_sha256"] == whole["weights_sha256"]
    assert resumed["history"] == whole["history"]
    assert resumed["samples_learned_now"] == 800


def test_checkpoints_are_never_lost(elsewhere: Path, refused: Refused, result: Result) -> None:
    result(["train", DIGITS, *SMALL, "--samples", "9", "--checkpoint", "run"])
    content = (elsewhere / "run").read_bytes()
    again = ["train", DIGITS, *SMALL, "--checkpoint", "run", "--samples"]
    assert "exists already" in refused([*again, "20"])
    assert "already at 9 samples" in refused([*again, "8", "--resume"])
    assert "another specification" in refused([*again, "20", "--resume", "--seed", "2"])
    assert (elsewhere / "run").read_bytes() == content
    (elsewhere / "run").write_bytes(content[:-1])
    assert "truncated" in refused([*again, "20", "--resume"])


def test_seed_is_short_for_set(result: Result) -> None:
    short = result(["train", DIGITS, *SMALL, "--samples", "3", "--seed", "5"])
    long = result(["train", DIGITS, *SMALL, "--samples", "3", "--set", "seed=5"])
    other = result(["train", DIGITS, *SMALL, "--samples", "3"])
    assert short["weights_sha256"] == long["weights_sha256"] != other["weights_sha256"]
