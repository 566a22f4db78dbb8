"""Simulations at the same time in one folder, in any order, each with its own verdict; and what is kept there."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from ceprop.bundled import bundled_specification
from ceprop.cli import run
from ceprop.kept import keep, kept

SMALL = ["--set", "layers=[64, 6, 10]", "--set", "array.rows=2", "--set", "array.cols=2"]
FAULT = ["--plant-fault", "weight"]


def arguments(build: Path, *more: str) -> list[str]:
    return ["sim", str(bundled_specification("digits")), *SMALL, "--samples", "2", "--build", str(build), *more]


def command(*verb: str) -> list[str]:
    return [sys.executable, "-m", "ceprop", *verb]


@pytest.fixture(scope="module", params=["icarus", "verilator"])
def simulator(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def build(simulator: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the core is compiled already."""
    folder = tmp_path_factory.mktemp("shared")
    assert run(arguments(folder, "--simulator", simulator)) == 0
    return folder


@pytest.mark.parametrize("order", [(FAULT, []), ([], FAULT)], ids=["fault-first", "fault-second"])
def test_two_at_once_keep_their_verdicts(order: tuple[list[str], list[str]], simulator: str, build: Path) -> None:
    running = []
    for fault in order:
        running.append(subprocess.Popen(command(*arguments(build, "--simulator", simulator, *fault))))
        time.sleep(0.5)
    assert [process.wait(300) for process in running] == [int(bool(fault)) for fault in order]


def test_two_that_compile_at_once_keep_their_verdicts(simulator: str, tmp_path: Path) -> None:
    verbs = [arguments(tmp_path, "--simulator", simulator, *fault) for fault in (FAULT, [])]
    running = [subprocess.Popen(command(*verb)) for verb in verbs]
    assert [process.wait(300) for process in running] == [1, 0]


def test_only_what_is_whole_is_taken_from_the_folder(simulator: str, build: Path) -> None:
    (compiled,) = build.iterdir()
    before, when = compiled.read_bytes(), compiled.stat().st_mtime_ns
    assert run(arguments(build, "--simulator", simulator)) == 0
    assert compiled.stat().st_mtime_ns == when
    for damaged in (b"", before[:-1], before[:100] + b"x" + before[101:], b"#!/bin/sh\nexit 0\n"):
        compiled.write_bytes(damaged)
        assert run(arguments(build, "--simulator", simulator, *FAULT)) == 1
        assert compiled.stat().st_size == len(before)


def test_what_is_kept_belongs_to_its_key(tmp_path: Path) -> None:
    path = tmp_path / "kept"
    assert kept(path, "key") is None
    keep(path, "key", b"content")
    assert kept(path, "key") == b"content"
    assert kept(path, "other") is None
    path.write_bytes(path.read_bytes() + b"x")
    assert kept(path, "key") is None
