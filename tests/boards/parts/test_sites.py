"""The rules for sites against nextpnr's own chip databases: a die is filled with blocks, and every one is found."""

import json
from pathlib import Path

import pytest

from ceprop.boards import board
from ceprop.boards.flow.toolchain import NEXTPNR, YOSYS, run_tool
from ceprop.boards.parts.registry import Board
from ceprop.boards.parts.sites import Site, sites

pytestmark = pytest.mark.slow

_KINDS = {
    "ecp5": {"MULT18X18D": "multipliers", "DP16KD": "block_rams"},
    "ice40": {"ICESTORM_DSP": "multipliers", "ICESTORM_RAM": "block_rams", "ICESTORM_SPRAM": "sprams"},
}


@pytest.mark.parametrize("name", ["icebreaker", "ulx3s_25f", "ulx3s_85f", "ecpix5_45f"])
def test_sites_are_those_of_the_chip_database(name: str, tmp_path: Path) -> None:
    found = sites(board(name).device)
    assert found is not None
    placed = _fill(board(name), tmp_path)
    for kind, member in _KINDS[board(name).device.family].items():
        ours = getattr(found, member)
        assert sorted(site.bel for site in ours) == placed[kind]
        assert all(site.bel.startswith(f"X{site.x}/Y{site.y}/") for site in ours)
        assert len(ours) == getattr(board(name).device.room, member)


def test_lines_run_straight() -> None:
    def straight(line: tuple[Site, ...]) -> bool:
        return len({site.x for site in line}) == 1 or len({site.y for site in line}) == 1

    for name in ("icebreaker", "ulx3s_25f", "ulx3s_45f", "ulx3s_85f"):
        found = sites(board(name).device)
        assert found is not None
        assert all(straight(line) for line in found.multiplier_lines)


@pytest.mark.parametrize(
    ("one", "other"), [("ulx3s_12f", "ulx3s_25f"), ("ecpix5_45f", "ulx3s_45f"), ("ecpix5_85f", "ulx3s_85f")]
)
def test_a_die_that_two_devices_have(one: str, other: str) -> None:
    assert sites(board(one).device) == sites(board(other).device)


def test_a_part_without_multipliers_has_no_sites() -> None:
    assert sites(board("tinyfpga_bx").device) is None


def _fill(target: Board, folder: Path) -> dict[str, list[str]]:
    """Place as many blocks as the device has; the BELs that nextpnr gave them, by kind."""
    device, room = target.device, target.device.room
    if device.family == "ecp5":
        cells = {
            "MULT18X18D": (room.multipliers, ".CLK0(clk), .CE0(1'b1), .A0(r), .B0(r)", ".P0"),
            "DP16KD": (room.block_rams, ".CLKA(clk), .CEA(1'b1), .DIA0(r), .WEA(r)", ".DOA0"),
        }
        script = "synth_ecp5"
        arguments = ["--lpf-allow-unconstrained", "--speed", target.speed]
    else:
        clocks = ".RCLK(clk), .RCLKE(1'b1), .RE(1'b1), .WCLK(clk), .WCLKE(1'b1), .WE(r)"
        cells = {
            "SB_MAC16": (room.multipliers, ".CLK(clk), .CE(1'b1), .A({16{r}}), .B({16{r}})", ".O"),
            "SB_RAM40_4K": (room.block_rams, f"{clocks}, .RADDR({{11{{r}}}}), .WDATA({{16{{r}}}})", ".RDATA"),
            "SB_SPRAM256KA": (room.sprams, ".CLOCK(clk), .ADDRESS({14{r}}), .POWEROFF(1'b1)", ".DATAOUT"),
        }
        script = "synth_ice40 -device u"
        arguments = ["--pcf-allow-unconstrained"]
    lines, count = [], 0
    for cell, (number, pins, output) in cells.items():
        for _ in range(number):
            lines.append(f"(* keep *) {cell} block_{count}({pins}, {output}(o[{count}]));")
            count += 1
    text = "module top(input clk, a, output q); reg r; always @(posedge clk) r <= a;"
    (folder / "top.v").write_text("\n".join([text, f"wire [{count - 1}:0] o; assign q = ^o;", *lines, "endmodule\n"]))
    run_tool(YOSYS, ["-q", "-p", f"read_verilog top.v; {script} -top top -json top.json"], folder, "yosys.log")
    arguments += [device.nextpnr, "--package", target.package, "--json", "top.json", "--write", "placed.json"]
    arguments += ["--no-route", "--no-tmdriv", "--timing-allow-fail"]
    run_tool(NEXTPNR[device.family], arguments, folder, "nextpnr.log")
    placed = json.loads((folder / "placed.json").read_text())["modules"]["top"]["cells"].values()
    return {
        kind: sorted(cell["attributes"]["NEXTPNR_BEL"] for cell in placed if cell["type"] == kind)
        for kind in _KINDS[device.family]
    }
