"""What a command warns of: one line on standard error, once, and nothing else changes."""

import warnings
from pathlib import Path

import click
import pytest

from ceprop.cli import cli, run
from ceprop.common.errors import CepropWarning
from ceprop.specification.bundled import bundled_specification

DIGITS = str(bundled_specification("digits"))
TRAIN = ["train", DIGITS, "--set", "layers=[64, 12, 10]", "--samples", "20"]


def test_data_outside_the_quantisers_range(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*TRAIN, "--set", "quantiser.high=12", "--set", "quantiser.low=2"]) == 0
    captured = capsys.readouterr()
    assert "test error" in captured.out
    assert captured.err == (
        "ceprop: warning: 72 % of the values are outside the quantiser's range of quantiser.low = 2 to quantiser.high "
        '= 12 and are cut off there; the data reach from 0 to 16: set low and high so, or quantiser.mode = "minmax"\n'
    )
    for fitting in (["quantiser.high=16"], ["quantiser.mode=minmax", "quantiser.high=12"]):
        assert run([*TRAIN, *(part for field in fitting for part in ("--set", field))]) == 0
        assert capsys.readouterr().err == ""


def test_a_warning_is_shown_once_and_others_as_python_shows_them(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    @click.command()
    def warn() -> None:
        for _ in range(3):
            with warnings.catch_warnings():  # which makes Python forget what it has shown
                warnings.warn("this\nand that", CepropWarning, stacklevel=1)
        with pytest.warns(UserWarning, match="foreign") as foreign:
            warnings.warn("foreign", UserWarning, stacklevel=1)
        assert len(foreign) == 1

    monkeypatch.setitem(cli.commands, "warn", warn)
    assert run(["warn"]) == 0
    assert capsys.readouterr().err == "ceprop: warning: this and that\n"
