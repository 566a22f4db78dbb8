"""`ceprop demo`: the whole way, from any folder, with everything that it promises to write."""

import json
from pathlib import Path

import pytest

from ceprop.cli import run

pytestmark = pytest.mark.slow


def test_demo(odd_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(odd_folder)
    assert run(["demo", "--json", "-"]) == 0
    values = json.loads(capsys.readouterr().out)
    assert values["mismatches"] == 0
    assert values["simulators"] == ["verilator", "icarus"]
    assert values["samples_compared"] == 81
    assert values["steps_compared"] > 62
    assert values["test_error"] < 0.1
    assert values["seconds"] > 0
    assert Path(values["verilog"]).read_text(encoding="utf-8").count("endmodule") > 1
    folder = odd_folder / "build" / "demo"
    assert json.loads((folder / "summary.json").read_text(encoding="utf-8")) == values
    for name in ("learning_curve.png", "confusion_matrix.png"):
        assert (folder / name).read_bytes().startswith(b"\x89PNG")
    assert (folder / "digits.checkpoint").stat().st_size > 4 * 64 * 64
    assert json.loads((folder / "digits.json").read_text(encoding="utf-8"))
