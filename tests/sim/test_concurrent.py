"""Simulations at the same time in one folder, in any order, each with its own verdict; and what is kept there."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from ceprop import CepropError
from ceprop.cli import run
from ceprop.kept import keep, kept
from ceprop.locks import only_here

FAULT = ["--plant-fault", "weight"]


def arguments(tiny: Path, build: Path, *more: str) -> list[str]:
    return ["sim", str(tiny), "--samples", "2", "--build", str(build), *more]


def start(verb: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "ceprop", *verb], stdout=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def build(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the core is compiled already."""
    folder = tmp_path_factory.mktemp("shared")
    assert run(arguments(tiny, folder)) == 0
    return folder


@pytest.mark.parametrize("order", [(FAULT, []), ([], FAULT)], ids=["fault-first", "fault-second"])
def test_two_at_once_keep_their_verdicts(order: tuple[list[str], list[str]], tiny: Path, build: Path) -> None:
    running = []
    for fault in order:
        running.append(start(arguments(tiny, build, *fault)))
        time.sleep(0.5)
    assert [process.wait(300) for process in running] == [int(bool(fault)) for fault in order]


def test_two_that_compile_at_once_keep_their_verdicts(tiny: Path, tmp_path: Path) -> None:
    running = [start(arguments(tiny, tmp_path, "--simulator", "icarus", *fault)) for fault in (FAULT, [])]
    assert [process.wait(300) for process in running] == [1, 0]


def test_a_damaged_simulation_is_compiled_again(tiny: Path, build: Path) -> None:
    (compiled,) = build.iterdir()
    before, when = compiled.read_bytes(), compiled.stat().st_mtime_ns
    assert run(arguments(tiny, build)) == 0
    assert compiled.stat().st_mtime_ns == when
    compiled.write_bytes(before[:1000] + b"x" + before[1001:])
    assert run(arguments(tiny, build, *FAULT)) == 1
    assert compiled.stat().st_size == len(before)


def test_what_is_kept_belongs_to_its_key(tmp_path: Path) -> None:
    path = tmp_path / "kept"
    assert kept(path, "key") is None
    keep(path, "key", b"content")
    assert kept(path, "key") == b"content"
    assert kept(path, "other") is None
    whole = path.read_bytes()
    for damaged in (b"", whole[:-1], whole + b"x", b"x" + whole[1:], whole[:-1] + b"x", b"#!/bin/sh\nexit 0\n"):
        path.write_bytes(damaged)
        assert kept(path, "key") is None


def test_waveforms_of_two_runs_do_not_mix(tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    verb = arguments(tiny, tmp_path, "--waves", "--simulator", "icarus")
    with only_here(tmp_path / "tiny-icarus.fst"):
        assert run(verb) == 2
    assert "another ceprop is at work on it" in capsys.readouterr().err
    assert not (tmp_path / "tiny-icarus.fst").exists()


def test_a_lock_is_for_one_and_leaves_nothing(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "file"):
        with only_here(path), pytest.raises(CepropError, match="another ceprop is at work on it"), only_here(path):
            pass
        with only_here(path):
            pass
    assert list(tmp_path.iterdir()) == []


def test_a_lock_that_a_killed_process_left_is_free(tmp_path: Path) -> None:
    script = "import os, pathlib, sys, ceprop.locks as locks\n"
    script += "with locks.only_here(pathlib.Path(sys.argv[1])):\n    os.kill(os.getpid(), 9)"
    assert subprocess.run([sys.executable, "-c", script, str(tmp_path)]).returncode == -9
    assert len(list(tmp_path.iterdir())) == 1
    with only_here(tmp_path):
        pass
