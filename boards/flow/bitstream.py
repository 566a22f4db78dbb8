"""A design with a clock made into a bitstream with one seed, and whether it meets that clock."""

import hashlib
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ceprop.boards.flow.build_record import Build, ClockCheck
from ceprop.boards.flow.implement import Progress, block_places, digest
from ceprop.boards.flow.routing import critical_path, measure_with_icetime, pack, pinned_arguments, route, used
from ceprop.boards.flow.synthesis import NETLIST, Synthesis, synthesis_script, synthesize
from ceprop.boards.flow.toolchain import NEXTPNR, PACK, YOSYS
from ceprop.boards.parts.clocks import Clock
from ceprop.boards.parts.devices import Resources
from ceprop.boards.parts.flash_pins import flash_lines
from ceprop.boards.parts.registry import Board
from ceprop.boards.resources.board_builds import Around, linked
from ceprop.boards.resources.core_fit import check_room
from ceprop.boards.resources.expected import is_compact
from ceprop.boards.resources.link_memories import outside_blocks, prefetched_bytes
from ceprop.boards.rtl.stand_alone import StandAlone
from ceprop.boards.rtl.system import PREFETCHED_MEMORY, SYSTEM, System
from ceprop.boards.rtl.top import TOP, top_level
from ceprop.boards.rtl.transport import SpiTransport, UartTransport
from ceprop.common.cached import cached
from ceprop.common.errors import CepropError
from ceprop.common.files import write_aside
from ceprop.common.records import write_record
from ceprop.hdl.devices.primitives import primitives_named
from ceprop.hdl.export import to_verilog
from ceprop.specification import Geometry

CORE_CLOCK, LINK_CLOCK = "core", "link"
"""How the clocks are called among a build's clocks: that of the core, and that of all else. Where there is only one, it
is called that of the core."""

CONSTRAINTS = "pins.txt"
ROUTED = "routed.json"
_RESULT = "build.json"
_KIND = "build"


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
        The clock, or both clocks.
    baud : int or None
        Baud rate of the UART; None for SPI.
    flash : bool
        Whether it learns from the board's flash and keeps snapshots there.
    stand_alone : bool
        Whether it does so by itself, without a link (:class:`ceprop.boards.rtl.stand_alone.StandAlone`). `baud` is then
        that of its progress line.
    """

    geometry: Geometry
    board: Board
    clock: Clock
    baud: int | None
    flash: bool = False
    stand_alone: bool = False

    @property
    def around(self) -> Around:
        """What is around the core."""
        return "alone" if self.stand_alone else linked(flash=self.flash)

    @property
    def clock_hz(self) -> int:
        """The clock of everything around the core, nominally."""
        return round(self.clock.clock_hz)

    @property
    def core_clock_hz(self) -> int:
        """The core's clock, nominally; the same where there is only one."""
        return round(self.clock.core_clock_hz or self.clock.clock_hz)

    @property
    def fastest_hz(self) -> dict[str, float]:
        """What each clock must reach, in Hz, by its name."""
        clock = self.clock
        if clock.core_clock_hz is None:
            return {CORE_CLOCK: float(clock.fastest_hz)}
        return {LINK_CLOCK: float(clock.fastest_hz), CORE_CLOCK: float(clock.core_clock_hz)}


@dataclass(frozen=True)
class PreparedDesign:
    """A design as files for the tools, in a folder below which everything is kept by a digest of all that it was made
    from. :func:`prepare` makes it. With `keeps_routed`, nextpnr also writes the routed netlist as `ROUTED`, beside the
    bitstream."""

    design: Design
    place: Path
    sources: Mapping[str, str]
    script: str
    pack_options: Sequence[str]
    tools: Mapping[str, str]
    keeps_routed: bool = False

    def synthesis(self) -> Synthesis:
        """The netlist's figures; the netlist is made where it is not there yet. Raises :class:`CepropError` where the
        design does not fit or yosys fails."""
        for name, text in self.sources.items():
            write_aside(self.place / name, text.encode())
        found = synthesize(self.script, TOP, self.place)
        check_room(found.whole.named(), self.design.board)
        return found

    def kept(self, seed: int) -> Build | None:
        """The bitstream of an earlier call with this seed, if it is there and whole."""
        run = self._run(seed)
        if self.keeps_routed and not (run / ROUTED).is_file():
            return None
        found = cached(run / _RESULT, _KIND, lambda fields: _whole(Build.from_fields(fields), run))
        return found and replace(found, bitstream=str(run / found.bitstream))

    def routed(self, seed: int, synthesis: Synthesis) -> Build:
        """Place, route and pack the netlist, and keep the result. Raises :class:`CepropError` where a tool fails."""
        board, run = self.design.board, self._run(seed)
        run.mkdir(parents=True, exist_ok=True)
        start = time.monotonic()
        more = ["--write", ROUTED] if self.keeps_routed else []
        report = route(board, [*self._arguments(seed), *more], run)
        bitstream = pack(board, run, self.pack_options)
        icetime_mhz = measure_with_icetime(board, run) if "icetime" in self.tools else None
        seconds = time.monotonic() - start
        found = Build(
            bitstream=bitstream.name,
            sha256=hashlib.sha256(bitstream.read_bytes()).hexdigest(),
            **_origin(self.design),
            seed=seed,
            clocks=_clocks(report, self.design, icetime_mhz),
            utilization=_utilization(synthesis.whole.named() | used(report, board.device.family), board.device.room),
            critical_path=critical_path(report),
            seconds=round(synthesis.seconds + seconds, 1),
            routing_seconds=round(seconds, 1),
            tools=self.tools,
            checks_left_out=_left_out(board, self.tools),
        )
        write_record(run / _RESULT, _KIND, found.fields())
        return replace(found, bitstream=str(bitstream))

    def _run(self, seed: int) -> Path:
        return self.place / digest(self._arguments(seed), list(self.pack_options))

    def _arguments(self, seed: int) -> list[str]:
        fastest_mhz = max(self.design.fastest_hz.values()) / 1e6
        return pinned_arguments(self.design.board, seed, f"../{NETLIST}", f"../{CONSTRAINTS}", fastest_mhz)


