"""A design with a clock made into a bitstream, and whether it meets that clock."""

import hashlib
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from ceprop.boards.flow.implement import Progress, block_places, digest
from ceprop.boards.flow.routing import (
    CriticalPath,
    critical_path,
    measure_with_icetime,
    pack,
    pinned_arguments,
    route,
    used,
)
from ceprop.boards.flow.synthesis import NETLIST, synthesis_script, synthesize
from ceprop.boards.flow.toolchain import NEXTPNR, PACK, YOSYS
from ceprop.boards.parts.clocks import Clock
from ceprop.boards.parts.devices import Resources
from ceprop.boards.parts.flash_pins import flash_lines
from ceprop.boards.parts.registry import Board
from ceprop.boards.resources.core_fit import check_room
from ceprop.boards.resources.link_fit import outside_blocks
from ceprop.boards.rtl.system import SYSTEM, System
from ceprop.boards.rtl.top import TOP, top_level
from ceprop.boards.rtl.transport import SpiTransport, UartTransport
from ceprop.common.cached import cached
from ceprop.common.errors import CepropError
from ceprop.common.files import write_aside
from ceprop.common.records import write_record
from ceprop.hdl.devices.primitives import primitives_named
from ceprop.hdl.export import to_verilog
from ceprop.specification import Geometry

CORE_CLOCK = "core"
"""How the clock of everything is called among a build's clocks."""

_CONSTRAINTS = "pins.txt"
_RESULT = "build.json"
_KIND = "build"


@dataclass(frozen=True)
class ClockCheck:
    """A clock in MHz: what it must reach, and what the routed design reaches by every tool that was asked."""

    constraint: float
    achieved: float

    @property
    def met(self) -> bool:
        """Whether it is fast enough."""
        return self.achieved >= self.constraint


@dataclass(frozen=True)
class Build:
    """A bitstream and what is known of it.

    Fields
    ------
    bitstream, sha256 : str
        The file of the bitstream, and the digest of its content.
    specification : dict
        All fields, the array among them.
    learning_digest, build_digest : str
        Digests of the specification.
    board, device : str
        What it was built for.
    clock_hz : int
        The core's clock, nominally.
    baud : int or None
        The UART's bits per second; None with SPI.
    flash : bool
        Whether it learns from the board's flash and keeps snapshots there.
    seed : int
        nextpnr's.
    clocks : dict
        A :class:`ClockCheck` for each clock.
    utilization : dict
        `used` and `available` by the names of :class:`ceprop.boards.Resources`; look-up tables of iCE40 are its logic
        cells.
    critical_path : CriticalPath
        The slowest path between registers.
    seconds : float
        Time that synthesis, place, route and packing took.
    tools : dict
        Versions; icetime only where it has confirmed the clock.
    checks_left_out : list of str
        Checks for which a tool is missing, each with what would bring it.
    """

    bitstream: str
    sha256: str
    specification: Mapping[str, Any]
    learning_digest: str
    build_digest: str
    board: str
    device: str
    clock_hz: int
    baud: int | None
    flash: bool
    seed: int
    clocks: Mapping[str, ClockCheck]
    utilization: Mapping[str, Mapping[str, int]]
    critical_path: CriticalPath
    seconds: float
    tools: Mapping[str, str]
    checks_left_out: Sequence[str]

    @property
    def met(self) -> bool:
        """Whether every clock is fast enough."""
        return all(clock.met for clock in self.clocks.values())

    @property
    def transport(self) -> str:
        """How the host's bytes come, "uart" or "spi"."""
        return "spi" if self.baud is None else "uart"

    def fields(self) -> dict[str, Any]:
        """Everything in plain types, `transport` too."""
        return asdict(self) | {"transport": self.transport}

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> "Build":
        """The inverse of :meth:`fields`."""
        own = {name: value for name, value in fields.items() if name != "transport"}
        clocks = {name: ClockCheck(**clock) for name, clock in fields["clocks"].items()}
        return cls(**own | {"clocks": clocks, "critical_path": CriticalPath(**fields["critical_path"])})


@dataclass(frozen=True)
class Design:
    """What a bitstream is made of.

    Fields
    ------
    geometry : Geometry
        The core's.
    board : Board
        The board, whose pins and device are taken.
    clock : Clock
        The core's.
    baud : int or None
        Baud rate of the UART; None for SPI.
    flash : bool
        Whether it learns from the board's flash and keeps snapshots there.
    """

    geometry: Geometry
    board: Board
    clock: Clock
    baud: int | None
    flash: bool = False

    @property
    def clock_hz(self) -> int:
        """The core's clock, nominally."""
        return round(self.clock.clock_hz)


