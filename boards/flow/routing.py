"""Places and routes a netlist, and reads what came out: clock, critical path, resources."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ceprop.boards.flow.toolchain import NEXTPNR, PACK, find_icetime, read_left, run_program, run_tool
from ceprop.boards.parts.registry import Board
from ceprop.boards.resources.core_fit import check_room
from ceprop.common.errors import CepropError

_LOG = "nextpnr.log"
_REPORT = "report.json"
_CONFIGURATION = {"ecp5": "routed.config", "ice40": "routed.asc"}
"""What nextpnr wrote, as text, by family."""
BITSTREAM = {"ecp5": "packed.bit", "ice40": "packed.bin"}
"""What is packed from that."""
_TIMING = "icetime.rpt"

_NEGOTIATED_LUTS = 40_000
"""Look-up tables of a device above which a design with pins is routed by negotiation (docs/decisions, 9)."""

_KINDS = {
    "ecp5": {
        "luts": "TRELLIS_COMB",
        "flip_flops": "TRELLIS_FF",
        "multipliers": "MULT18X18D",
        "block_rams": "DP16KD",
    },
    # A logic cell is a look-up table and a flip-flop; nextpnr does not count the flip-flops apart.
    "ice40": {
        "luts": "ICESTORM_LC",
        "multipliers": "ICESTORM_DSP",
        "block_rams": "ICESTORM_RAM",
        "sprams": "ICESTORM_SPRAM",
    },
}


@dataclass(frozen=True)
class CriticalPath:
    """The slowest way from a register to a register, in nanoseconds; `logic_ns` holds everything but the wires."""

    source: str
    sink: str
    logic_ns: float
    routing_ns: float

    @property
    def ns(self) -> float:
        """All of it."""
        return self.logic_ns + self.routing_ns


def routing_arguments(board: Board, seed: int, netlist: str) -> list[str]:
    """Arguments for nextpnr to learn how fast a core is, its pins anywhere."""
    arguments = _arguments(board, seed, netlist, board.device.target_mhz)
    if board.device.family == "ecp5":
        return [*arguments, "--lpf-allow-unconstrained"]
    return [*arguments, "--pcf-allow-unconstrained", *_configuration(board)]


def pinned_arguments(board: Board, seed: int, netlist: str, constraints: str, mhz: float) -> list[str]:
    """Arguments for nextpnr to make what can be packed: pins as the file `constraints` has them, and a clock for all
    nets that it gives none."""
    kind = "--lpf" if board.device.family == "ecp5" else "--pcf"
    arguments = [*_arguments(board, seed, netlist, mhz), kind, constraints, *_configuration(board)]
    return [*arguments, "--router", "router2"] if board.device.room.luts > _NEGOTIATED_LUTS else arguments


def _arguments(board: Board, seed: int, netlist: str, mhz: float) -> list[str]:
    """Default placer and router, which gave the fastest arrays, driven by timing."""
    arguments = [board.device.nextpnr, "--package", board.package, "--json", netlist, "--report", _REPORT]
    arguments += ["--freq", str(mhz), "--timing-allow-fail", "--seed", str(seed)]
    return [*arguments, "--speed", board.speed] if board.device.family == "ecp5" else arguments


def _configuration(board: Board) -> list[str]:
    family = board.device.family
    return ["--textcfg" if family == "ecp5" else "--asc", _CONFIGURATION[family]]


def route(board: Board, arguments: list[str], folder: Path) -> dict[str, Any]:
    """Place and route in `folder`; nextpnr's report.

    Raises :class:`CepropError` where the design is too large once packed, or else naming the log."""
    try:
        run_tool(NEXTPNR[board.device.family], arguments, folder, _LOG)
    except CepropError:
        check_room(_packed((folder / _LOG).read_text(), board.device.family), board)
        raise
    return read_left(folder / _REPORT)


def _packed(log: str, family: str) -> dict[str, int]:
    """What a design takes once packed, from the log of a run that failed, by the names of :class:`Resources`."""
    counts = {kind: int(count) for kind, count in re.findall(r"(\w+): +(\d+)/ *\d+ +\d+%", log)}
    return {name: counts[kind] for name, kind in _KINDS[family].items() if kind in counts}


def pack(board: Board, folder: Path, options: Sequence[str] = ()) -> Path:
    """Pack what nextpnr made into a bitstream; its file.

    Raises :class:`CepropError` where the tool is missing or fails."""
    family = board.device.family
    files = [_CONFIGURATION[family], BITSTREAM[family]]
    run_tool(PACK[family], [*options, *files], folder, "pack.log")
    return folder / BITSTREAM[family]


def measure_with_icetime(board: Board, folder: Path) -> float:
    """The clock in MHz that icetime finds for what nextpnr made of an iCE40, pins left out.

    Raises :class:`CepropError` where a tool is missing or fails."""
    assert board.device.icetime is not None
    program = str(find_icetime())
    options = ["-d", board.device.icetime, "-P", board.package, "-i", "-t", "-r", _TIMING]
    run_program("icetime", [program, *options, _CONFIGURATION["ice40"]], folder, "icetime.log")
    found = re.search(r"\(([\d.]+) MHz\)", (folder / _TIMING).read_text())
    if found is None:
        raise CepropError(f"icetime: no clock in {folder / _TIMING}")
    return float(found[1])


# --- the report


def clock_mhz(report: dict[str, Any]) -> float:
    """The slowest clock."""
    return min(clock["achieved"] for clock in report["fmax"].values())


def used(report: dict[str, Any], family: str) -> dict[str, int]:
    """What was used, by the names of :class:`Resources`."""
    utilisation = report["utilization"]
    return {name: utilisation[kind]["used"] for name, kind in _KINDS[family].items() if kind in utilisation}


def critical_path(report: dict[str, Any]) -> CriticalPath:
    """The slowest path between registers."""
    inside = [path for path in report["critical_paths"] if "<async>" not in path["from"] + path["to"]]
    path = max((path["path"] for path in inside), key=lambda steps: sum(step["delay"] for step in steps))
    routing = sum(step["delay"] for step in path if step["type"] == "routing")
    logic = sum(step["delay"] for step in path) - routing
    return CriticalPath(_register(path[0]["from"]), _register(path[-1]["to"]), round(logic, 3), round(routing, 3))


def _register(pin: dict[str, Any]) -> str:
    """A register's name as in the Verilog, from the cell that yosys has named after its output."""
    return re.sub(r"_(TRELLIS_FF|SB_DFF\w*?)_Q.*", "", pin["cell"])
