"""What may be sent to which board, and by which program."""

import hashlib
import json
from pathlib import Path

import pytest

from ceprop.boards import board, board_names
from ceprop.boards.flashing import HINTS, PROGRAMMERS, bitstream_of, check_bitstream, find_programmer
from ceprop.cli import run
from ceprop.errors import CepropError

# The head that ecppack writes: a comment, the preamble, RESET_CRC and VERIFY_ID.
_HEAD = b"\xff\x00Part: LFE5U-25F-6CABGA381\x00\xff" + bytes.fromhex("ffffbdb3ffffffff3b000000e2000000")
_ECP5_25 = _HEAD + bytes.fromhex("41111043") + b"\x22" * 32


def _bitstream(folder: Path, name: str, content: bytes, device: str = "") -> Path:
    """A bitstream with the report of a build for board `name`."""
    path = folder / "network.bit"
    path.write_bytes(content)
    report = {"bitstream": path.name, "sha256": hashlib.sha256(content).hexdigest(), "board": name, "device": device}
    (folder / "report.json").write_text(json.dumps(report))
    return path


def test_every_board_has_a_programmer_with_a_hint() -> None:
    assert set(PROGRAMMERS) == set(board_names())
    assert {one.program for suited in PROGRAMMERS.values() for one in suited} == set(HINTS)


def test_an_ecp5_tells_its_device(tmp_path: Path) -> None:
    path = tmp_path / "alone.bit"
    path.write_bytes(_ECP5_25)
    check_bitstream(path, board("ulx3s_25f"))
    message = r"alone\.bit: it is for LFE5U-25F, not for ulx3s_85f \(LFE5U-85F\)$"
    with pytest.raises(CepropError, match=message):
        check_bitstream(path, board("ulx3s_85f"))
    path.write_bytes(_ECP5_25.replace(bytes.fromhex("41111043"), bytes.fromhex("01111043")))
    with pytest.raises(CepropError, match="it is for device 0x01111043, not for ulx3s_25f"):
        check_bitstream(path, board("ulx3s_25f"))
    for content in (b"", b"\xff" * 100, _HEAD[:-4]):
        path.write_bytes(content)
        with pytest.raises(CepropError, match=r"not one of an ECP5$"):
            check_bitstream(path, board("ulx3s_25f"))


def test_the_same_device_on_another_board_is_refused(tmp_path: Path) -> None:
    path = _bitstream(tmp_path, "ulx3s_25f", _ECP5_25, "LFE5U-25F")
    check_bitstream(path, board("ulx3s_25f"))
    with pytest.raises(CepropError, match=r"it is for ulx3s_25f \(LFE5U-25F\), not orangecrab_r0_2_25f"):
        check_bitstream(path, board("orangecrab_r0_2_25f"))


def test_an_ice40_needs_its_own_report(tmp_path: Path) -> None:
    path = _bitstream(tmp_path, "icebreaker", b"\x7e\xaa\x99\x7e", "iCE40UP5K")
    check_bitstream(path, board("icebreaker"))
    with pytest.raises(CepropError, match=r"it is for icebreaker \(iCE40UP5K\), not ice40_hx8k_b_evn"):
        check_bitstream(path, board("ice40_hx8k_b_evn"))
    path.write_bytes(b"another")
    with pytest.raises(CepropError, match=r"no report\.json beside it says which board it is for$"):
        check_bitstream(path, board("icebreaker"))


def test_what_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CepropError, match=r"report\.json: no such file; `ceprop build` writes it"):
        bitstream_of(tmp_path)
    with pytest.raises(CepropError, match=r"none\.bit: No such file"):
        check_bitstream(tmp_path / "none.bit", board("ulx3s_25f"))
    monkeypatch.setenv("PATH", str(tmp_path))
    message = r"^board icebreaker: iceprog \(apt-get install fpga-icestorm\) or openFPGALoader \(.*\) is missing$"
    with pytest.raises(CepropError, match=message):
        find_programmer(board("icebreaker"))


def _install(folder: Path, program: str, code: int = 0) -> None:
    """A program that writes down how it was called."""
    path = folder / program
    path.write_text(f'#!/bin/sh\necho "$@" >{folder}/called\nexit {code}\n')
    path.chmod(0o755)


def test_verb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    monkeypatch.chdir(tmp_path)
    _install(tmp_path, "dfu-util")
    (tmp_path / "build" / "orangecrab_r0_2_25f").mkdir(parents=True)
    path = _bitstream(tmp_path / "build" / "orangecrab_r0_2_25f", "orangecrab_r0_2_25f", _ECP5_25, "LFE5U-25F")
    relative = path.relative_to(tmp_path)
    command = ["flash", "--board", "orangecrab_r0_2_25f"]
    assert run([*command, "--dry-run", "--json", "-"]) == 0
    captured = capsys.readouterr()
    values = json.loads(captured.out)
    assert values["command"] == ["dfu-util", "-d", "1209:5af0", "-a", "0", "-D", str(relative)]
    assert not values["sent"]
    assert not (tmp_path / "called").exists()
    assert run([*command, str(path)]) == 0
    assert (tmp_path / "called").read_text() == f"-d 1209:5af0 -a 0 -D {path}\n"
    _install(tmp_path, "dfu-util", code=74)
    capsys.readouterr()
    assert run(command) == 2
    assert capsys.readouterr().err == "ceprop: dfu-util: exit code 74; is orangecrab_r0_2_25f connected?\n"
    assert run(["flash", "--board", "ulx3s_85f", str(path), "--dry-run"]) == 2
    assert "it is for LFE5U-25F" in capsys.readouterr().err


def test_a_data_set_goes_to_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    monkeypatch.chdir(tmp_path)
    _install(tmp_path, "openFPGALoader")
    _install(tmp_path, "dfu-util")
    specification = Path(__file__).parents[2] / "examples" / "digits.toml"
    assert run(["pack", str(specification), "set.bin", "--samples", "20"]) == 0
    command = ["flash", "--data-set", "set.bin", "--board"]
    capsys.readouterr()
    assert run([*command, "ulx3s_25f", "--json", "-"]) == 0
    values = json.loads(capsys.readouterr().out)
    assert (values["samples"], values["address"], values["sent"]) == (20, 0x300000, True)
    assert (tmp_path / "called").read_text() == "-b ulx3s -f --file-type raw -o 3145728 set.bin\n"
    (tmp_path / "called").unlink()
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