def prepare(design: Design, folder: Path, progress: Progress) -> PreparedDesign:
    """Generate everything that the tools read, for a design that is kept below `folder`. Raises :class:`CepropError`
    where a tool is missing."""
    geometry, board = design.geometry, design.board
    tools = _tools(board)
    progress(f"generating Verilog, {_mhz(design)}")
    top = top_level(board, design.clock, spi=design.baud is None, flash=design.flash, stand_alone=design.stand_alone)
    sources = {"system.v": system_verilog(design), "top.il": top.rtlil, CONSTRAINTS: top.constraints}
    read = [name for name in sources if name != CONSTRAINTS]
    compact = is_compact(geometry, board, design.around)
    script = synthesis_script(board.device, TOP, read, block_places(geometry, board), _memory_styles(design), compact)
    place = folder / f"{geometry.specification.name}-{board.name}-{digest(sources, script, tools)}"
    return PreparedDesign(design, place, sources, script, top.pack_options, tools)


def _memory_styles(design: Design) -> dict[str, str]:
    """What the memories are made of that leave block RAM to others, or take what is left of it."""
    geometry, board = design.geometry, design.board
    if design.stand_alone:
        return {}
    styles = {memory.pattern: memory.style for memory in outside_blocks(geometry, board.device)}
    takes_a_block = design.flash and prefetched_bytes(geometry, board.name) is not None
    return styles | ({PREFETCHED_MEMORY: "block"} if takes_a_block else {})


def _origin(design: Design) -> dict[str, Any]:
    """The fields of a build that tell what it was made from."""
    specification = design.geometry.specification
    return {
        "specification": specification.fields(),
        "learning_digest": specification.learning_digest,
        "build_digest": specification.build_digest,
        "board": design.board.name,
        "device": design.board.device.name,
        "clock_hz": design.clock_hz,
        "core_clock_hz": design.core_clock_hz,
        "baud": design.baud,
        "flash": design.flash,
        "stand_alone": design.stand_alone,
    }


def _whole(found: Build, run: Path) -> Build:
    """Raises :class:`CepropError` where the bitstream in the folder is not the one that was made."""
    path = run / found.bitstream
    if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != found.sha256:
        raise CepropError(f"bitstream {path}: missing or damaged")
    return found


def system_verilog(design: Design) -> str:
    """Core and link as Verilog, the module `SYSTEM`."""
    parts = primitives_named(design.board.device.primitives)
    lines = flash_lines(design.board.name) if design.flash else 0
    if design.stand_alone:
        assert design.baud is not None
        return to_verilog(
            StandAlone(design.geometry, parts, clock_hz=design.clock_hz, baud=design.baud, flash_lines=lines), SYSTEM
        )
    system = System(
        design.geometry,
        parts,
        board=design.board.name,
        clock_hz=design.clock_hz,
        core_clock_hz=None if design.clock.core_clock_hz is None else design.core_clock_hz,
        transport=SpiTransport() if design.baud is None else UartTransport(design.clock_hz, design.baud),
        flash_lines=lines,
        prefetched_bytes=prefetched_bytes(design.geometry, design.board.name),
    )
    return to_verilog(system, SYSTEM)


def _clocks(report: Mapping[str, Any], design: Design, icetime_mhz: float | None) -> dict[str, ClockCheck]:
    """Every clock of nextpnr's report. Those of the design are known by their frequencies, for their nets have whatever
    names yosys liked; what each must reach is what its source may reach, and icetime must agree.

    Raises :class:`CepropError` where nextpnr did not check one of them."""
    wanted, found = design.fastest_hz, {}
    for net, clock in report["fmax"].items():
        name, constraint, achieved = net.removeprefix("$glbnet$"), clock["constraint"], clock["achieved"]
        nominal = {LINK_CLOCK: design.clock_hz, CORE_CLOCK: design.core_clock_hz}
        meant = [each for each in wanted if each not in found and abs(constraint * 1e6 / nominal[each] - 1) < 0.01]
        if meant:
            name, constraint = meant[0], wanted[meant[0]] / 1e6
            achieved = achieved if icetime_mhz is None else min(achieved, icetime_mhz)
        found[name] = ClockCheck(round(constraint, 3), round(achieved, 3))
    for name, hz in wanted.items():
        if name not in found:
            raise CepropError(f"nextpnr: no clock of {hz / 1e6:.2f} MHz is in its report")
    return found


def _mhz(design: Design) -> str:
    return ", ".join(f"{name} {hz / 1e6:.2f} MHz" for name, hz in design.fastest_hz.items())


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
