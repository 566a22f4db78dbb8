"""Whether a core fits a board that stands alone."""

from ceprop.boards.parts.registry import Board
from ceprop.boards.resources.core_fit import shortage, title
from ceprop.boards.resources.expected import luts_with
from ceprop.boards.resources.link_memories import core_blocks
from ceprop.common.errors import CepropError
from ceprop.specification import Geometry, Specification

_BLOCKS = {"ice40": 6, "ecp5": 1}
"""Block RAMs of the flash processor: its program, and on iCE40 its registers and the bytes of samples that wait."""


def fitted_alone(specification: Specification, board: Board) -> Geometry:
    """The specification, which must have an array, laid onto a board that stands alone. Raises :class:`CepropError`
    where it has none, or the device cannot hold it, with the resource, the need and the room."""
    if specification.array is None:
        raise CepropError(f"--stand-alone: {specification.name} must have an array")
    geometry = Geometry(specification)
    short = shortage(geometry, board.device, luts_with("alone", board))
    need, room = core_blocks(geometry, board.device) + _BLOCKS[board.device.family], board.device.room.block_rams
    short = short or (("block_rams", need, room) if need > room else None)
    if short is None:
        return geometry
    kind, need, room = short
    shape = f"array {geometry.rows}x{geometry.cols}"
    raise CepropError(f"{shape}: needs {need:,} {title(kind, board)} without a link, {board.title} has {room:,}")
