"""What a build keeps: taken from there wherever it was moved, and made again where anything of it is damaged."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ceprop.boards import board
from ceprop.boards.flow.bitstream import Design
from ceprop.boards.flow.build import REPORT, build, read_report
from ceprop.boards.flow.build_record import Build
from ceprop.boards.flow.routing import CriticalPath
from ceprop.boards.flow.seeds import make_bitstream
from ceprop.boards.flow.synthesis import NETLIST, Synthesis, synthesize
from ceprop.boards.parts.clocks import choose_clock
from ceprop.boards.parts.devices import Resources
from ceprop.cli import run
from ceprop.common.cached import cached
from ceprop.common.errors import CepropError
from ceprop.common.records import write_record
from ceprop.specification import Geometry, Specification

SMALL = Specification.from_mapping(
    {
        "name": "small",
        "layers": [5, 4, 3],
        "formats": {"state_bits": 4, "input_bits": 3, "weight_bits": 8, "weight_fraction": 6},
        "update": {"shifts": [4, 4]},
        "array": {"rows": 1, "cols": 1, "memory_words": 64},
    }
)
BOARD = board("ice40_hx8k_b_evn")
CONTENT = b"the bits of a design"


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is made, in place of what takes minutes."""
    made: list[str] = []

    def pack(_: object, folder: Path, *__: object) -> Path:
        made.append("bitstream")
        (folder / "packed.bin").write_bytes(CONTENT)
        return folder / "packed.bin"

    def found(what: str, result: Any) -> Callable[..., Any]:
        def work(*_: object) -> Any:
            made.append(what)
            return result

        return work

    whole = Resources(luts=1, flip_flops=1)

    def route(_: object, arguments: list[str], __: object) -> Any:
        made.append("routing")
        asked = float(arguments[arguments.index("--freq") + 1])
        return {"fmax": {"clk": {"constraint": asked, "achieved": 99.0}}}

    for name, work in {
        "synthesize": found("synthesis", Synthesis(1.0, whole, whole)),
        "route": route,
        "pack": pack,
        "used": lambda *_: {},
        "critical_path": lambda _: CriticalPath("a", "b", 1.0, 2.0),
        "system_verilog": lambda _: "module ceprop_system();\nendmodule\n",
    }.items():
        monkeypatch.setattr(f"ceprop.boards.flow.bitstream.{name}", work)
    monkeypatch.setattr("ceprop.boards.flow.bitstream.shutil.which", lambda _: None)
    return made


def _make(folder: Path) -> Build:
    design = Design(Geometry(SMALL), BOARD, choose_clock(BOARD, 24e6, 1_000_000), 1_000_000)
    return make_bitstream(design, folder, seeds=(1,), jobs=1, progress=lambda _: None)


