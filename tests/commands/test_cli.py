"""The command line: help, usage errors, bad input in one line, and lists of options."""

import contextlib
import math
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ceprop import __version__
from ceprop.cli import cli, run
from ceprop.commands.options import parse_seeds
from ceprop.commands.reproduce_angles import parse_angles
from ceprop.common.errors import one_line
from ceprop.specification.bundled import bundled_specification

DIGITS = str(bundled_specification("digits"))
SMALL = ["--set", "layers=[64, 12, 10]", "--set", "phases.free_steps=8", "--set", "phases.nudged_steps=4"]

Refused = Callable[[list[str]], str]


def test_installed_command() -> None:
    command = shutil.which("ceprop", path=str(Path(sys.executable).parent))
    assert command, "ceprop is not installed beside this Python: pip install -e '.[development]'"
    done = subprocess.run([command, "--version"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, f"ceprop, version {__version__}\n")
    done = subprocess.run([command, "generate", "none.toml", "-o", "out"], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (
        2,
        "",
        "ceprop: specification none.toml: No such file or directory\n",
    )


def test_help_stays_fast() -> None:
    heavy = "numpy numba amaranth matplotlib sklearn cocotb"
    program = f"import sys, ceprop.cli; sys.exit(' '.join(m for m in '{heavy}'.split() if m in sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stderr.strip() == ""


@pytest.mark.parametrize("verb", [[], *([name] for name in cli.commands)])
def test_every_verb_has_help(verb: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*verb, "--help"]) == 0
    assert "Usage: ceprop" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        ["fly"],
        ["train"],
        ["train", DIGITS, "--epochs", "0"],
        ["train", DIGITS],
        ["train", DIGITS, "--epochs", "1", "--samples", "1"],
        ["train", DIGITS, "--epochs", "1", "--resume"],
        ["sim", DIGITS, "--simulator", "questa"],
        ["sim", DIGITS, "--samples", "0"],
        ["sim", DIGITS, "--primitives", "gowin"],
        ["sim", DIGITS, "--read-every", "0"],
        ["generate", DIGITS, "-o", "out", "--primitives", "none"],
        ["generate", DIGITS],
        ["generate", DIGITS, "--colour"],
    ],
)
def test_usage_errors(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("ceprop: ")
    assert captured.err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["train", DIGITS, "--epochs", "1", "--set", "nudge.shift=99"], "nudge.shift = 99: must be from 1 to 15"),
        (["train", DIGITS, "--epochs", "1", "--seed", "x"], "seed = 'x'"),
        (["train", DIGITS, "--epochs", "1", "--data", "nowhere"], "nowhere"),
        (["train", DIGITS, "--samples", "5", "--plot", "x.png"], "finish no epoch"),
        (["train", DIGITS, "--epochs", "1", "--checkpoint", "none", "--resume"], "nothing to --resume"),
        (["sim", DIGITS, "--set", "array.rows=0"], "array.rows = 0: must be from 1 to 64"),
        (["sim", DIGITS, "--checkpoint", "none"], "checkpoint none: No such file"),
        (["generate", DIGITS, "-o", "out", "--set", "array.memory_words=9"], "array.memory_words"),
    ],
)
def test_bad_input_is_one_line(arguments: list[str], part: str, elsewhere: Path, refused: Refused) -> None:
    assert part in refused(arguments)
    assert not list(elsewhere.iterdir())


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["train", DIGITS, "--samples", "1", "--json", ""], "the name is empty"),
        (["train", DIGITS, "--samples", "1", "--json", "."], "it is a folder"),
        (["train", DIGITS, "--samples", "1", "--json", f"{DIGITS}/x"], "Not a directory"),
        (["train", DIGITS, "--samples", "1", "--checkpoint", "x" * 300], "File name too long"),
        (["train", DIGITS, "--epochs", "1", "--plot", f"{DIGITS}/x.png"], "Not a directory"),
        (["train", DIGITS, "--epochs", "1", "--plot", "x.pdf"], "x.pdf: must end in .png"),
        (["train", DIGITS, "--samples", "1", "--data", ""], "the name is empty"),
        (["train", DIGITS, "--samples", "1000000000000"], "1000000000000 is not in the range"),
        (["train", DIGITS, "--epochs", "1000000000000"], "1000000000000 is not in the range"),
        (["sim", DIGITS, "--samples", "1000000000000"], "1000000000000 is not in the range"),
        (["sim", DIGITS, "--build", DIGITS], "Not a directory"),
        (["train", DIGITS, "--samples", "1", "--set", "layers=[64, 32768, 32768, 10]"], "1,076,166,656 weights"),
        (["generate", DIGITS, "-o", "out", "--set", "layers=[64, 32768, 32768, 10]"], "1,076,166,656 weights"),
        (["train", DIGITS, "--samples", "1", "--set", f"seed={'9' * 5000}"], "seed = '99"),
        (["train", DIGITS, "--samples", "1", "--set", f"seed={'[' * 5000}"], "seed = '[["),
        (["train", "/dev/zero", "--samples", "1"], "more than 1,048,576 bytes"),
        (["train", "[/b]\x1b[31m", "--samples", "1"], "[/b]\\x1b[31m"),
        (["build", DIGITS, "--board", "generic", "--clock-mhz", "nan"], "'nan' must be a finite number"),
        (["run", "train"], "--port must be given"),
    ],
)
def test_what_cannot_be_done_is_refused_before_the_work(
    arguments: list[str], part: str, elsewhere: Path, refused: Refused
) -> None:
    line = refused(arguments)
    assert part in line
    assert len(line) <= len("ceprop: ") + 300 + 1
    assert line.rstrip("\n").isprintable()
    assert not list(elsewhere.iterdir())


