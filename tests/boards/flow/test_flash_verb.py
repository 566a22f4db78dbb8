"""`ceprop flash`: which program is called how, and what it is not called for."""

import json
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest

from ceprop.boards import board
from ceprop.boards.flow.flashing import send
from ceprop.boards.log_form import LogEntry
from ceprop.boards.protocol import Flash, specification_number
from ceprop.boards.snapshot_form import SnapshotPlaces
from ceprop.cli import run
from ceprop.common.errors import CepropError
from ceprop.specification import Geometry, Specification
from ceprop.specification.bundled import bundled_specification

BuiltBitstream = Callable[..., Path]


def _install(folder: Path, program: str, code: int = 0) -> None:
    """A program that writes down how it was called, and keeps the file that it was to send."""
    path = folder / program
    keep = f'for file; do :; done\ncp "$file" {folder}/sent\necho "$@" | sed "s|$file|FILE|" >{folder}/called'
    path.write_text(f"#!/bin/sh\n{keep}\nexit {code}\n")
    path.chmod(0o755)


def test_verb(
    built_bitstream: BuiltBitstream,
    ecp5: bytes,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    monkeypatch.chdir(tmp_path)
    _install(tmp_path, "dfu-util")
    (tmp_path / "build" / "orangecrab_r0_2_25f").mkdir(parents=True)
    path = built_bitstream(tmp_path / "build" / "orangecrab_r0_2_25f", "orangecrab_r0_2_25f", ecp5, "LFE5U-25F")
    relative = path.relative_to(tmp_path)
    command = ["flash", "--board", "orangecrab_r0_2_25f"]
    assert run([*command, "--dry-run", "--json", "-"]) == 0
    captured = capsys.readouterr()
    values = json.loads(captured.out)
    assert values["command"] == ["dfu-util", "-d", "1209:5af0", "-a", "0", "-D", str(relative)]
    assert not values["sent"]
    assert not (tmp_path / "called").exists()
    assert run([*command, str(path)]) == 0
    assert (tmp_path / "called").read_text() == "-d 1209:5af0 -a 0 -D FILE\n"
    assert (tmp_path / "sent").read_bytes() == path.read_bytes()
    _install(tmp_path, "dfu-util", code=74)
    capsys.readouterr()
    assert run(command) == 2
    assert capsys.readouterr().err == "ceprop: dfu-util: exit code 74; is orangecrab_r0_2_25f connected?\n"
    # A dry run needs no programmer.
    (tmp_path / "dfu-util").unlink()
    assert run([*command, "--dry-run"]) == 0
    assert run(command) == 2
    assert "dfu-util (apt-get install dfu-util) is missing" in capsys.readouterr().err
    _install(tmp_path, "dfu-util")
    (tmp_path / "called").unlink()
    path.write_bytes(ecp5[:-1])
    assert run(command) == 2
    assert "damaged, or not that of report.json" in capsys.readouterr().err
    assert not (tmp_path / "called").exists()
    assert run(["flash", "--board", "ulx3s_85f", str(path), "--dry-run"]) == 2
    assert "it is for LFE5U-25F" in capsys.readouterr().err


def test_a_programmer_that_does_not_end_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("ceprop.boards.flow.flashing._MOST_SECONDS", 0.5)
    program = tmp_path / "waiter"
    program.write_text("#!/bin/sh\nsleep 60\n")
    program.chmod(0o755)
    begun = time.monotonic()
    with pytest.raises(CepropError, match=r"^waiter: took longer than 0.5 s"):
        send([str(program), "file.bin"], b"", board("icebreaker"))
    assert time.monotonic() - begun < 5


def test_a_data_set_goes_to_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    monkeypatch.chdir(tmp_path)
    _install(tmp_path, "openFPGALoader")
    _install(tmp_path, "dfu-util")
    specification = Path(__file__).parents[3] / "examples" / "digits.toml"
    assert run(["pack", str(specification), "set.bin", "--samples", "20", "--held-out", "5"]) == 0
    command = ["flash", "--data-set", "set.bin", "--board"]
    capsys.readouterr()
    assert run([*command, "ulx3s_25f", "--json", "-"]) == 0
    values = json.loads(capsys.readouterr().out)
    assert (values["samples"], values["held_out"], values["epochs"]) == (20, 5, 15)
    assert (values["address"], values["sent"]) == (0x300000, True)
    assert (tmp_path / "called").read_text() == "-b ulx3s -f --file-type raw -o 3145728 FILE\n"
    assert (tmp_path / "sent").read_bytes() == (tmp_path / "set.bin").read_bytes()
    (tmp_path / "called").unlink()
    other = specification.read_text(encoding="utf-8").replace("input_bits = 8", "input_bits = 7")
    (tmp_path / "other.toml").write_text(other, encoding="utf-8")
    assert run([*command, "ulx3s_25f", "--spec", str(specification), "--dry-run"]) == 0
    capsys.readouterr()
    assert run([*command, "ulx3s_25f", "--spec", "other.toml"]) == 2
    assert "packed for another specification, or by another version of ceprop" in capsys.readouterr().err
    assert run([*command, "orangecrab_r0_2_25f"]) == 2
    error = capsys.readouterr().err
    assert error == (
        "ceprop: board orangecrab_r0_2_25f: dfu-util writes bitstreams only; use a JTAG adapter and openFPGALoader\n"
    )
    assert run([*command, "ulx3s_25f", "digits.bit"]) == 2
    whole = (tmp_path / "set.bin").read_bytes()
    for damaged in (b"", whole[:-1], whole + b"\0", whole[:40] + bytes([whole[40] ^ 1]) + whole[41:]):
        (tmp_path / "set.bin").write_bytes(damaged)
        capsys.readouterr()
        assert run([*command, "ulx3s_25f"]) == 2
        assert capsys.readouterr().err.startswith("ceprop: data set set.bin: not a whole one")
    assert not (tmp_path / "called").exists()


def test_a_snapshot_goes_to_its_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is refused where it is cut, and where it belongs to another network."""
    spec, other = tmp_path / "spec.toml", tmp_path / "other.toml"
    text = bundled_specification("digits").read_text(encoding="utf-8").partition("\n[array]")[0]
    array = "\n[array]\nrows = 2\ncols = 1\nmemory_words = 4096\n"
    spec.write_text(text + array, encoding="utf-8")
    other.write_text(text.replace("seed = 1", "seed = 2") + array, encoding="utf-8")
    data, snapshot = tmp_path / "data", tmp_path / "snapshot"
    assert run(["pack", str(spec), str(data), "--samples", "5", "--snapshot", str(snapshot), "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["snapshot"] == str(snapshot)
    asked = ["flash", "--board", "icebreaker", "--dry-run", "--json", "-", "--snapshot", str(snapshot), "--spec"]
    assert run([*asked, str(spec)]) == 0
    done = json.loads(capsys.readouterr().out)
    place = SnapshotPlaces.of(Geometry(Specification.load(spec))).first
    assert (done["number"], done["address"], done["sent"]) == (1, place, False)
    assert done["command"][:3] == ["iceprog", "-o", str(place)]
    refusal = f"ceprop: snapshot {snapshot}: not a whole one of digits with its array\n"
    assert run([*asked, str(other)]) == 2
    assert capsys.readouterr().err == refusal
    snapshot.write_bytes(snapshot.read_bytes()[:-1])
    assert run([*asked, str(spec)]) == 2
    assert capsys.readouterr().err == refusal


def test_a_log_is_erased(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    _install(tmp_path, "iceprog")
    asked = ["flash", "--board", "icebreaker", "--erase-log", "--json", "-"]
    assert run(asked) == 0
    values = json.loads(capsys.readouterr().out)
    assert (values["address"], values["bytes"], values["sent"]) == (Flash.LOG, Flash.LOG_BYTES, True)
    assert (tmp_path / "called").read_text() == f"-o {Flash.LOG} FILE\n"
    assert (tmp_path / "sent").read_bytes() == b"\xff" * Flash.LOG_BYTES


def test_a_log_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    monkeypatch.chdir(tmp_path)
    spec = bundled_specification("digits")
    mark, entry = specification_number(Specification.load(spec).build_digest)[:4], LogEntry(1, 20, 100, 3, 30)
    log = entry.pack(mark).ljust(Flash.LOG_BYTES, b"\xff")
    (tmp_path / "log").write_bytes(log)
    program = tmp_path / "openFPGALoader"
    program.write_text(f'#!/bin/sh\nfor file; do :; done\ncp {tmp_path}/log "$file"\necho "$@" >{tmp_path}/called\n')
    program.chmod(0o755)
    asked = ["flash", "--board", "ulx3s_25f", "--log", "--json", "-"]
    assert run(asked) == 2
    assert "--log: there is no build/ulx3s_25f; --spec must name its specification" in capsys.readouterr().err
    assert run([*asked, "--spec", str(spec)]) == 0
    assert json.loads(capsys.readouterr().out)["entries"] == [asdict(entry)]
    called = (tmp_path / "called").read_text().split()
    assert called[:-1] == ["-b", "ulx3s", "--dump-flash", "--file-size", "65536", "-o", str(Flash.LOG)]
    (tmp_path / "log").write_bytes(log[:-1])
    assert run([*asked, "--spec", str(spec)]) == 2
    assert "openFPGALoader: read 65,535 bytes in place of 65,536" in capsys.readouterr().err


def test_a_snapshot_goes_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x")
    both = ["flash", "--board", "icebreaker", "--snapshot", str(path)]
    for more, message in (
        ([str(path)], "--snapshot: writes no bitstream; leave out BITSTREAM, and write that by itself"),
        (["--data-set", str(path)], "--snapshot: does not go together with --data-set; give one after the other"),
        (["--log"], "--log: does not go together with --snapshot; give one after the other"),
    ):
        assert run([*both, *more]) == 2
        assert capsys.readouterr().err == f"ceprop: {message}\n"
