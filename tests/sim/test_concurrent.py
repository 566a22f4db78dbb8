"""Simulations at the same time in one folder, in any order, each with its own verdict; and what is kept there."""

import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from ceprop import CepropError
from ceprop.cli import run
from ceprop.common.kept_files import keep, kept
from ceprop.common.locks import only_in, only_on
from ceprop.specification.bundled import bundled_specification

pytestmark = pytest.mark.slow

Lock = Callable[[Path], AbstractContextManager[None]]

FAULT = ["--plant-fault", "weight"]

# On one worker, which then compiles the core once.
same_core = pytest.mark.xdist_group("concurrent simulations")


Verb = Callable[..., list[str]]


@pytest.fixture(scope="module")
def verb(tiny: Path, tiny_data: Path) -> Verb:
    """The verb for a folder of compiled simulations, with further arguments."""

    def made(build: Path, *more: str) -> list[str]:
        return ["sim", str(tiny), "--data", str(tiny_data), "--samples", "2", "--build", str(build), *more]

    return made


def start(verb: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "ceprop", *verb], stdout=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def build(verb: Verb, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the core is compiled already."""
    folder = tmp_path_factory.mktemp("shared")
    assert run(verb(folder)) == 0
    return folder


@same_core
def test_two_at_once_keep_their_verdicts(verb: Verb, build: Path) -> None:
    order, running = (FAULT, []), []
    for fault in order:
        running.append(start(verb(build, *fault)))
        time.sleep(0.5)
    assert [process.wait(300) for process in running] == [int(bool(fault)) for fault in order]


def test_two_that_compile_at_once_keep_their_verdicts(verb: Verb, tmp_path: Path) -> None:
    running = [start(verb(tmp_path, "--simulator", "icarus", *fault)) for fault in (FAULT, [])]
    assert [process.wait(300) for process in running] == [1, 0]


@same_core
def test_a_damaged_simulation_is_compiled_again(verb: Verb, build: Path) -> None:
    (compiled,) = build.iterdir()
    before, when = compiled.read_bytes(), compiled.stat().st_mtime_ns
    assert run(verb(build)) == 0
    assert compiled.stat().st_mtime_ns == when
    compiled.write_bytes(before[:1000] + b"x" + before[1001:])
    assert run(verb(build, *FAULT)) == 1
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


def test_waveforms_of_two_runs_do_not_mix(verb: Verb, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with only_on(tmp_path / "tiny-icarus.fst"):
        assert run(verb(tmp_path, "--waves", "--simulator", "icarus")) == 2
    assert "another ceprop is at work on it" in capsys.readouterr().err
    assert not (tmp_path / "tiny-icarus.fst").exists()


@pytest.mark.parametrize("only", [only_on, only_in])
def test_a_lock_is_for_one_and_leaves_nothing(
    only: Callable[[Path], AbstractContextManager[None]], tmp_path: Path
) -> None:
    path = tmp_path / "file or folder"
    with only(path), pytest.raises(CepropError, match="another ceprop is at work on it"), only(path):
        pass
    with only(path), only(tmp_path / "another"):
        pass
    assert [left for left in tmp_path.rglob("*") if left.is_file()] == []


def test_a_lock_that_a_killed_process_left_is_free(tmp_path: Path) -> None:
    script = "import os, pathlib, sys, ceprop.common.locks as locks\n"
    script += "with locks.only_in(pathlib.Path(sys.argv[1])):\n    os.kill(os.getpid(), 9)"
    assert subprocess.run([sys.executable, "-c", script, str(tmp_path)]).returncode == -9
    assert len(list(tmp_path.iterdir())) == 1
    with only_in(tmp_path):
        pass


@pytest.mark.parametrize(
    ("verb", "locked"),
    [
        (["train", "DIGITS", "--samples", "1", "--checkpoint", "run"], "run"),
        (["train", "DIGITS", "--samples", "1", "--checkpoint", "run", "--resume"], "run"),
        (["generate", "SPEC", "-o", "folder"], "folder/.ceprop"),
        (["build", "SPEC", "--board", "icebreaker", "-o", "folder"], "folder/.ceprop"),
        (["build", "SPEC", "--board", "generic", "--clock-mhz", "50", "-o", "folder"], "folder/.ceprop"),
        (["demo", "--output", "folder"], "folder/.ceprop"),
    ],
    ids=lambda value: " ".join(value[:1] + value[6:]) if isinstance(value, list) else "",
)
def test_the_second_of_two_verbs_is_refused(
    verb: list[str], locked: str, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path(locked)
    files = {"SPEC": str(tiny), "DIGITS": str(bundled_specification("digits"))}
    words = [files.get(word, word) for word in verb]
    if "--resume" in verb:
        assert run([word for word in words if word != "--resume"]) == 0
    with only_in(path.parent) if path.name == ".ceprop" else only_on(path):
        assert run(words) == 2
    assert "another ceprop is at work on it" in capsys.readouterr().err
