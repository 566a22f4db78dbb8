"""Whether a board holds a specification with the link, and which array it gets: the one answer of all verbs."""

import math
from collections.abc import Iterator

from ceprop.boards.parts.registry import Board
from ceprop.boards.resources.builds import load_builds
from ceprop.boards.resources.core_fit import distance, fitting_shapes, title
from ceprop.boards.resources.link_fit import has_flash, luts_with_link, shortage_with_link
from ceprop.boards.resources.link_memories import blocks_with_link
from ceprop.common.errors import CepropError
from ceprop.specification import Geometry, Specification

_SHARES = {"ice40": 0.97, "ecp5": 0.86}
"""Share of a device's look-up tables that array and link may take: a fuller device routes badly or not at all."""

_MOST_WORDS = 2**20

_SHAPE = ("rows", "cols")


def fitted(specification: Specification, board: Board, *, flash: bool | None = None) -> Geometry:
    """The specification laid onto the array that the board gets, with what learns from flash where `flash` says so, or
    without a word, where the board has room for that.

    Raises :class:`CepropError` where the device cannot hold it with the link beside it, as far as that can be known
    before synthesis: with the resource, the need, the room, and the nearest array that can be built."""
    flash = has_flash(board) if flash is None else flash
    geometry = Geometry(specification_for(specification, board))
    short = shortage_with_link(geometry, board, flash=flash)
    if short is None:
        return geometry
    kind, need, room = short
    what = title(kind, board) + (", those of the lanes and the link among them" if kind == "block_rams" else "")
    raise CepropError(
        f"array {geometry.rows}x{geometry.cols}: needs {need:,} {what}, {board.title} has {room:,}; "
        f"{_advice(geometry, board, flash)}"
    )


def specification_for(specification: Specification, board: Board) -> Specification:
    """The specification with an array: its own, or where it has none the one that suits the board.

    That is the largest that fits beside the link and is not larger than what the estimates know, of those with as many
    cells the one nearest to a square. On iCE40 its memories have one port: weights then lie in SPRAM where the device
    has that, and the lanes take fewer block RAMs. Raises :class:`CepropError` where nothing fits."""
    if specification.array is not None:
        return specification
    ports = _suited_ports(board)
    found = list(_buildable(specification, ports, board, has_flash(board)))
    if not found:
        layers = "-".join(map(str, specification.layers))
        raise CepropError(f"{board.title}: no array of {layers} fits; use smaller layers or a larger device")
    return min(found, key=lambda geometry: _preference((geometry.rows, geometry.cols))).specification


def _suited_ports(board: Board) -> int:
    """Ports of the memories that suit a board."""
    return 1 if board.device.family == "ice40" else 2


def _buildable(specification: Specification, ports: int, board: Board, flash: bool) -> Iterator[Geometry]:
    """The specification on every array that can be built with the link beside it and is not larger than what the
    estimates know, its memories with so many ports and no deeper than they have to be."""
    device = board.device
    # Two drives take two ports.
    single = ("array.drives=1",) if ports == 1 else ()
    specification = specification.override(f"array.memory_ports={ports}", f"array.memory_words={_MOST_WORDS}", *single)
    most = max(build.geometry.rows * build.geometry.cols for build in load_builds(device.family))
    luts = luts_with_link(board, flash=flash, share=_SHARES[device.family])
    for rows, cols in fitting_shapes(specification, device, luts):
        if rows * cols <= most:
            shape = (f"array.rows={rows}", f"array.cols={cols}")
            words = f"array.memory_words={specification.cell_words(rows, cols)}"
            geometry = Geometry(specification.override(*shape, words))
            if blocks_with_link(geometry, device) <= device.room.block_rams:
                yield geometry


def _advice(given: Geometry, board: Board, flash: bool) -> str:
    """The array nearest to the one given that can be built, by its fields that differ."""
    specification, shape = given.specification, (given.rows, given.cols)
    # Of two that are as near, the first: with the ports given.
    every = dict.fromkeys((given.memory_ports, _suited_ports(board)))
    found = [geometry for ports in every for geometry in _buildable(specification, ports, board, flash)]
    nearest = min(found, key=lambda other: distance(shape, (other.rows, other.cols)), default=None)
    if nearest is None:
        return "no array fits; use smaller layers or a larger device"
    before, after = (geometry.specification.fields()["array"] for geometry in (given, nearest))
    # A limit of a cell's words that leaves room may stay as it is.
    said = _SHAPE + (("memory_words",) if after["memory_words"] <= before["memory_words"] else ())
    others = [f"array.{name} = {value}" for name, value in after.items() if value != before[name] and name not in said]
    return f"{nearest.rows}x{nearest.cols} fits" + (f" with {', '.join(others)}" if others else "")


def _preference(shape: tuple[int, int]) -> tuple[int, float, int]:
    """Least for the shape to be taken: of most cells, then the squarest, then the one of fewer rows, which skips
    more."""
    rows, cols = shape
    return -rows * cols, round(abs(math.log(rows / cols)), 9), rows
