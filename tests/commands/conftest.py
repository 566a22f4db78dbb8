"""What the tests of every verb share."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ceprop.cli import run


@pytest.fixture(autouse=True)
def elsewhere(odd_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every command runs outside the checkout, in a folder with an odd name."""
    monkeypatch.chdir(odd_folder)
    return odd_folder


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str]) -> Callable[[list[str]], str]:
    """Runs a command that must be refused; returns its one line."""

    def run_refused(arguments: list[str]) -> str:
        assert run(arguments) == 2
        captured = capsys.readouterr()
        assert captured.out == ""
        assert captured.err.startswith("ceprop: ")
        assert captured.err.count("\n") == 1
        return captured.err

    return run_refused


@pytest.fixture
def result(capsys: pytest.CaptureFixture[str]) -> Callable[..., dict[str, Any]]:
    """Runs a command; returns what it writes as JSON to standard output, where nothing else is."""

    def run_for_json(arguments: list[str], code: int = 0) -> dict[str, Any]:
        assert run([*arguments, "--json", "-"]) == code
        return json.loads(capsys.readouterr().out)

    return run_for_json
