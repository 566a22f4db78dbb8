"""The command line: exit codes, one line an error, JSON, overrides, and nothing half-written."""

import contextlib
import json
import math
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

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


@pytest.fixture(autouse=True)
def elsewhere(odd_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every command runs outside the checkout, in a folder with an odd name."""
    monkeypatch.chdir(odd_folder)
    return odd_folder


def refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """The one line of a refused command."""
    assert run(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("ceprop: ")
    assert captured.err.count("\n") == 1
    return captured.err


def result(arguments: list[str], capsys: pytest.CaptureFixture[str], code: int = 0) -> dict[str, object]:
    """What a command writes as JSON to standard output, where nothing else is."""
    assert run([*arguments, "--json", "-"]) == code
    return json.loads(capsys.readouterr().out)


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
def test_bad_input_is_one_line(
    arguments: list[str], part: str, capsys: pytest.CaptureFixture[str], elsewhere: Path
) -> None:
    assert part in refused(arguments, capsys)
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
    arguments: list[str], part: str, capsys: pytest.CaptureFixture[str], elsewhere: Path
) -> None:
    line = refused(arguments, capsys)
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
    error: Exception, part: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("ceprop.boards.tools.find_tools", fail)
    assert part in refused(["doctor"], capsys)


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


def test_table_in_a_pipe_keeps_names_and_hashes_whole(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["train", DIGITS, *SMALL, "--samples", "1"]) == 0
    assert re.search(r"weights_sha256 +\S +[0-9a-f]{64} ", capsys.readouterr().out)


def test_name_in_brackets_is_no_markup(capsys: pytest.CaptureFixture[str], elsewhere: Path) -> None:
    assert run(["generate", DIGITS, *SMALL, "-o", "[/b] [red]", "--json", "[b]"]) == 0
    assert "[/b] [red]/digits.v" in capsys.readouterr().out
    assert (elsewhere / "[b]").is_file()


def test_interrupt_is_clean(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("ceprop.boards.tools.find_tools", interrupt)
    assert run(["doctor"]) == 130
    assert capsys.readouterr().err.strip() == "ceprop: interrupted"


def test_train_writes_json_checkpoint_and_plot(capsys: pytest.CaptureFixture[str], elsewhere: Path) -> None:
    arguments = ["train", DIGITS, *SMALL, "--epochs", "1", "--checkpoint", "run", "--plot", "curve.png"]
    assert run([*arguments, "--json", "result.json"]) == 0
    assert "test error" in capsys.readouterr().out
    values = json.loads((elsewhere / "result.json").read_text(encoding="utf-8"))
    assert values["epochs"] == 1
    assert values["samples"] == 1437
    assert 0 <= values["test_error"] <= 1
    assert len(values["history"]) == 1
    assert len(values["weights_sha256"]) == len(values["learning_digest"]) == 64
    assert (elsewhere / "curve.png").read_bytes().startswith(b"\x89PNG")


def test_resumed_run_ends_with_the_same_bits(capsys: pytest.CaptureFixture[str]) -> None:
    whole = result(["train", DIGITS, *SMALL, "--samples", "1500"], capsys)
    result(["train", DIGITS, *SMALL, "--samples", "700", "--checkpoint", "run"], capsys)
    resumed = result(["train", DIGITS, *SMALL, "--samples", "1500", "--checkpoint", "run", "--resume"], capsys)
    assert resumed["weights_sha256"] == whole["weights_sha256"]
    assert resumed["history"] == whole["history"]
    assert resumed["samples_learned_now"] == 800


def test_checkpoints_are_never_lost(capsys: pytest.CaptureFixture[str], elsewhere: Path) -> None:
    result(["train", DIGITS, *SMALL, "--samples", "9", "--checkpoint", "run"], capsys)
    content = (elsewhere / "run").read_bytes()
    again = ["train", DIGITS, *SMALL, "--checkpoint", "run", "--samples"]
    assert "exists already" in refused([*again, "20"], capsys)
    assert "already at 9 samples" in refused([*again, "8", "--resume"], capsys)
    assert "another specification" in refused([*again, "20", "--resume", "--seed", "2"], capsys)
    assert (elsewhere / "run").read_bytes() == content
    (elsewhere / "run").write_bytes(content[:-1])
    assert "truncated" in refused([*again, "20", "--resume"], capsys)


def test_seed_is_short_for_set(capsys: pytest.CaptureFixture[str]) -> None:
    short = result(["train", DIGITS, *SMALL, "--samples", "3", "--seed", "5"], capsys)
    long = result(["train", DIGITS, *SMALL, "--samples", "3", "--set", "seed=5"], capsys)
    other = result(["train", DIGITS, *SMALL, "--samples", "3"], capsys)
    assert short["weights_sha256"] == long["weights_sha256"] != other["weights_sha256"]


def test_generate_writes_the_same_bytes_and_lints(capsys: pytest.CaptureFixture[str], elsewhere: Path) -> None:
    shape = ["--set", "array.rows=2", "--set", "array.cols=3"]
    first = result(["generate", DIGITS, *SMALL, *shape, "-o", "first", "--lint"], capsys)
    second = result(["generate", DIGITS, *SMALL, *shape, "-o", "second"], capsys)
    assert [entry["tool"] for entry in first["lint"]] == ["verilator", "icarus", "yosys"]  # pyright: ignore
    assert second["lint"] == []
    for name in ("digits.v", "digits.json"):
        assert (elsewhere / "first" / name).read_bytes() == (elsewhere / "second" / name).read_bytes()
    assert json.loads((elsewhere / "first" / "digits.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(("primitives", "cell"), [("ecp5", "MULT18X18D"), ("ice40", "SB_MAC16")])
def test_generate_for_a_device_lints_too(
    primitives: str, cell: str, capsys: pytest.CaptureFixture[str], elsewhere: Path
) -> None:
    shape = ["--set", "array.rows=1", "--set", "array.cols=2", "--primitives", primitives]
    values = result(["generate", DIGITS, *SMALL, *shape, "-o", "out", "--lint"], capsys)
    assert values["primitives"] == primitives
    assert [entry["tool"] for entry in values["lint"]] == ["verilator", "icarus", "yosys"]  # pyright: ignore
    assert json.loads((elsewhere / "out" / "digits.json").read_text(encoding="utf-8"))["primitives"] == primitives
    assert (elsewhere / "out" / "digits.v").read_text(encoding="utf-8").count(f"\n  {cell} ") == 2


def test_output_that_cannot_be_written(capsys: pytest.CaptureFixture[str], elsewhere: Path) -> None:
    (elsewhere / "file").write_bytes(b"")
    assert "cannot write file: Not a directory" in refused(["generate", DIGITS, "-o", "file"], capsys)
    assert [path.name for path in elsewhere.iterdir()] == ["file"]


SHAPE = ["--set", "array.rows=2", "--set", "array.cols=2"]


@pytest.mark.parametrize("simulator", ["verilator", "icarus"])
def test_sim_proves_the_hash_that_train_ends_with(simulator: str, capsys: pytest.CaptureFixture[str]) -> None:
    trained = result(["train", DIGITS, *SMALL, "--samples", "3"], capsys)
    arguments = ["sim", DIGITS, *SMALL, *SHAPE, "--simulator", simulator, "--samples", "3"]
    values = result(arguments, capsys)
    assert values["mismatches"] == 0
    assert values["samples_compared"] == 3
    assert values["steps_compared"]
    assert values["weights_sha256"] == trained["weights_sha256"]


@pytest.mark.parametrize(
    "options", [["--no-skip"], ["--primitives", "ecp5"], ["--primitives", "ice40", "--read-every", "2"]], ids=" ".join
)
def test_sim_without_skipping_and_for_a_device(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    trained = result(["train", DIGITS, *SMALL, "--samples", "2"], capsys)
    arguments = ["sim", DIGITS, *SMALL, *SHAPE, "--simulator", "icarus", "--samples", "2", *options]
    values = result(arguments, capsys)
    assert values["mismatches"] == 0
    assert values["weights_sha256"] == trained["weights_sha256"]
    assert values["skip"] == ("--no-skip" not in options)
    assert values["primitives"] == next((o for o in options if o in ("ecp5", "ice40")), "portable")
    assert values["followed_samples"] == (1 if "--read-every" in options else 0)
    executed = values["counters"]["free_steps_executed"], values["counters"]["nudged_steps_executed"]  # pyright: ignore
    assert executed == (16, 8) or "--no-skip" not in options


def test_sim_goes_on_from_a_checkpoint(capsys: pytest.CaptureFixture[str]) -> None:
    result(["train", DIGITS, *SMALL, "--samples", "1436", "--checkpoint", "run"], capsys)
    values = result(["sim", DIGITS, *SMALL, *SHAPE, "--samples", "3", "--checkpoint", "run"], capsys)
    trained = result(["train", DIGITS, *SMALL, "--samples", "1439", "--checkpoint", "run", "--resume"], capsys)
    assert values["mismatches"] == 0
    assert values["weights_sha256"] == trained["weights_sha256"]


def test_planted_fault_is_found_and_named(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["sim", DIGITS, *SMALL, *SHAPE, "--samples", "3", "--plant-fault", "weight"]
    assert run([*arguments, "--json", "-"]) == 1
    captured = capsys.readouterr()
    assert json.loads(captured.out)["mismatches"] > 0
    line = captured.err.strip().splitlines()[-1]
    assert line.startswith("ceprop: sample ")
    for part in ("step", "layer", "unit", "seed 1"):
        assert part in line


@pytest.mark.parametrize("simulator", ["verilator", "icarus"])
def test_waveforms_are_written(simulator: str, capsys: pytest.CaptureFixture[str], elsewhere: Path) -> None:
    arguments = ["sim", DIGITS, *SMALL, *SHAPE, "--simulator", simulator, "--samples", "1", "--waves"]
    values = result([*arguments, "--build", "here"], capsys)
    assert values["waves"] == f"here/digits-{simulator}.fst"
    assert (elsewhere / "here" / f"digits-{simulator}.fst").stat().st_size > 1000


def test_simulation_that_ends_early_proves_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from ceprop.sim import Comparison

    empty = Comparison(0, 0, 0, 0, 0, None, "", 0, 0, {}, 0, 0, 0.0, 0.0, 0.0)
    monkeypatch.setattr("ceprop.sim.compare", lambda *_, **__: empty)
    assert "ended after 0 of 20 samples" in refused(["sim", DIGITS], capsys)


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        (["train", "SPEC", "--epochs", "1", "--checkpoint", "a", "--json", "./a"], ("--checkpoint", "--json")),
        (["train", "SPEC", "--epochs", "1", "--plot", "a.png", "--json", "link"], ("--plot", "--json")),
        (["train", "SPEC", "--epochs", "1", "--json", "SPEC"], ("SPEC", "--json")),
        (["pack", "SPEC", "SPEC"], ("SPEC", "FILE")),
        (["boards", "SPEC", "--json", "SPEC"], ("SPEC", "--json")),
        (["flash", "a", "--board", "icebreaker", "--json", "a"], ("BITSTREAM", "--json")),
        (["run", "--spec", "SPEC", "snapshot", "SPEC"], ("--spec", "FILE")),
    ],
)
def test_one_file_for_two_options_is_refused(
    arguments: list[str],
    options: tuple[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    specification = bundled_specification("digits").read_bytes()
    Path("SPEC").write_bytes(specification)
    Path("link").symlink_to("a.png")
    assert run(arguments) == 2
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert "one would overwrite the other" in message
    assert all(option in message for option in options)
    assert Path("SPEC").read_bytes() == specification
    assert not Path("a").exists()
    assert not Path("a.png").exists()


def test_what_is_no_regular_file_takes_several_outputs(tmp_path: Path) -> None:
    places = ["--json", "/dev/null", "--plot", "/dev/null", "--checkpoint", str(tmp_path / "a")]
    assert run(["train", str(bundled_specification("digits")), *SMALL, "--epochs", "1", *places]) == 0


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
