"""Whether a core fits a device, found out before synthesis, and which shapes do."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from ceprop.boards.parts.devices import Device
from ceprop.boards.parts.registry import Board
from ceprop.boards.resources.lane_memories import activation_tables, lanes_of_neurons
from ceprop.common.errors import CepropError
from ceprop.hdl.devices import ecp5, ice40
from ceprop.specification import Geometry, Specification

Luts = Callable[[Geometry, Device], float]
"""Estimates the look-up tables of a core."""

_LUTS_A_CELL = 80
_TITLES = {
    "luts": "look-up tables",
    "flip_flops": "flip-flops",
    "multipliers": "multipliers",
    "block_rams": "block RAMs",
    "sprams": "SPRAMs",
}


def least_luts(geometry: Geometry, device: Device) -> float:
    """Look-up tables that no core of this shape has gone below: a bound that refuses nothing that fits."""
    return _LUTS_A_CELL * geometry.rows * geometry.cols


@dataclass(frozen=True)
class MemoryNeed:
    """Blocks that the weights of one cell take, and of which kind."""

    kind: Literal["block_rams", "sprams"]
    blocks: int


def memory_need(geometry: Geometry, device: Device) -> MemoryNeed:
    """Memory blocks of one cell: on iCE40 with SPRAM, a single port asks for that, two ports for block RAM."""
    words, bits = geometry.weight_words, geometry.specification.formats.weight_bits
    if device.family == "ecp5":
        return MemoryNeed("block_rams", ecp5.blocks(words, bits, geometry.memory_ports))
    if geometry.memory_ports == 1 and device.room.sprams:
        return MemoryNeed("sprams", ice40.sprams(words, bits))
    return MemoryNeed("block_rams", ice40.blocks(words, bits))


def table_blocks(geometry: Geometry) -> int:
    """Block RAMs of an ECP5 for the tables of the sigmoid in all lanes of neurons."""
    lanes = sum(count for _, count in lanes_of_neurons(geometry))
    return lanes * sum(ecp5.blocks(table.words, table.bits, 1) for table in activation_tables(geometry))


def needs(geometry: Geometry, device: Device, luts: Luts = least_luts) -> dict[str, int]:
    """What a core takes, by the names of :class:`Resources`: multipliers, the weights' memory and on ECP5 the tables of
    the sigmoid exactly, look-up tables by an estimate. A device without multipliers makes them of look-up tables."""
    cells = geometry.rows * geometry.cols
    memory = memory_need(geometry, device)
    blocks = cells * memory.blocks + (table_blocks(geometry) if device.family == "ecp5" else 0)
    found = {"luts": math.ceil(luts(geometry, device)), memory.kind: blocks}
    return found | ({"multipliers": cells} if device.room.multipliers else {})


def check_fit(geometry: Geometry, board: Board, luts: Luts = least_luts) -> None:
    """Refuse a core that the board's device cannot hold even alone; :func:`ceprop.boards.resources.choose.fitted` is
    for a core with the link beside it.

    Raises :class:`CepropError` that names the resource, the need, the room, and the nearest shape that fits."""
    short = shortage(geometry, board.device, luts)
    if short is None:
        return
    kind, need, room = short
    shape = f"{geometry.rows}x{geometry.cols}"
    shapes = fitting_shapes(geometry.specification, board.device, luts)
    nearest = min(shapes, key=lambda other: distance((geometry.rows, geometry.cols), other), default=None)
    advice = f"{nearest[0]}x{nearest[1]} fits" if nearest else "no shape fits; use smaller layers or a larger device"
    raise CepropError(f"array {shape}: needs {need:,} {title(kind, board)}, {board.title} has {room:,}; {advice}")


def check_room(taken: Mapping[str, int], board: Board) -> None:
    """Refuse what turns out only when a core is made. Raises :class:`CepropError` with the resource, what the core
    takes and the room."""
    for kind, room in board.device.room.named().items():
        if taken.get(kind, 0) > room:
            raise CepropError(f"{board.title}: the core takes {taken[kind]:,} {title(kind, board)}, {room:,} are there")


def title(kind: str, board: Board) -> str:
    """What a resource is called; a look-up table of iCE40 is packed with a flip-flop into a logic cell."""
    return "logic cells" if (kind, board.device.family) == ("luts", "ice40") else _TITLES[kind]


def fitting_shapes(specification: Specification, device: Device, luts: Luts = least_luts) -> list[tuple[int, int]]:
    """Every shape (rows, columns) that the device holds and whose cells hold the weights, the smallest first. Shapes
    with more lanes than the widest layer on their edge are left out: they would idle."""
    found = [
        (geometry.rows, geometry.cols)
        for geometry in _shapes(specification, device)
        if shortage(geometry, device, luts) is None
    ]
    return sorted(found, key=lambda shape: (shape[0] * shape[1], shape))


def _shapes(specification: Specification, device: Device) -> Iterator[Geometry]:
    cells = device.room.multipliers or device.room.block_rams
    for rows in range(1, min(cells, max(specification.layers[1::2])) + 1):
        for cols in range(1, min(cells // rows, max(specification.layers[0::2])) + 1):
            try:
                yield Geometry(specification.override(f"array.rows={rows}", f"array.cols={cols}"))
            except CepropError:  # a cell's memory is too small for its share of the weights
                continue


def shortage(geometry: Geometry, device: Device, luts: Luts) -> tuple[str, int, int] | None:
    """The first resource of which there is too little: its name, the need and the room."""
    room = device.room.named()
    need = needs(geometry, device, luts)
    order = ("multipliers", "block_rams", "sprams", "luts")
    return next(((kind, need[kind], room[kind]) for kind in order if need.get(kind, 0) > room[kind]), None)


def distance(shape: tuple[int, int], other: tuple[int, int]) -> tuple[float, float, int]:
    """How far a shape is from another: by its cells, then by its proportions, then the one of fewer rows, which skips
    more."""
    cells = abs(math.log(other[0] * other[1] / (shape[0] * shape[1])))
    proportions = abs(math.log(other[0] / other[1]) - math.log(shape[0] / shape[1]))
    return round(cells, 9), round(proportions, 9), other[0]
