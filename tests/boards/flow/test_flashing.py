"""Which bitstream may be sent to which board."""

from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from ceprop.boards import board, board_names
from ceprop.boards.flow.ecp5_bitstream import DamagedError, check_ecp5
from ceprop.boards.flow.flashing import HINTS, PROGRAMMERS, bitstream_of, check_bitstream, find_programmer
from ceprop.boards.flow.ice40_bitstream import check_ice40
from ceprop.boards.flow.toolchain import PACK, run_tool
from ceprop.common.errors import CepropError
from ceprop.common.records import write_record

_PART = "LFE5U-25F-6CABGA381"
BuiltBitstream = Callable[..., Path]
_VERIFY_ID = bytes.fromhex("e2000000")


def _refused(path: Path, name: str = "ulx3s_25f") -> str:
    """The line with which a bitstream is refused."""
    with pytest.raises(CepropError) as refused:
        check_bitstream(path, board(name))
    return str(refused.value)


def test_every_board_has_a_programmer_with_a_hint() -> None:
    assert set(PROGRAMMERS) == set(board_names())
    assert {one.program for suited in PROGRAMMERS.values() for one in suited} == set(HINTS)


def test_an_ecp5_tells_its_device(ecp5: bytes, tmp_path: Path) -> None:
    path = tmp_path / "alone.bit"
    path.write_bytes(ecp5)
    check_bitstream(path, board("ulx3s_25f"))
    assert _refused(path, "ulx3s_85f").endswith("alone.bit: it is for LFE5U-25F, not for ulx3s_85f (LFE5U-85F)")
    assert f"its head is not that of a bitstream for {board('colorlight_5a_75b').part}" in _refused(
        path, "colorlight_5a_75b"
    )
    path.write_bytes(ecp5.replace(bytes.fromhex("41111043"), bytes.fromhex("01111043")))
    assert "it is for device 0x01111043, not for ulx3s_25f" in _refused(path)
    head = ecp5[: ecp5.index(_VERIFY_ID) + 4]
    for content in (b"", b"\xff" * 100, head[:-4]):
        path.write_bytes(content)
        assert _refused(path).endswith("not one of an ECP5")


@pytest.mark.slow
def test_an_ecp5_that_is_altered_is_refused_by_its_own_crcs(ecp5: bytes, tmp_path: Path) -> None:
    """Every bit of its head and its end, which no CRC covers, and many between; several bits; and cuts anywhere."""
    path, draw = tmp_path / "alone.bit", Random(2)
    target = board("ulx3s_25f")
    ends = [*range(70), *range(len(ecp5) - 40, len(ecp5))]
    flips = [(place, 1 << bit) for place in ends for bit in range(8)]
    flips += [(draw.randrange(len(ecp5)), draw.randrange(1, 256)) for _ in range(400)]
    for place, change in flips:
        damaged = bytearray(ecp5)
        damaged[place] ^= change
        with pytest.raises(DamagedError):
            check_ecp5(bytes(damaged), target.device, target.part)
    cuts = [*range(len(ecp5) - 60, len(ecp5)), *(draw.randrange(len(ecp5)) for _ in range(100))]
    for length in cuts:
        with pytest.raises(DamagedError):
            check_ecp5(ecp5[:length], target.device, target.part)
    for extra in (b"\0", b"\xff", ecp5):
        with pytest.raises(DamagedError, match="more comes after it"):
            check_ecp5(ecp5 + extra, target.device, target.part)
    path.write_bytes(ecp5[:-5])
    assert "alone.bit: damaged: it is cut short" in _refused(path)


def test_a_report_says_what_a_bitstream_must_be(built_bitstream: BuiltBitstream, ecp5: bytes, tmp_path: Path) -> None:
    path = built_bitstream(tmp_path, "ulx3s_25f", ecp5, "LFE5U-25F")
    check_bitstream(path, board("ulx3s_25f"))
    # Whole by its CRCs, but not what was built.
    comment = f"Part: {_PART}\0".encode()
    path.write_bytes(ecp5.replace(comment, b""))
    assert "damaged, or not that of report.json beside it; build it again" in _refused(path)
    other = tmp_path / "other.bit"
    other.write_bytes(ecp5.replace(comment, b""))
    check_bitstream(other, board("ulx3s_25f"))
    # Even a report of another bitstream says which board the folder is for.
    built_bitstream(tmp_path, "orangecrab_r0_2_25f", ecp5, "LFE5U-25F")
    assert "other.bit: it is for orangecrab_r0_2_25f (LFE5U-25F), not ulx3s_25f" in _refused(other)


