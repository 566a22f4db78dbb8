"""The top level of every board: its pins, its clock, and nothing that its tools do not take."""

import re
from functools import cache
from pathlib import Path

import pytest

from ceprop.boards import board, board_names
from ceprop.boards.flow.routing import pack, pinned_arguments, route
from ceprop.boards.flow.toolchain import YOSYS, run_tool
from ceprop.boards.parts.clocks import Clock, choose_clock, choose_clocks
from ceprop.boards.parts.flash_pins import flash_lines
from ceprop.boards.parts.registry import Board
from ceprop.boards.parts.spi_pins import SPI_PINS, spi_pins
from ceprop.boards.parts.uart_pins import UART_PINS
from ceprop.boards.rtl.system import SYSTEM
from ceprop.boards.rtl.top import TOP, TopLevel, top_level
from ceprop.common.errors import CepropError

pytestmark = pytest.mark.slow

UART = {
    "icebreaker": ("6", "9"),
    "upduino_v3": ("23", "25"),
    "icesugar": ("4", "6"),
    "ice40_hx8k_b_evn": ("B10", "B12"),
    "tinyfpga_bx": ("A1", "A2"),
    **dict.fromkeys(("ulx3s_12f", "ulx3s_25f", "ulx3s_45f", "ulx3s_85f"), ("M1", "L4")),
    **dict.fromkeys(("orangecrab_r0_2_25f", "orangecrab_r0_2_85f"), ("N17", "M18")),
    **dict.fromkeys(("ecpix5_45f", "ecpix5_85f"), ("R26", "R24")),
    "colorlight_5a_75b": ("M13", "P11"),
    "icesugar_pro": ("A9", "B9"),
}


SPI = {
    "icebreaker": ("4", "2", "47", "45"),
    "upduino_v3": ("23", "25", "26", "27"),
    "icesugar": ("46", "44", "42", "37"),
    "ice40_hx8k_b_evn": ("N16", "M15", "M16", "L16"),
    "tinyfpga_bx": ("G2", "H1", "J1", "H2"),
    **dict.fromkeys(("ulx3s_12f", "ulx3s_25f", "ulx3s_45f", "ulx3s_85f"), ("B11", "A10", "A9", "B9")),
    **dict.fromkeys(("orangecrab_r0_2_25f", "orangecrab_r0_2_85f"), ("B8", "N16", "N15", "R17")),
    **dict.fromkeys(("ecpix5_45f", "ecpix5_85f"), ("T25", "U25", "U24", "V24")),
}
"""Select, from the host, to it, clock."""


@cache
def _top(name: str, flash: bool = False, spi: bool = False) -> TopLevel:
    return top_level(board(name), _clock(board(name)), spi=spi, flash=flash)


def _clock(target: Board) -> Clock:
    """Both clocks where the board has two."""
    if target.has_core_clock:
        return choose_clocks(target, 60e6, 77e6, 1_000_000)
    return choose_clock(target, 60e6, 1_000_000)


def _pins(constraints: str) -> dict[str, str]:
    """Pin by port."""
    found = re.findall(r'set_io (\S+) (\S+)|LOCATE COMP "(\S+)" SITE "(\S+)"', constraints)
    return {ice or ecp: pin or site for ice, pin, ecp, site in found}


@pytest.mark.parametrize("name", board_names())
@pytest.mark.parametrize("flash", [False, True])
def test_pins(name: str, flash: bool) -> None:
    top = _top(name, flash)
    pins = _pins(top.constraints)
    assert (pins["uart_0__rx__io"], pins["uart_0__tx__io"]) == UART[name]
    assert len(set(pins.values())) == len(pins)
    lines = [port.split("__")[1] for port in pins if port.startswith("spi_flash")]
    if flash:
        assert {"cs", "copi", "cipo"} <= set(lines)
        assert ("clk" in lines) == (board(name).device.family == "ice40")
        assert ("USRMCLK" in top.rtlil) == (board(name).device.family == "ecp5")
        # WP and HOLD are data lines, or they are high.
        assert {"wp", "hold"} <= set(lines) or flash_lines(name) < 4
        wires = max(2, flash_lines(name))
        assert f"wire width {wires} \\dq_out" in top.rtlil
        buffers = re.findall(r"^  cell \\(ceprop_top\.flash_\w+) ", top.rtlil, re.MULTILINE)
        assert len(buffers) == len(lines)
    else:
        assert lines == []
    assert f"\\{SYSTEM}" in top.rtlil
    assert ("FREQUENCY PORT" in top.constraints or "set_frequency" in top.constraints) != board(name).own_oscillator