def test_it_is_found_from_another_folder(made: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here" / "deeper").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here")
    first = _make(Path("work"))
    assert made == ["synthesis", "routing", "bitstream"]
    for place, folder in (("here/deeper", "../work"), (".", "here/work")):
        monkeypatch.chdir(tmp_path / place)
        again = _make(Path(folder))
        assert Path(again.bitstream).read_bytes() == CONTENT
        assert again.sha256 == first.sha256
    monkeypatch.chdir(tmp_path)
    shutil.move("here/work", "moved")
    assert Path(_make(Path("moved")).bitstream).read_bytes() == CONTENT
    assert made == ["synthesis", "routing", "bitstream"]


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-9])


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("build.json", _cut),
        ("build.json", _flip),
        ("build.json", lambda path: path.write_text("{}")),
        ("build.json", lambda path: path.write_bytes(b"\xff\xfe")),
        ("build.json", lambda path: write_record(path, "build", {"bitstream": "packed.bin"})),
        ("packed.bin", _cut),
        ("packed.bin", _flip),
        ("packed.bin", Path.unlink),
    ],
)
def test_what_is_damaged_is_made_again(
    name: str, damage: Callable[[Path], object], made: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = _make(tmp_path)
    damage(Path(first.bitstream).parent / name)
    capsys.readouterr()
    again = _make(tmp_path)
    assert again == first
    assert hashlib.sha256(Path(again.bitstream).read_bytes()).hexdigest() == again.sha256
    assert made == ["synthesis", "routing", "bitstream"] * 2
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    assert line.startswith("ceprop: b")
    assert line.endswith("; it is made again\n")
    made.clear()
    assert _make(tmp_path) == first
    assert not made
    assert not capsys.readouterr().err


def test_a_build_delivers_what_is_whole(made: list[str], tmp_path: Path) -> None:
    """The bitstream and its report, whatever became of those that were there."""
    first = build(SMALL, BOARD, tmp_path)
    for path in tmp_path.rglob("packed.bin"):
        _flip(path)
    (tmp_path / "small.bin").write_bytes(b"damaged")
    (tmp_path / REPORT).write_text("damaged")
    assert build(SMALL, BOARD, tmp_path).sha256 == first.sha256
    assert (tmp_path / "small.bin").read_bytes() == CONTENT
    assert read_report(tmp_path / REPORT)["sha256"] == hashlib.sha256(CONTENT).hexdigest()


def test_a_check_that_was_left_out_is_named(
    made: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    SMALL.save(tmp_path / "small.toml")
    assert run(["build", str(tmp_path / "small.toml"), "--board", BOARD.name, "-o", str(tmp_path)]) == 0
    left_out = "the clock a second time, by icetime, which is missing: apt-get install fpga-icestorm"
    row = next(line for line in capsys.readouterr().out.splitlines() if "not checked" in line)
    assert left_out in row
    assert read_report(tmp_path / REPORT)["checks_left_out"] == [left_out]


def test_a_record_with_any_byte_altered_is_not_taken(
    made: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = Path(_make(tmp_path).bitstream).parent / "build.json"
    whole = path.read_bytes()
    assert cached(path, "build", Build.from_fields) is not None
    for number in range(2000):
        place = number * 7919 % len(whole)
        path.write_bytes(whole[:place] + bytes([whole[place] ^ (1 + number % 255)]) + whole[place + 1 :])
        assert cached(path, "build", Build.from_fields) is None
        assert capsys.readouterr().err.count("\n") == 1
    for length in range(0, len(whole), 3):
        path.write_bytes(whole[:length])
        assert cached(path, "build", Build.from_fields) is None


@pytest.mark.parametrize("damage", [_cut, _flip, Path.unlink])
@pytest.mark.parametrize("name", [NETLIST, "synthesis.json"])
def test_a_netlist_that_is_damaged_is_made_again(
    name: str,
    damage: Callable[[Path], object],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    runs: list[str] = []

    def run_tool(_: object, __: object, folder: Path, log: str) -> None:
        runs.append(log)
        for file, module in (("cell.json", "cell"), ("whole.json", "top")):
            counts = {"modules": {f"\\{module}": {"num_cells_by_type": {"SB_LUT4": 7, "SB_DFFE": 3}}}}
            (folder / file).write_text(json.dumps(counts))
        (folder / NETLIST).write_text(f"a netlist in {folder}")

    monkeypatch.setattr("ceprop.boards.flow.synthesis.run_tool", run_tool)
    first = synthesize("script", "top", tmp_path)
    assert (first.whole.luts, first.whole.flip_flops) == (7, 3)
    assert synthesize("script", "top", tmp_path) == first
    assert len(runs) == 1
    damage(tmp_path / name)
    again = synthesize("script", "top", tmp_path)
    assert (again.cell, again.whole) == (first.cell, first.whole)
    assert (tmp_path / NETLIST).read_text() == f"a netlist in {tmp_path}"
    assert len(runs) == 2
    said = capsys.readouterr().err
    assert said.count("; it is made again\n") == (0 if (name, damage) == ("synthesis.json", Path.unlink) else 1)


def test_a_report_of_another_kind_is_refused(tmp_path: Path) -> None:
    write_record(tmp_path / REPORT, "measurement", {})
    with pytest.raises(CepropError, match=r"report\.json: a 'measurement', not a build report$"):
        read_report(tmp_path / REPORT)
