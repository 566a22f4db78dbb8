"""`ceprop generate`: the same bytes each time, accepted by every tool."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ceprop.specification.bundled import bundled_specification

DIGITS = str(bundled_specification("digits"))
SMALL = ["--set", "layers=[64, 12, 10]", "--set", "phases.free_steps=8", "--set", "phases.nudged_steps=4"]

Refused = Callable[[list[str]], str]
Result = Callable[..., dict[str, Any]]


@pytest.mark.slow
def test_generate_writes_the_same_bytes_and_lints(elsewhere: Path, result: Result) -> None:
    shape = ["--set", "array.rows=2", "--set", "array.cols=3"]
    first = result(["generate", DIGITS, *SMALL, *shape, "-o", "first", "--lint"])
    second = result(["generate", DIGITS, *SMALL, *shape, "-o", "second"])
    assert [entry["tool"] for entry in first["lint"]] == ["verilator", "icarus", "yosys"]  # pyright: ignore
    assert second["lint"] == []
    for name in ("digits.v", "digits.json"):
        assert (elsewhere / "first" / name).read_bytes() == (elsewhere / "second" / name).read_bytes()
    assert json.loads((elsewhere / "first" / "digits.json").read_text(encoding="utf-8"))


@pytest.mark.slow
@pytest.mark.parametrize(("primitives", "cell"), [("ecp5", "MULT18X18D"), ("ice40", "SB_MAC16")])
def test_generate_for_a_device_lints_too(primitives: str, cell: str, elsewhere: Path, result: Result) -> None:
    shape = ["--set", "array.rows=1", "--set", "array.cols=2", "--primitives", primitives]
    values = result(["generate", DIGITS, *SMALL, *shape, "-o", "out", "--lint"])
    assert values["primitives"] == primitives
    assert [entry["tool"] for entry in values["lint"]] == ["verilator", "icarus", "yosys"]  # pyright: ignore
    assert json.loads((elsewhere / "out" / "digits.json").read_text(encoding="utf-8"))["primitives"] == primitives
    assert (elsewhere / "out" / "digits.v").read_text(encoding="utf-8").count(f"\n  {cell} ") == 2


def test_output_that_cannot_be_written(elsewhere: Path, refused: Refused) -> None:
    (elsewhere / "file").write_bytes(b"")
    assert "cannot write file: Not a directory" in refused(["generate", DIGITS, "-o", "file"])
    assert [path.name for path in elsewhere.iterdir()] == ["file"]
