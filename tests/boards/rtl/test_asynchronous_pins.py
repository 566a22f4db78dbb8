"""What comes from another clock passes two flip-flops before anything looks at it, in the whole design of a board."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ceprop.boards import board
from ceprop.boards.flow.bitstream import Design, system_verilog
from ceprop.boards.flow.toolchain import YOSYS, run_tool
from ceprop.boards.parts.clocks import choose_clock, choose_clocks
from ceprop.boards.rtl.system import SYSTEM
from ceprop.boards.rtl.top import TOP, top_level
from ceprop.specification import Geometry, Specification

pytestmark = pytest.mark.slow

_SPECIFICATION = Specification.from_mapping(
    {"layers": [8, 3, 2], "update": {"shifts": [8, 8]}, "array": {"rows": 1, "cols": 1}}
)


def _netlist(name: str, folder: Path, *, spi: bool = False, flash: bool = False) -> dict[str, Any]:
    """The flat top level of a board: cells of gates, flip-flops and pins."""
    target, geometry = board(name), Geometry(_SPECIFICATION)
    clock = choose_clocks(target, 40e6, 60e6, None) if target.has_core_clock else choose_clock(target, 30e6, None)
    baud = None if spi else 1_000_000
    (folder / "system.v").write_text(system_verilog(Design(geometry, target, clock, baud, flash)))
    (folder / "top.il").write_text(top_level(target, clock, spi=spi, flash=flash).rtlil)
    # No pin leads to the core.
    script = (
        f"read_verilog system.v; read_rtlil top.il; blackbox {SYSTEM}.core; hierarchy -top {TOP}; proc; flatten; "
        "clean -purge; simplemap; clean; write_json netlist.json"
    )
    run_tool(YOSYS, ["-q", "-p", script], folder, "yosys.log")
    return json.loads((folder / "netlist.json").read_text())["modules"][TOP]


_BUFFERS = {"IB": "O", "BB": "O", "SB_IO": "D_IN_0"}
"""What the buffers of input pins give."""


class Netlist:
    """Who reads each bit of a net."""

    def __init__(self, module: dict[str, Any]):
        self.cells = module["cells"]
        self.readers: dict[int, list[tuple[str, str]]] = {}
        for name, cell in self.cells.items():
            for port, bits in cell["connections"].items():
                # What yosys does not know is the device's own.
                if cell.get("port_directions", {}).get(port) != "output" and _BUFFERS.get(cell["type"]) != port:
                    for bit in bits:
                        self.readers.setdefault(bit, []).append((name, port))

    def of_pin(self, part: str) -> int:
        """The bit that an input buffer gives for the pin whose buffer has `part` in its name."""
        found = [cell for name, cell in self.cells.items() if f".{part}." in f".{name}." and cell["type"] in _BUFFERS]
        (cell,) = found
        return cell["connections"][_BUFFERS[cell["type"]]][0]

    def flip_flop_after(self, bit: int) -> dict[str, Any]:
        """The flip-flop that is the only one to read a bit, apart from output buffers. Inverters do not count: they
        have one input, so they make no pulses of their own."""
        readers = [reader for reader in self._behind_inverters(bit) if self.cells[reader[0]]["type"] != "OBZ"]
        ((name, port),) = readers
        cell = self.cells[name]
        assert re.match(r"\$_S?DFF", cell["type"]), f"{name} of {cell['type']} reads what is not synchronized"
        assert port == "D"
        return cell

    def _behind_inverters(self, bit: int) -> Iterator[tuple[str, str]]:
        for name, port in self.readers[bit]:
            cell = self.cells[name]
            if cell["type"] == "$_NOT_":
                yield from self._behind_inverters(cell["connections"]["Y"][0])
            else:
                yield name, port


@pytest.mark.parametrize(
    ("name", "spi", "pins"),
    [
        ("icebreaker", False, ["rx"]),
        ("ulx3s_25f", False, ["rx"]),
        ("ulx3s_25f", True, ["spi_select", "spi_clock", "spi_in"]),
    ],
)
def test_two_flip_flops_stand_at_every_asynchronous_pin(name: str, spi: bool, pins: list[str], tmp_path: Path) -> None:
    netlist = Netlist(_netlist(name, tmp_path, spi=spi))
    for pin in pins:
        first = netlist.flip_flop_after(netlist.of_pin(pin))
        second = netlist.flip_flop_after(first["connections"]["Q"][0])
        assert first["connections"]["C"] == second["connections"]["C"]
        assert "E" not in first["connections"] | second["connections"]
