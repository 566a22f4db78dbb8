"""Every end of a command: faults, interrupts, closed and full outputs."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ceprop.cli import run
from ceprop.specification.bundled import bundled_specification

DIGITS = str(bundled_specification("digits"))
SMALL = ["--set", "layers=[64, 12, 10]", "--set", "phases.free_steps=8", "--set", "phases.nudged_steps=4"]

Refused = Callable[[list[str]], str]


def test_fault_of_the_program_is_one_line_with_a_code_of_its_own(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fault(*_: object) -> None:
        raise ZeroDivisionError("division by\nzero")

    monkeypatch.setattr("ceprop.boards.tools.find_tools", fault)
    assert run(["doctor"]) == 70
    plain = capsys.readouterr().err
    assert plain.startswith("ceprop: ZeroDivisionError: division by zero; ")
    assert plain.count("\n") == 1
    assert "--debug" in plain
    assert run(["--debug", "doctor"]) == 70
    traced = capsys.readouterr().err
    assert "Traceback" in traced
    assert traced.endswith(plain)


@pytest.mark.parametrize(
    ("error", "part"),
    [(MemoryError(), "out of memory"), (PermissionError(13, "Permission denied", "file"), "file: Permission denied")],
)
def test_what_fails_outside_is_one_line(
    error: Exception, part: str, monkeypatch: pytest.MonkeyPatch, refused: Refused
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("ceprop.boards.tools.find_tools", fail)
    assert part in refused(["doctor"])


def _piped(arguments: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ceprop", *arguments]
    return subprocess.run(command, stderr=subprocess.PIPE, text=True, timeout=60, check=False, **options)


def test_full_output_is_one_line() -> None:
    with Path("/dev/full").open("w") as full:
        done = _piped(["boards"], stdout=full)
    assert (done.returncode, done.stderr) == (2, "ceprop: cannot write or open the output: No space left on device\n")


@pytest.mark.parametrize("arguments", [["boards"], ["boards", "--json", "-"], ["--help"]], ids=" ".join)
def test_reader_that_has_gone_ends_the_command_quietly(arguments: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = _piped(arguments, stdout=writer)
    os.close(writer)
    # Under --json - the table goes to standard error, which is open.
    assert done.returncode == 141
    assert "Traceback" not in done.stderr
    assert "ceprop:" not in done.stderr


def test_interrupt_is_clean(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("ceprop.boards.tools.find_tools", interrupt)
    assert run(["doctor"]) == 130
    assert capsys.readouterr().err.strip() == "ceprop: interrupted"


@pytest.mark.parametrize(("ending", "code"), [("KeyboardInterrupt", 130), ("MemoryError", 2), ("KeyError", 70)])
def test_what_ends_in_the_middle_of_a_design_is_one_line(ending: str, code: int, tmp_path: Path) -> None:
    script = f"""
import sys
from ceprop.cli import main
from ceprop.hdl.array import SynapseArray

def elaborate(self, platform):
    raise {ending}

SynapseArray.elaborate = elaborate
main(["generate", sys.argv[1], "-o", sys.argv[2]])
"""
    command = [sys.executable, "-c", script, DIGITS, str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert [line[:8] for line in done.stderr.splitlines() if line] == ["ceprop: "]


@pytest.mark.parametrize(
    ("closing", "code", "said"),
    [
        (">&-", 2, "ceprop: the standard output is closed; send it to a file or to /dev/null\n"),
        (">&- 2>&-", 2, ""),
        ("2>&-", 0, ""),
        ("<&-", 0, ""),
    ],
)
def test_closed_standard_streams(closing: str, code: int, said: str, tmp_path: Path) -> None:
    place = tmp_path / "boards.json"
    script = f'exec "$0" -m ceprop boards --json "$1" {closing}'
    done = subprocess.run(["sh", "-c", script, sys.executable, str(place)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (code, said)
    assert place.exists() == (code == 0)


def test_matplotlib_is_quiet_where_no_settings_can_be_kept(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    environment = {name: value for name, value in os.environ.items() if name != "MPLCONFIGDIR"}
    environment |= {"HOME": str(tmp_path / "file"), "TMPDIR": str(tmp_path)}
    for name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
        environment.pop(name, None)
    script = "import ceprop.cli; ceprop.cli.run(['--version']); import matplotlib; print(matplotlib.get_configdir())"
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert done.stdout.splitlines()[-1] == str(tmp_path / f"ceprop-cache-{os.geteuid()}" / "matplotlib")