@settings(max_examples=2000, derandomize=True, deadline=5000)
@given(st.one_of(st.text(), st.text("0123456789,.-+eEinfa ")))
def test_lists_of_options_are_numbers_or_refused(text: str) -> None:
    parameter = click.Option(["--list"])
    context = click.Context(cli)
    for parse, least, most in ((parse_seeds, 0, math.inf), (parse_angles, 0, 180)):
        with contextlib.suppress(click.BadParameter):
            assert all(least <= value <= most for value in parse(context, parameter, text))


def test_one_line_keeps_both_ends() -> None:
    assert one_line("a\n b\tc") == "a b c"
    assert one_line("\x1b[31m\u2028\udcff\x00") == "\\x1b[31m \\udcff\\x00"
    long = one_line("begin " + "x" * 1000 + " end")
    assert len(long) == 300
    assert long.startswith("begin xxx")
    assert long.endswith("xxx end")
    assert " ... " in long


@pytest.mark.parametrize("group", [[], *([name] for name, verb in cli.commands.items() if hasattr(verb, "commands"))])
def test_summaries_are_whole(group: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*group, "--help"]) == 0
    summaries = capsys.readouterr().out.partition("Commands:\n")[2].splitlines()
    assert len(summaries) > 2
    for line in summaries:
        assert line.endswith("."), line
        assert not line.endswith("..."), line


@pytest.mark.parametrize("verb", [["run", name] for name in ("train", "selftest", "infer", "load")])
def test_help_of_a_verb_of_run_needs_no_port(verb: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*verb, "--help"]) == 0
    assert f"Usage: ceprop {' '.join(verb)}" in capsys.readouterr().out


def test_module_is_the_command() -> None:
    done = subprocess.run([sys.executable, "-m", "ceprop", "--version"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, f"ceprop, version {__version__}\n")


def test_table_in_a_pipe_keeps_names_and_hashes_whole(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["train", DIGITS, *SMALL, "--samples", "1"]) == 0
    assert re.search(r"weights_sha256 +\S +[0-9a-f]{64} ", capsys.readouterr().out)


def test_name_in_brackets_is_no_markup(capsys: pytest.CaptureFixture[str], elsewhere: Path) -> None:
    smallest = ["--set", "array.rows=1", "--set", "array.cols=1"]
    assert run(["generate", DIGITS, *SMALL, *smallest, "-o", "[/b] [red]", "--json", "[b]"]) == 0
    assert "[/b] [red]/digits.v" in capsys.readouterr().out
    assert (elsewhere / "[b]").is_file()
