"""Which array a board gets where the specification leaves it open."""

import math

from ceprop.boards.devices import Device
from ceprop.boards.fit import fitting_shapes
from ceprop.boards.link_fit import blocks_with_link, has_flash, luts_with_link
from ceprop.boards.registry import Board
from ceprop.builds import load_builds
from ceprop.errors import CepropError
from ceprop.geometry import Geometry
from ceprop.specification import Specification

_SHARES = {"ice40": 0.97, "ecp5": 0.86}
"""Of a device's look-up tables that array and link may take: what is fuller routes badly or not at all."""

_MOST_WORDS = 2**20


def specification_for(specification: Specification, board: Board) -> Specification:
    """The specification with an array: its own, or where it has none the one that suits the board.

    That is the largest that fits beside the link and is not larger than what the estimates know, of those with as many
    cells the one nearest to a square. On iCE40 its memories have one port: weights then lie in SPRAM where the device
    has that, and the lanes take fewer block RAMs. Raises :class:`CepropError` where nothing fits."""
    if specification.array is not None:
        return specification
    device = board.device
    most = max(build.geometry.rows * build.geometry.cols for build in load_builds(device.family))
    ports = 1 if device.family == "ice40" else 2
    open_ended = specification.override(f"array.memory_ports={ports}", f"array.memory_words={_MOST_WORDS}")
    luts = luts_with_link(board, flash=has_flash(board), share=_SHARES[device.family])
    shapes = [
        shape
        for shape in fitting_shapes(open_ended, device, luts)
        if math.prod(shape) <= most and _has_blocks(open_ended, shape, device)
    ]
    if not shapes:
        layers = "-".join(map(str, specification.layers))
        raise CepropError(f"{board.title}: no array of {layers} fits; use smaller layers or a larger device")
    rows, cols = min(shapes, key=_preference)
    words = specification.cell_words(rows, cols)
    return open_ended.override(f"array.rows={rows}", f"array.cols={cols}", f"array.memory_words={words}")


def _has_blocks(specification: Specification, shape: tuple[int, int], device: Device) -> bool:
    geometry = Geometry(specification.override(f"array.rows={shape[0]}", f"array.cols={shape[1]}"))
    return blocks_with_link(geometry, device) <= device.room.block_rams


def _preference(shape: tuple[int, int]) -> tuple[int, float, int]:
    """Least for the shape to be taken: of most cells, then the squarest, then the one of fewer rows, which skips
    more."""
    rows, cols = shape
    return -rows * cols, round(abs(math.log(rows / cols)), 9), rows