@pytest.mark.parametrize("name", SPI_PINS)
def test_pins_of_spi(name: str) -> None:
    """Those of the UART stay free, all others lie where they do beside one."""
    top = _top(name, flash=True, spi=True)
    pins = _pins(top.constraints)
    assert tuple(pins.pop(f"spi_0__{line}__io") for line in ("cs", "copi", "cipo", "clk")) == SPI[name]
    beside = _pins(_top(name, flash=True).constraints)
    assert pins == {port: pin for port, pin in beside.items() if not port.startswith("uart")}
    assert not set(SPI[name]) & set(pins.values())
    assert all(f"connect \\spi_{line} " in top.rtlil for line in ("select", "clock", "in", "out"))
    assert "\\rx" not in top.rtlil


def test_spi_has_no_pins_of_the_uart_where_a_board_has_one_of_its_own() -> None:
    for name in set(SPI_PINS) - set(UART_PINS):
        assert not set(SPI[name]) & set(UART[name])


def test_a_board_without_pins_for_spi() -> None:
    with pytest.raises(CepropError, match=r"^board icesugar_pro: has no pins for SPI here; icebreaker, .* have$"):
        spi_pins("icesugar_pro")


def test_sources_of_the_clock() -> None:
    cells = {"icebreaker": "SB_PLL40_PAD", "tinyfpga_bx": "SB_PLL40_CORE", "upduino_v3": "SB_HFOSC"}
    cells |= {"ulx3s_25f": "EHXPLLL"}
    for name, cell in cells.items():
        assert [kind for kind in set(cells.values()) if f"cell \\{kind} " in _top(name).rtlil] == [cell]


@pytest.mark.parametrize("name", ["icebreaker", "colorlight_5a_75b", "ulx3s_85f"])
def test_lights_are_those_that_are_there(name: str) -> None:
    lights = [port for port in _pins(_top(name).constraints) if "led" in port]
    assert len(lights) == {"icebreaker": 2, "colorlight_5a_75b": 0, "ulx3s_85f": 2}[name]


def test_boards_without_a_uart_have_pins_for_one() -> None:
    for name in board_names():
        own = any(resource.name == "uart" for resource in board(name).platform.resources)
        assert own == (name not in UART_PINS)


def test_the_same_each_time() -> None:
    assert _top.__wrapped__("orangecrab_r0_2_85f") == _top("orangecrab_r0_2_85f")
    assert list(_top("orangecrab_r0_2_85f").pack_options) == ["--compress", "--freq", "38.8"]


@pytest.mark.parametrize(
    ("name", "spi"),
    [
        ("icebreaker", False),
        ("upduino_v3", True),
        ("ice40_hx8k_b_evn", False),
        ("tinyfpga_bx", True),
        ("orangecrab_r0_2_25f", False),
    ],
)
def test_the_tools_take_it(name: str, spi: bool, tmp_path: Path) -> None:
    """With its flash, around a system that does next to nothing; the clocks are those that were chosen."""
    target, top = board(name), _top(name, flash=True, spi=spi)
    heard, said = ("spi_in", "spi_out") if spi else ("rx", "tx")
    lines = f"[{max(2, flash_lines(name)) - 1}:0]"
    ports = f"input clk, rst, {heard}, {'spi_select, spi_clock, ' * spi}input {lines} flash_dq_in, output reg {said}, "
    ports += f"output working, linked, flash_select, flash_clock, output {lines} flash_dq_out, flash_dq_enable"
    changed = f"{heard} ^ ^flash_dq_in ^ rst ^ {said}{' ^ spi_select ^ spi_clock' * spi}"
    two = target.has_core_clock
    ports += ", input core_clk" * two
    body = f"reg there; always @(posedge {'core_clk' if two else 'clk'}) there <= there ^ {changed}; "
    body += f"always @(posedge clk) {said} <= there; "
    body += f"assign flash_select = {heard}, flash_dq_out = {{4{{{said}}}}}, "
    body += f"flash_dq_enable = {{4{{{heard}}}}}, linked = {heard}, working = {said}, flash_clock = {said};"
    (tmp_path / "system.v").write_text(f"module {SYSTEM}({ports}); {body} endmodule\n")
    (tmp_path / "top.il").write_text(top.rtlil)
    (tmp_path / "pins").write_text(top.constraints)
    script = (
        f"read_verilog system.v; read_rtlil top.il; synth_{target.device.family} -top {TOP}; write_json netlist.json"
    )
    run_tool(YOSYS, ["-q", "-p", script], tmp_path, "yosys.log")
    report = route(target, pinned_arguments(target, 1, "netlist.json", "pins", 1.0), tmp_path)
    clock = _clock(target)
    for hz in (clock.clock_hz, clock.core_clock_hz or clock.clock_hz):
        mhz = pytest.approx(float(hz) / 1e6, rel=0.001)
        assert any(net["constraint"] == mhz for net in report["fmax"].values())
    assert pack(target, tmp_path, top.pack_options).stat().st_size > 10_000
