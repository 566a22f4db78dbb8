"""The look-up tables and clocks that are expected of a whole board: of its core, and of what is around that."""

from ceprop.boards.parts.devices import Device
from ceprop.boards.parts.registry import Board
from ceprop.boards.resources.board_builds import Around
from ceprop.boards.resources.board_fit import BoardFit, board_fit
from ceprop.boards.resources.builds import load_builds
from ceprop.boards.resources.core_fit import Luts
from ceprop.boards.resources.regression import Fit
from ceprop.specification import Geometry

_COMPACT_ABOVE = 0.86
"""Above this share of an ECP5's look-up tables a design with a link is made compact."""


def luts_with(around: Around, board: Board, fit: BoardFit | None = None) -> Luts:
    """Estimates the look-up tables of a core with what is around it, before it is made compact. `fit` is that of the
    builds that are kept with the package, where none is given.

    Raises :class:`CepropError` where there are no builds to estimate from."""
    family = board.device.family
    core, rest = Fit.to(load_builds(family)), fit or board_fit(family)

    def estimate(geometry: Geometry, device: Device) -> float:
        return core.area(geometry, device)[0] + rest.luts(geometry, device, around)

    return estimate


def is_compact(geometry: Geometry, board: Board, around: Around, fit: BoardFit | None = None) -> bool:
    """Whether a core with a link is made compact, because it would leave too few look-up tables to route through."""
    if board.device.family != "ecp5" or around == "alone":
        return False
    return luts_with(around, board, fit)(geometry, board.device) > _COMPACT_ABOVE * board.device.room.luts


def expected_luts(geometry: Geometry, board: Board, around: Around, fit: BoardFit | None = None) -> float:
    """The look-up tables that are expected of a whole board, made compact where that is done."""
    luts = luts_with(around, board, fit)(geometry, board.device)
    return BoardFit.compacted(luts) if is_compact(geometry, board, around, fit) else luts


def expected_mhz(geometry: Geometry, board: Board, around: Around, fit: BoardFit | None = None) -> tuple[float, float]:
    """The clocks that are expected around the core, and of the core; equal where the board has one clock for both. Of a
    device that no core was built for, that of the core is what place and route strives for."""
    family = board.device.family
    return (fit or board_fit(family)).clocks_mhz(Fit.to(load_builds(family)), geometry, board, around)
