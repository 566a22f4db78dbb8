"""`ceprop build` and `ceprop boards`: a small network all the way to a bitstream, and what is refused."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from ceprop import CepropError, Specification
from ceprop.boards import board
from ceprop.boards.flow.bitstream import system_verilog
from ceprop.boards.flow.build import build, read_report
from ceprop.boards.flow.build_record import Build, ClockCheck
from ceprop.boards.flow.routing import CriticalPath
from ceprop.cli import run
from ceprop.specification.bundled import bundled_specification

DIGITS = str(bundled_specification("digits"))
SMALL = {
    "name": "small",
    "layers": [5, 4, 3],
    "formats": {"state_bits": 4, "input_bits": 3, "weight_bits": 8, "weight_fraction": 6},
    "update": {"rounding": "stochastic", "shifts": [4, 4]},
    "array": {"rows": 1, "cols": 1, "memory_words": 64},
}


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "small.toml"
    Specification.from_mapping(SMALL).save(path)
    return path


@pytest.mark.slow
@pytest.mark.xdist_group("a board below the RTL")
def test_a_bitstream(
    small_board: Specification, small_board_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small, folder = tmp_path / "small.toml", small_board_folder
    small_board.save(small)
    # The folder may have the placement that tests/boards/levels simulates.
    command = ["build", str(small), "--board", "ice40_hx8k_b_evn", "--no-flash", "--baud", "3000000"]
    command += ["-o", str(folder), "--json", "-"]
    assert run(command) == 0
    found = json.loads(capsys.readouterr().out)
    bitstream = Path(found["bitstream"])
    assert bitstream == folder / "small.bin"
    assert hashlib.sha256(bitstream.read_bytes()).hexdigest() == found["sha256"]
    core = found["clocks"]["core"]
    assert core["achieved"] >= core["constraint"] == pytest.approx(found["core_clock_mhz"], abs=0.001)
    assert found["clock_hz"] == round(found["core_clock_mhz"] * 1e6)
    luts = found["utilization"]["luts"]
    assert 3000 < luts["used"] <= luts["available"] == 7680
    assert found["shape"] == "1x1"
    assert found["seconds"] > 0
    assert found["tools"]["icetime"]
    assert found["checks_left_out"] == []
    assert (found["transport"], found["baud"]) == ("uart", 3_000_000)
    report = json.loads(Path(found["report"]).read_text())
    assert report["bitstream"] == "small.bin"
    assert report["build_digest"] == Specification.load(small).build_digest == found["build_digest"]
    assert report["specification"] == Specification.load(small).fields()
    assert run(command) == 0
    assert json.loads(capsys.readouterr().out) == found


def _build(achieved: float, constraint: float, clocks: Sequence[str] = ("core",)) -> Build:
    """What came of an attempt, as far as the choice of the next one depends on it."""
    return Build(
        bitstream="none.bit",
        sha256="",
        specification={"name": "small"},
        learning_digest="",
        build_digest="",
        board="ulx3s_25f",
        device="LFE5U-25F",
        clock_hz=round(constraint * 1e6),
        core_clock_hz=round(constraint * 1e6),
        baud=1_000_000,
        flash=False,
        stand_alone=False,
        seed=1,
        clocks={name: ClockCheck(constraint, achieved) for name in clocks},
        utilization={},
        critical_path=CriticalPath("a", "b", 1.0, 1.0),
        seconds=1.0,
        routing_seconds=1.0,
        tools={},
        checks_left_out=[],
    )


def test_a_missed_clock_is_tried_lower_twice(monkeypatch: pytest.MonkeyPatch, elsewhere: Path) -> None:
    tried: list[float] = []

    def attempt(design, folder: Path, **_: object) -> Build:  # pyright: ignore[reportMissingParameterType]
        tried.append(design.core_clock_hz / 1e6)
        return _build(0.9 * tried[-1], tried[-1], tuple(design.fastest_hz))

    monkeypatch.setattr("ceprop.boards.flow.build.make_bitstream", attempt)
    missed = r"link [\d.]+ MHz by -10\.0%, core [\d.]+ MHz by -10\.0%, .*"
    message = rf"^ulx3s_25f \(LFE5U-25F\): clocks were missed, {missed}; another seed or a smaller array"
    with pytest.raises(CepropError, match=message):
        build(Specification.from_mapping(SMALL), board("ulx3s_25f"), elsewhere)
    assert len(tried) == 3
    for (before, after), margin in zip(pairwise(tried), (1.04, 1.12), strict=True):
        assert 0.9 * before / margin - 2 < after <= 0.9 * before / margin
    assert not list(elsewhere.iterdir())


@pytest.mark.parametrize(("chosen", "spare", "attempts"), [(True, 1.05, 3), (True, 1.12, 1), (False, 1.05, 1)])
def test_an_array_that_was_chosen_has_a_tenth_to_spare(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, chosen: bool, spare: float, attempts: int
) -> None:
    tried: list[float] = []

    def attempt(design, folder: Path, **_: object) -> Build:  # pyright: ignore[reportMissingParameterType]
        tried.append(design.core_clock_hz / 1e6)
        bitstream = tmp_path / "packed.bit"
        bitstream.write_bytes(b"bits")
        return replace(_build(spare * tried[-1], tried[-1], tuple(design.fastest_hz)), bitstream=str(bitstream))

    monkeypatch.setattr("ceprop.boards.flow.build.make_bitstream", attempt)
    fields = {key: value for key, value in SMALL.items() if key != "array" or not chosen}
    found = build(Specification.from_mapping(fields), board("ulx3s_25f"), tmp_path)
    assert len(tried) == found.seconds == attempts
    assert found.clocks["core"].constraint == tried[-1]
    for before, after in pairwise(tried):
        assert after <= spare * before / 1.1


def test_spi_asks_nothing_of_the_clock(
    monkeypatch: pytest.MonkeyPatch, small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """6 MHz, which is what this board has below 12 MHz, makes no three million baud."""
    (tmp_path / "packed.bin").write_bytes(b"bits")

    def attempt(design, folder: Path, **_: object) -> Build:  # pyright: ignore[reportMissingParameterType]
        assert "spi_clock" in system_verilog(design)
        built = _build(2 * design.clock_hz / 1e6, design.clock_hz / 1e6)
        return replace(built, bitstream=str(tmp_path / "packed.bin"), specification=SMALL, baud=design.baud)

    monkeypatch.setattr("ceprop.boards.flow.build.make_bitstream", attempt)
    monkeypatch.setattr("ceprop.boards.flow.build.expected_mhz", lambda *_: (11.0, 11.0))
    command = ["build", str(small), "--board", "upduino_v3", "-o", str(tmp_path / "out")]
    assert run([*command, "--transport", "spi"]) == 0
    table = " ".join(capsys.readouterr().out.replace("│", " ").split())
    assert "SPI up to 0.7 MHz; JP5: select 23, from host 25, to host 26, clock 27" in table
    report = read_report(tmp_path / "out" / "report.json")
    assert (report["transport"], report["baud"], report["clock_hz"]) == ("spi", None, 6_000_000)
    assert Build.from_fields(report).fields() == report
    assert run([*command, "--baud", "3000000"]) == 2
    assert "baud rate 3,000,000: no clock of upduino_v3" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["--board", "none"], "board none: must be one of icebreaker"),
        (["--board", "ulx3s_25f", "--set", "array.rows=8", "--set", "array.cols=8"], "array 8x8: needs 64 multipliers"),
        (["--board", "generic"], "--clock-mhz must be given"),
        (["--board", "icebreaker", "--clock-mhz", "20"], "--clock-mhz 20: is for --board generic only"),
        (
            ["--board", "icebreaker", "--transport", "wishbone"],
            "--transport wishbone: is for --board generic only; icebreaker can have uart or spi",
        ),
        (["--board", "icebreaker", "--transport", "spi", "--baud", "9600"], "--baud 9600: --transport spi has no baud"),
        (["--board", "colorlight_5a_75b", "--transport", "spi"], "has no pins for SPI here; icebreaker, "),
        (["--board", "generic", "--clock-mhz", "1", "--baud", "3000000"], "baud rate 3,000,000"),
        (
            ["--board", "generic", "--clock-mhz", "4.5", "--baud", "1000000"],
            "baud rate 1,000,000: a clock of 4.5 MHz makes it +12.5%; the nearest are 1,125,000 or 900,000",
        ),
        (
            ["--board", "generic", "--clock-mhz", "5.5", "--baud", "1000000"],
            "-8.3%; the nearest are 1,100,000 or 916,666",
        ),
        (
            ["--board", "generic", "--clock-mhz", "13.4", "--baud", "3000000"],
            "+11.7%; the nearest are 3,350,000 or 2,680,000",
        ),
        (["--board", "generic", "--clock-mhz", "nan"], "--clock-mhz"),
        (["--board", "generic", "--clock-mhz", "inf"], "--clock-mhz"),
        (["--board", "generic", "--clock-mhz", "12", "--baud", "99999999999"], "--baud"),
        (["--board", "ulx3s_25f", "--baud", "100"], "baud"),
    ],
)
def test_bad_input(arguments: list[str], part: str, elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["build", DIGITS, *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1
    assert part in captured.err
    assert not list(elsewhere.iterdir())


@pytest.mark.parametrize(
    ("transport", "port"), [("uart", "rx"), ("spi", "spi_in"), ("axi4-stream", "s_axis_tdata"), ("wishbone", "wb_ack")]
)
def test_verilog_for_any_other_flow(
    transport: str, port: str, small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["build", str(small), "--board", "generic", "--clock-mhz", "12.5", "-o", str(tmp_path / "out")]
    command += ["--baud", "500000"] if transport == "uart" else []
    assert run([*command, "--transport", transport, "--json", "-"]) == 0
    found = json.loads(capsys.readouterr().out)
    manifest = json.loads(Path(found["manifest"]).read_text())
    assert manifest["clock_hz"] == 12_500_000
    assert manifest["transport"]["kind"] == transport
    verilog = Path(found["verilog"]).read_text()
    assert f"module {manifest['top']}(" in verilog
    for name in ("clk", "rst", port, *manifest["ports"]):
        assert name in verilog
        assert name in ("clk", "rst") or manifest["ports"][name]["bits"] in (1, 8, 32)


def test_boards(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["boards", DIGITS, "--set", "layers=[784,128,10]", "--json", "-"]) == 0
    facts = {one["board"]: one for one in json.loads(capsys.readouterr().out)["boards"]}
    assert facts["icebreaker"]["oscillator_hz"] == 12_000_000
    assert facts["upduino_v3"]["own_oscillator"]
    assert facts["tinyfpga_bx"]["uart"] == "adapter: rx 2, tx 1"
    assert facts["icebreaker"]["spi"] == "PMOD1A: 1, 2, 3, 4"
    assert facts["icesugar_pro"]["spi"] is None
    assert facts["ulx3s_85f"]["flashed_by"] == ["openFPGALoader"]
    assert (facts["ulx3s_85f"]["fits"], facts["ulx3s_85f"]["shape"]) == (True, "8x8")
    assert not facts["icebreaker"]["fits"]
    assert "no array of 784-128-10 fits" in facts["icebreaker"]["reason"]
