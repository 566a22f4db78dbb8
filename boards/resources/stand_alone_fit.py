"""Whether a core fits a board that stands alone, and how fast it is to be expected."""

from ceprop.boards.parts.registry import Board
from ceprop.boards.resources.builds import load_builds
from ceprop.boards.resources.core_fit import Luts, shortage, title
from ceprop.boards.resources.link_fit import core_blocks
from ceprop.boards.resources.regression import Fit, speed
from ceprop.common.errors import CepropError
from ceprop.specification import Geometry, Specification

_LUTS = {"ice40": 900, "ecp5": 1_600}
"""Look-up tables of what stands around the core, by family, as measured: the sample unpacker, the flash controller and
the progress line."""

_BLOCKS = {"ice40": 6, "ecp5": 1}
"""Block RAMs of the flash processor: its program, and on iCE40 its registers and the bytes of samples that wait."""

_MHZ = {"iCE40UP5K": 44.0}
"""Clock in MHz that was reached, by :func:`ceprop.boards.resources.regression.speed`. Where there is none, it is that
of the core."""


def fitted_alone(specification: Specification, board: Board) -> Geometry:
    """The specification, which must have an array, laid onto a board that stands alone. Raises :class:`CepropError`
    where it has none, or the device cannot hold it, with the resource, the need and the room."""
    if specification.array is None:
        raise CepropError(f"--stand-alone: {specification.name} must have an array")
    geometry = Geometry(specification)
    short = shortage(geometry, board.device, _luts_alone(board))
    need, room = core_blocks(geometry, board.device) + _BLOCKS[board.device.family], board.device.room.block_rams
    short = short or (("block_rams", need, room) if need > room else None)
    if short is None:
        return geometry
    kind, need, room = short
    shape = f"array {geometry.rows}x{geometry.cols}"
    raise CepropError(f"{shape}: needs {need:,} {title(kind, board)} without a link, {board.title} has {room:,}")


def expected_luts_alone(geometry: Geometry, board: Board) -> float:
    """The look-up tables that are expected of a board that stands alone."""
    return _luts_alone(board)(geometry, board.device)


def _luts_alone(board: Board) -> Luts:
    fit = Fit.to(load_builds(board.device.family))
    return lambda geometry, device: fit.area(geometry, device)[0] + _LUTS[device.family]


def expected_mhz_alone(geometry: Geometry, board: Board) -> float:
    """The one clock that is expected of a board that stands alone."""
    core = Fit.to(load_builds(board.device.family)).clock_mhz(geometry, board)
    return min(core, _MHZ.get(speed(board), core))
