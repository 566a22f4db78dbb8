"""Whether a core fits a board with the link beside it."""

from ceprop.boards.parts.devices import Device
from ceprop.boards.parts.registry import Board
from ceprop.boards.resources.board_builds import linked
from ceprop.boards.resources.core_fit import Luts, shortage
from ceprop.boards.resources.expected import expected_luts, luts_with
from ceprop.boards.resources.link_memories import blocks_with_link
from ceprop.specification import Geometry


def has_flash(board: Board) -> bool:
    """Whether builds for a board learn from its flash unless they are told otherwise: where there is room for that."""
    return board.device.family == "ecp5"


def luts_with_link(board: Board, *, flash: bool, share: float = 1.0) -> Luts:
    """Estimates the look-up tables of a core with the link, as if only a share of the device's were there."""
    luts = luts_with(linked(flash=flash), board)

    def estimate(geometry: Geometry, device: Device) -> float:
        return luts(geometry, device) / share

    return estimate


def shortage_with_link(geometry: Geometry, board: Board, *, flash: bool) -> tuple[str, int, int] | None:
    """The first resource of which the board's device has too little for a core with the link beside it, as far as that
    can be known before synthesis: its name, the need and the room."""
    short = shortage(geometry, board.device, lambda design, _: expected_luts(design, board, linked(flash=flash)))
    need, room = blocks_with_link(geometry, board.device), board.device.room.block_rams
    return short or (("block_rams", need, room) if need > room else None)
