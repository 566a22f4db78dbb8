"""A core on a board: synthesized, placed and routed, to learn how fast and how large it is."""

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self

from ceprop.boards.flow.floorplan import floorplan
from ceprop.boards.flow.routing import (
    CriticalPath,
    clock_mhz,
    critical_path,
    measure_with_icetime,
    pack,
    route,
    routing_arguments,
    used,
)
from ceprop.boards.flow.synthesis import NETLIST, Synthesis, synthesis_script, synthesize
from ceprop.boards.flow.toolchain import NEXTPNR, YOSYS, find_icetime
from ceprop.boards.parts.registry import Board
from ceprop.boards.parts.sites import sites
from ceprop.boards.resources.core_fit import check_fit, check_room, memory_need
from ceprop.boards.rtl.harness import TOP, harness_verilog
from ceprop.common.cached import cached
from ceprop.common.files import write_aside
from ceprop.common.records import write_record
from ceprop.hdl import generate
from ceprop.hdl.devices.primitives import primitives_named
from ceprop.specification import Geometry, Specification

Progress = Callable[[str], None]
"""Called with what is being done."""

_RESULT = "implementation.json"
_KIND = "implementation"


@dataclass(frozen=True)
class Implementation:
    """What place and route found out about a core on a board.

    Fields
    ------
    board, device : str
        Where it was built for.
    seed : int
        nextpnr's.
    fmax_mhz : float
        The clock after routing, by nextpnr.
    icetime_mhz : float or None
        The same by icetime; None for ECP5.
    resources, available : dict
        What the core in its harness takes and what the device has: luts (on iCE40 logic cells), flip_flops,
        multipliers, block_rams, sprams.
    cell : dict
        What the largest synapse cell takes after synthesis, by the same names.
    critical_path : CriticalPath
        The slowest path between registers.
    seconds : float
        Time that synthesis, place and route took.
    folder : str
        Where netlist, logs and reports are.
    tools : dict
        Versions.
    """

    board: str
    device: str
    seed: int
    fmax_mhz: float
    icetime_mhz: float | None
    resources: Mapping[str, int]
    available: Mapping[str, int]
    cell: Mapping[str, int]
    critical_path: CriticalPath
    seconds: float
    folder: str
    tools: Mapping[str, str]

    @property
    def clock_mhz(self) -> float:
        """The clock that every tool agrees to."""
        return self.fmax_mhz if self.icetime_mhz is None else min(self.fmax_mhz, self.icetime_mhz)

    def fields(self) -> dict[str, Any]:
        """Everything in plain types, the clock included."""
        return asdict(self) | {"clock_mhz": self.clock_mhz}

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> Self:
        """Build it from plain types, the clock left out."""
        own: dict[str, Any] = {**fields, "critical_path": CriticalPath(**fields["critical_path"])}
        return cls(**own)


def implement(
    specification: Specification, board: Board, folder: Path, *, seed: int = 1, progress: Progress | None = None
) -> Implementation:
    """Build the core of a specification for a board's part, in a light harness that is for timing only.

    Everything is kept below `folder`, by a digest of all that it was made from: a second call returns the first one's
    result at once, and another seed begins at the netlist.

    Raises :class:`CepropError` where the core does not fit the device, a tool is missing, or a tool fails."""
    say = progress or (lambda _: None)
    geometry = Geometry(specification)
    check_fit(geometry, board)
    tools = _tools(board)
    say("generating Verilog")
    core = generate(specification, primitives_named(board.device.primitives))
    sources = {"core.v": core.verilog, "harness.v": harness_verilog(core.manifest)}
    script = synthesis_script(board.device, TOP, list(sources), block_places(geometry, board))
    arguments = routing_arguments(board, seed, f"../{NETLIST}")
    place = folder / f"{specification.name}-{board.device.name}-{digest(sources, script, tools)}"
    run = place / f"{board.name}-{digest(arguments)}"
    found = cached(run / _RESULT, _KIND, Implementation.from_fields)
    if found is None:
        for name, text in sources.items():
            write_aside(place / name, text.encode())
        say("synthesizing")
        synthesis = synthesize(script, TOP, place)
        check_room(synthesis.whole.named(), board)
        say("placing and routing")
        found = _route(board, seed, arguments, run, synthesis, tools)
        write_record(run / _RESULT, _KIND, asdict(found))
    # Wherever the folder has been moved to.
    return replace(found, folder=str(run))


def _route(
    board: Board, seed: int, arguments: list[str], run: Path, synthesis: Synthesis, tools: Mapping[str, str]
) -> Implementation:
    run.mkdir(parents=True, exist_ok=True)
    start = time.monotonic()
    report = route(board, arguments, run)
    icetime = None
    if board.device.icetime:
        pack(board, run)  # must take it too
        icetime = measure_with_icetime(board, run)
    return Implementation(
        board=board.name,
        device=board.device.name,
        seed=seed,
        fmax_mhz=round(clock_mhz(report), 2),
        icetime_mhz=icetime,
        resources=replace(synthesis.whole, **used(report, board.device.family)).named(),
        available=board.device.room.named(),
        cell=synthesis.cell.named(),
        critical_path=critical_path(report),
        seconds=round(synthesis.seconds + time.monotonic() - start, 1),
        folder=str(run),
        tools=tools,
    )


def block_places(geometry: Geometry, board: Board) -> dict[str, str]:
    """BELs for the multipliers and memories of all cells; none where they are not the device's own."""
    places = sites(board.device)
    if places is None:
        return {}
    need = memory_need(geometry, board.device)
    plan = floorplan(geometry.rows, geometry.cols, need.blocks, places, spram=need.kind == "sprams")
    return plan.bels()


def _tools(board: Board) -> dict[str, str]:
    """Versions of the tools for a board; raises :class:`CepropError` where one is missing, before anything runs."""
    tools = {tool.name: tool.version for tool in (YOSYS, NEXTPNR[board.device.family])}
    if board.device.icetime:
        find_icetime()
    return tools


def digest(*parts: object) -> str:
    """A name for what is made from these parts, in plain types."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:12]