def make_bitstream(design: Design, folder: Path, *, seed: int, progress: Progress) -> Build:
    """Make a design's bitstream, whether it meets its clock or not.

    Everything is kept below `folder`, by a digest of all that it was made from: a second call returns the first one's
    result at once, and another seed begins at the netlist. Raises :class:`CepropError` where the design does not fit, a
    tool is missing, or a tool fails."""
    geometry, board = design.geometry, design.board
    tools = _tools(board)
    progress(f"generating Verilog, {design.clock_hz / 1e6:.2f} MHz")
    top = top_level(board, design.clock, spi=design.baud is None, flash=design.flash)
    sources = {"system.v": system_verilog(design), "top.il": top.rtlil, _CONSTRAINTS: top.constraints}
    read = [name for name in sources if name != _CONSTRAINTS]
    moved = [memory.pattern for memory in outside_blocks(geometry, board.device)]
    script = synthesis_script(board.device, TOP, read, block_places(geometry, board), moved)
    fastest_mhz = float(design.clock.fastest_hz) / 1e6
    arguments = pinned_arguments(board, seed, f"../{NETLIST}", f"../{_CONSTRAINTS}", fastest_mhz)
    place = folder / f"{geometry.specification.name}-{board.name}-{digest(sources, script, tools)}"
    run = place / digest(arguments, list(top.pack_options))

    def understand(fields: dict[str, Any]) -> Build:
        return _whole(Build.from_fields(fields), run)

    found = cached(run / _RESULT, _KIND, understand)
    if found is None:
        for name, text in sources.items():
            write_aside(place / name, text.encode())
        progress("synthesizing")
        synthesis = synthesize(script, TOP, place)
        check_room(synthesis.whole.named(), board)
        progress("placing and routing")
        run.mkdir(parents=True, exist_ok=True)
        start = time.monotonic()
        report = route(board, arguments, run)
        bitstream = pack(board, run, top.pack_options)
        clocks = _clocks(report, design, measure_with_icetime(board, run) if "icetime" in tools else None)
        found = Build(
            bitstream=bitstream.name,
            sha256=hashlib.sha256(bitstream.read_bytes()).hexdigest(),
            specification=geometry.specification.fields(),
            learning_digest=geometry.specification.learning_digest,
            build_digest=geometry.specification.build_digest,
            board=board.name,
            device=board.device.name,
            clock_hz=design.clock_hz,
            baud=design.baud,
            flash=design.flash,
            seed=seed,
            clocks=clocks,
            utilization=_utilization(synthesis.whole.named() | used(report, board.device.family), board.device.room),
            critical_path=critical_path(report),
            seconds=round(synthesis.seconds + time.monotonic() - start, 1),
            tools=tools,
            checks_left_out=_left_out(board, tools),
        )
        write_record(run / _RESULT, _KIND, found.fields())
    return replace(found, bitstream=str(run / found.bitstream))


def _whole(found: Build, run: Path) -> Build:
    """Raises :class:`CepropError` where the bitstream in the folder is not the one that was made."""
    path = run / found.bitstream
    if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != found.sha256:
        raise CepropError(f"bitstream {path}: missing or damaged")
    return found


def system_verilog(design: Design) -> str:
    """Core and link as Verilog, the module `SYSTEM`."""
    parts = primitives_named(design.board.device.primitives)
    system = System(
        design.geometry,
        parts,
        board=design.board.name,
        clock_hz=design.clock_hz,
        transport=SpiTransport() if design.baud is None else UartTransport(design.clock_hz, design.baud),
        flash_lines=flash_lines(design.board.name) if design.flash else 0,
    )
    return to_verilog(system, SYSTEM)


def _clocks(report: Mapping[str, Any], design: Design, icetime_mhz: float | None) -> dict[str, ClockCheck]:
    """Every clock of nextpnr's report. The core's is known by its frequency, for its net has whatever name yosys liked;
    what it must reach is what its source may reach, and icetime must agree."""
    found = {}
    for net, clock in report["fmax"].items():
        name, constraint, achieved = net.removeprefix("$glbnet$"), clock["constraint"], clock["achieved"]
        if abs(constraint * 1e6 / design.clock_hz - 1) < 0.01:
            name, constraint = CORE_CLOCK, float(design.clock.fastest_hz) / 1e6
            achieved = achieved if icetime_mhz is None else min(achieved, icetime_mhz)
        found[name] = ClockCheck(round(constraint, 3), round(achieved, 3))
    return found


def _utilization(taken: Mapping[str, int], room: Resources) -> dict[str, dict[str, int]]:
    return {kind: {"used": taken[kind], "available": there} for kind, there in room.named().items()}


def _tools(board: Board) -> dict[str, str]:
    """Versions of the tools for a board; raises :class:`CepropError` where one that is needed is missing, before
    anything runs. icetime only checks the same once more."""
    family = board.device.family
    tools = {tool.name: tool.version for tool in (YOSYS, NEXTPNR[family], PACK[family])}
    return tools | ({"icetime": "as installed"} if family == "ice40" and shutil.which("icetime") else {})


def _left_out(board: Board, tools: Mapping[str, str]) -> list[str]:
    """What only a tool that is missing would have checked."""
    if board.device.family == "ice40" and "icetime" not in tools:
        return ["the clock a second time, by icetime, which is missing: apt-get install fpga-icestorm"]
    return []
