"""`ceprop run`: a board on a port, and the simulated one."""

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from ceprop.boards.log_form import SLOT_BYTES, LogEntry
from ceprop.boards.parts.registry import board
from ceprop.boards.protocol import Flash, specification_number
from ceprop.boards.resources.choose import specification_for
from ceprop.cli import run
from ceprop.model import Trainer, load_checkpoint, load_dataset
from ceprop.specification import Specification
from ceprop.specification.bundled import bundled_specification

DIGITS = specification_for(Specification.load(bundled_specification("digits")), board("icebreaker"))
_NO_SNAPSHOT = "no whole snapshot of this specification lies in its flash"
FEW_UNITS = "layers=[64, 4, 10]"
"""A tenth of the weights, for a simulated line carries each of them there and back."""


@pytest.fixture(autouse=True)
def elsewhere(odd_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every command runs outside the checkout, in a folder with an odd name."""
    monkeypatch.chdir(odd_folder)
    return odd_folder


@pytest.fixture
def result(capsys: pytest.CaptureFixture[str]):
    """What a command writes as JSON to standard output, where nothing else is."""

    def of(*arguments: str, code: int = 0) -> dict[str, Any]:
        assert run(["run", *arguments, "--json", "-"]) == code
        return json.loads(capsys.readouterr().out)

    return of


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str]):
    """The one line of a refused command."""

    def of(*arguments: str) -> str:
        assert run(["run", *arguments]) == 2
        captured = capsys.readouterr()
        assert captured.out == ""
        assert captured.err.startswith("ceprop: ")
        assert captured.err.count("\n") == 1
        return captured.err

    return of


def test_train_snapshot_restore_infer(board_double, serve, result) -> None:
    trained = model(30).network.weights_sha256()
    double = board_double(DIGITS)
    with serve(double) as port:
        values = result("--port", port, "train", "--samples", "20", "--snapshot", "twenty")
        assert (values["mismatches"], values["board"], values["array"]) == (0, "icebreaker", [1, 1])
        assert (values["samples"], values["epoch"], values["sample"]) == (20, 0, 20)
        assert values["core_samples_per_second"] == pytest.approx(12_000)
        assert values["bound"] == "line"
        values = result("--port", port, "train", "--samples", "10", "--checkpoint", "twenty")
        assert values["weights_sha256"] == trained
        values = result("--port", port, "snapshot", "thirty", "--trained", "30")
        assert values["weights_sha256"] == trained
        double.network = type(double.network).initial(DIGITS)
        assert result("--port", port, "restore", "thirty")["weights_sha256"] == trained
        values = result("--port", port, "infer", "--samples", "50")
        assert (values["mismatches"], len(values["predictions"])) == (0, 50)
        assert 0 < values["test_error"] < 1
        trainer = load_checkpoint(DIGITS, load_dataset(DIGITS, "digits"), Path("thirty"))
        trainer.run(10)
    assert trainer.network.weights_sha256() == model(40).network.weights_sha256()


def test_the_log_in_flash(board_double, serve, result, refused) -> None:
    double = board_double(DIGITS)
    entries = [LogEntry(epoch, 7, 1000, epoch, 200) for epoch in (1, 2, 3)]
    mark = specification_number(DIGITS.build_digest)[:4]
    damaged = entries[1].pack(b"else").ljust(SLOT_BYTES, b"\xff")
    slots = [entry.pack(mark).ljust(SLOT_BYTES, b"\xff") for entry in entries]
    double.flash = bytes(Flash.LOG) + b"".join((*slots[:2], damaged, slots[2]))
    with serve(double) as port:
        assert refused("--port", port, "load") == f"ceprop: port {port}: {_NO_SNAPSHOT}\n"
        values = result("--port", port, "log")
    assert values == {"board": "icebreaker", "entries": [asdict(entry) for entry in entries]}


def model(samples: int, *overrides: str) -> Trainer:
    """The golden model after its first samples."""
    specification = DIGITS.override(*overrides)
    trainer = Trainer.start(specification, load_dataset(specification, "digits"))
    trainer.run(samples)
    return trainer


def test_a_board_that_learns_wrongly_is_found(board_double, serve, capsys: pytest.CaptureFixture[str]) -> None:
    double = board_double(DIGITS)
    learn = double._run

    def forget(inputs: Any, label: int) -> None:
        learn(inputs, label)
        double.network.weights[0][2, 3] ^= 1

    double._run = forget
    with serve(double) as port:
        arguments = ["run", "--port", port, "--board", "icebreaker", "train", "--samples", "3", "--snapshot", "bad"]
        assert run([*arguments, "--json", "-"]) == 1
    captured = capsys.readouterr()
    assert json.loads(captured.out)["mismatches"] > 0
    line = captured.err.strip().splitlines()[-1]
    for part in ("ceprop: sample 3, weights of layer 1, unit 2 from unit 3: model ", "hardware", "seed 1; ceprop"):
        assert part in line
    assert not Path("bad").exists()


def test_bad_input_is_one_line(board_double, serve, refused) -> None:
    assert "port /dev/none: no such port" in refused("--port", "/dev/none", "selftest")
    assert "--port sim: --board must say which, one of icebreaker" in refused("--port", "sim", "selftest")
    assert "board icebraker: must be one of" in refused("--port", "sim", "--board", "icebraker", "selftest")
    assert "--line-noise 0.01: only the line of --port sim" in refused(
        "--port", "x", "--line-noise", "0.01", "selftest"
    )
    message = refused("--port", "x", "--transport", "spi", "selftest")
    assert "--transport spi: is for --port sim only; a serial port is a uart, and a port of SPI has" in message
    assert "ftdi://ftdi:232h/1" in message
    sim = ("--port", "sim", "--board")
    message = refused(*sim, "icebreaker", "--transport", "wishbone", "selftest")
    assert "--transport wishbone: is for --board generic only; icebreaker can have uart or spi" in message
    assert "--pauses 0.5: on --transport uart" in refused(*sim, "generic", "--pauses", "0.5", "selftest")
    assert "--pauses 0.5: only the host of --port sim" in refused("--port", "x", "--pauses", "0.5", "selftest")
    for option, value in (
        ("--clock-mhz", "nan"),
        ("--clock-mhz", "1e300"),
        ("--line-noise", "nan"),
        ("--baud", "1" * 11),
    ):
        assert option in refused("--port", "x", option, value, "selftest")
    large = ("--set", "array.rows=2", "--set", "array.cols=3", "--set", "layers=[64, 16, 10]")
    message = refused(*sim, "icebreaker", *large, "selftest")
    assert "array 2x3: needs " in message
    assert (
        "icebreaker (iCE40UP5K) has 5,280; 1x1 fits with array.memory_ports = 1; --board generic simulates" in message
    )
    assert "specification none.toml" in refused("--port", "x", "--spec", "none.toml", "train")
    assert "checkpoint none: No such file" in refused("--port", "x", "restore", "none")
    assert "9999 samples: digits has 1437" in refused(
        "--port", "sim", "--board", "icebreaker", "selftest", "--samples", "9999"
    )
    with serve(board_double(DIGITS)) as port:
        assert "built from another specification" in refused("--port", port, "--seed", "2", "train")
        assert "the board is icebreaker, not upduino_v3" in refused("--port", port, "--board", "upduino_v3", "train")


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Where the simulation is compiled, once."""
    return str(tmp_path_factory.mktemp("build"))


@pytest.mark.slow
@pytest.mark.xdist_group("run")
def test_what_no_board_holds_is_simulated(build: str, result) -> None:
    # One cell, for its simulation is compiled soon.
    small = ("--set", "array.rows=1", "--set", "array.cols=1")
    place = ("--port", "sim", "--board", "generic", "--build", build, "--transport", "axi4-stream", *small)
    assert result(*place, "selftest", "--samples", "10")["mismatches"] == 0
    assert result(*place, "--pauses", "0.5", "train", "--samples", "20")["mismatches"] == 0


# On one worker, which then generates and compiles each of the boards once.
@pytest.mark.xdist_group("run")
@pytest.mark.parametrize(("transport", "noise"), [("uart", "0.01"), ("spi", "0")])
@pytest.mark.slow
def test_a_simulated_board_passes(transport: str, noise: str, build: str, result, soon_compiled) -> None:
    place = ("--port", "sim", "--board", "icebreaker", "--build", build, "--set", FEW_UNITS)
    place += ("--transport", transport, "--line-noise", noise)
    with soon_compiled():
        tested = result(*place, "selftest", "--samples", "10")
        trained = result(*place, "train", "--data", "digits", "--samples", "40")
    assert tested["mismatches"] == trained["mismatches"] == 0
    assert trained["weights_sha256"] == model(40, FEW_UNITS).network.weights_sha256()
    link = trained["link"]
    if noise == "0":
        # On a slow machine the host may still have asked twice.
        assert link["damaged_replies"] == link["refusals"] == 0
    else:
        assert link["frames_resent"] > 0
    assert trained["samples_per_second"] > 0


@pytest.mark.slow
@pytest.mark.xdist_group("run")
def test_a_run_says_nothing_on_standard_error(build: str) -> None:
    # The board of the first test here, which is compiled already.
    small = ("--set", "array.rows=1", "--set", "array.cols=1")
    place = ("--port", "sim", "--board", "generic", "--build", build, "--transport", "axi4-stream", *small)
    command = [sys.executable, "-m", "ceprop", "run", *place, "selftest", "--samples", "2"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert (done.returncode, done.stderr) == (0, "")