def test_the_same_device_on_another_board_is_refused(
    built_bitstream: BuiltBitstream, ecp5: bytes, tmp_path: Path
) -> None:
    path = built_bitstream(tmp_path, "ulx3s_25f", ecp5, "LFE5U-25F")
    check_bitstream(path, board("ulx3s_25f"))
    with pytest.raises(CepropError, match=r"it is for ulx3s_25f \(LFE5U-25F\), not orangecrab_r0_2_25f"):
        check_bitstream(path, board("orangecrab_r0_2_25f"))


@pytest.fixture(scope="module")
def ice40(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """What icepack makes of an iCE40UP5K without logic."""
    folder = tmp_path_factory.mktemp("ice40")
    (folder / "network.asc").write_text(".comment none\n.device 5k\n.logic_tile 2 2\n" + ("1" + "0" * 53 + "\n") * 16)
    run_tool(PACK["ice40"], ["network.asc", "network.bin"], folder, "log")
    return (folder / "network.bin").read_bytes()


def test_an_ice40_that_is_altered_is_refused(built_bitstream: BuiltBitstream, ice40: bytes, tmp_path: Path) -> None:
    check_ice40(ice40)
    path, draw = built_bitstream(tmp_path, "icebreaker", ice40, "iCE40UP5K"), Random(3)
    first = ice40.index(b"\x7e\xaa\x99\x7e")
    last = len(ice40.rstrip(b"\0"))
    for number in range(2000):
        damaged = bytearray(ice40)
        damaged[draw.randrange(first + 8, last)] ^= draw.randrange(1, 256)
        with pytest.raises(DamagedError):
            check_ice40(bytes(damaged))
        if number % 20 == 0:
            path.write_bytes(damaged)
            assert "network.bit: damaged: its " in _refused(path, "icebreaker")
    for length in [*range(last - 60, last), *(draw.randrange(last) for _ in range(500))]:
        with pytest.raises(DamagedError):
            check_ice40(ice40[:length])
    path.write_bytes(ice40)
    check_bitstream(path, board("icebreaker"))


def test_an_ice40_needs_its_own_report(built_bitstream: BuiltBitstream, ice40: bytes, tmp_path: Path) -> None:
    path = built_bitstream(tmp_path, "icebreaker", ice40, "iCE40UP5K")
    check_bitstream(path, board("icebreaker"))
    with pytest.raises(CepropError, match=r"it is for icebreaker \(iCE40UP5K\), not ice40_hx8k_b_evn"):
        check_bitstream(path, board("ice40_hx8k_b_evn"))
    alone = tmp_path / "alone" / "network.bin"
    alone.parent.mkdir()
    alone.write_bytes(ice40)
    with pytest.raises(CepropError, match=r"no report\.json beside it says which board it is for$"):
        check_bitstream(alone, board("icebreaker"))
    path.write_bytes(ice40 + b"\0")
    with pytest.raises(CepropError, match=r"no report\.json beside it says which board it is for$"):
        check_bitstream(path, board("icebreaker"))


def test_a_damaged_report_is_one_line(built_bitstream: BuiltBitstream, ice40: bytes, tmp_path: Path) -> None:
    """Whatever byte of it is altered, wherever it is cut short, and whatever it leaves out."""
    path = built_bitstream(tmp_path, "icebreaker", ice40, "iCE40UP5K")
    report = tmp_path / "report.json"
    whole, draw = report.read_bytes(), Random(4)
    damaged = [whole[:length] for length in range(0, len(whole), 7)]
    for _ in range(2000):
        place = draw.randrange(len(whole))
        damaged.append(whole[:place] + bytes([whole[place] ^ draw.randrange(1, 256)]) + whole[place + 1 :])
    for content in damaged:
        report.write_bytes(content)
        line = _refused(path, "icebreaker")
        assert line.startswith(f"build report {report}: ")
        assert "\n" not in line
    write_record(report, "build report", {"bitstream": path.name})
    assert _refused(path, "icebreaker").endswith("not of this version of ceprop; build again")
    with pytest.raises(CepropError, match="build again"):
        bitstream_of(tmp_path)


def test_what_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CepropError, match=r"report\.json: no such file; `ceprop build` writes it"):
        bitstream_of(tmp_path)
    with pytest.raises(CepropError, match=r"none\.bit: No such file"):
        check_bitstream(tmp_path / "none.bit", board("ulx3s_25f"))
    monkeypatch.setenv("PATH", str(tmp_path))
    message = r"^board icebreaker: iceprog \(apt-get install fpga-icestorm\) or openFPGALoader \(.*\) is missing$"
    with pytest.raises(CepropError, match=message):
        find_programmer(board("icebreaker"))
