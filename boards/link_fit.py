"""Whether a core fits a board with the link beside it, and how fast both are to be expected."""

from ceprop.boards.devices import Device
from ceprop.boards.fit import Luts, check_fit, memory_need
from ceprop.boards.registry import Board
from ceprop.build_fit import Fit, speed
from ceprop.builds import load_builds
from ceprop.errors import CepropError
from ceprop.geometry import Edge, Geometry, address_bits
from ceprop.hdl import ice40

LINK_LUTS = {("ice40", False): 1_160, ("ice40", True): 2_400, ("ecp5", False): 1_350, ("ecp5", True): 2_650}
"""Look-up tables of the link beside a core, by family and whether it has flash, as measured: a design with it less its
core in the timing harness."""

LINK_MHZ = {
    "iCE40UP5K": 40.0,
    "iCE40HX8K": 88.0,
    "iCE40LP8K": 62.0,
    "LFE5U grade 6": 127.0,
    "LFE5U grade 8": 136.0,
    "LFE5UM5G grade 8": 153.0,
}
"""What the link itself reaches in MHz, by :func:`ceprop.build_fit.speed`, as measured beside a small core."""

_LINK_BLOCKS = 3
"""Block RAMs of the link."""

_CORE_BLOCKS = 3
"""Block RAMs of an iCE40's core that no lane has: two for commands that wait, one for counters."""


def has_flash(board: Board) -> bool:
    """Whether builds for a board learn from its flash unless they are told otherwise: where there is room for that."""
    return board.device.family == "ecp5"


def check_fit_with_link(geometry: Geometry, board: Board, *, flash: bool) -> None:
    """Refuse what the board's device cannot hold with the link beside it, as far as that can be known before synthesis.

    Raises :class:`CepropError` with the resource, the need and the room."""
    check_fit(geometry, board, luts_with_link(board, flash=flash))
    need, room = blocks_with_link(geometry, board.device), board.device.room.block_rams
    if need > room:
        raise CepropError(
            f"array {geometry.rows}x{geometry.cols}: needs {need:,} block RAMs, those of the lanes and the link among "
            f"them, {board.title} has {room:,}; use smaller layers or a larger device"
        )


def luts_with_link(board: Board, *, flash: bool, share: float = 1.0) -> Luts:
    """Estimates the look-up tables of a core with the link, as if only a share of the device's were there."""
    family = board.device.family
    fit = Fit.to(load_builds(family))

    def estimate(geometry: Geometry, device: Device) -> float:
        return (fit.area(geometry, device)[0] + LINK_LUTS[family, flash]) / share

    return estimate


def blocks_with_link(geometry: Geometry, device: Device) -> int:
    """Block RAMs of everything: of the weights and the link, and on iCE40, whose look-up tables hold no words, of every
    memory of the lanes."""
    weights = memory_need(geometry, device)
    found = _LINK_BLOCKS + (geometry.rows * geometry.cols * weights.blocks if weights.kind == "block_rams" else 0)
    if device.family == "ecp5":
        return found
    formats = geometry.specification.formats
    entry = formats.input_bits + address_bits(geometry.slots(0))
    found += geometry.cols * 2 * ice40.blocks(geometry.slots(0), entry)
    edges: tuple[tuple[Edge, int], ...] = (("row", geometry.rows), ("column", geometry.cols))
    found += sum(lanes * _lane_blocks(geometry, edge) for edge, lanes in edges if geometry.layers(edge))
    return found + _CORE_BLOCKS


def _lane_blocks(geometry: Geometry, edge: Edge) -> int:
    """Block RAMs of one lane of neurons. What is read twice in a cycle is there twice where weights have two ports, and
    so are the lists."""
    words, formats = geometry.neuron_words(edge), geometry.specification.formats
    slot, copies = geometry.slot_bits(edge), geometry.memory_ports
    sums = geometry.sum_bits(edge) + (geometry.drive_bits if edge == "row" else 0)
    return (
        copies * ice40.blocks(words, formats.weight_bits)
        + copies * ice40.blocks(words, 2 * formats.state_bits)
        + copies * ice40.blocks(2 * words // copies, slot)
        + ice40.blocks(2 * words, geometry.specification.generator_bits)
        + ice40.blocks(words, sums)
    )


def expected_mhz(geometry: Geometry, board: Board) -> float:
    """The clock that is expected of core and link together; of a device that no build is of, what place and route
    strives for."""
    fit = Fit.to(load_builds(board.device.family))
    core = fit.clock_mhz(geometry, board) if speed(board) in fit.periods else board.device.target_mhz
    return min(core, LINK_MHZ.get(speed(board), core))
