"""Whether a core fits a board with the link beside it, and how fast both are to be expected."""

from collections.abc import Iterator
from dataclasses import dataclass

from ceprop.boards.parts.devices import Device
from ceprop.boards.parts.registry import GENERIC, Board
from ceprop.boards.parts.registry import board as board_named
from ceprop.boards.resources.builds import load_builds
from ceprop.boards.resources.core_fit import Luts, memory_need, shortage
from ceprop.boards.resources.lane_memories import LaneMemory, input_memory, neuron_memories
from ceprop.boards.resources.regression import Fit, speed
from ceprop.boards.rtl.system import LINK_MEMORIES
from ceprop.hdl.devices import ice40
from ceprop.specification import Edge, Geometry

LINK_LUTS = {("ice40", False): 1_160, ("ice40", True): 2_400, ("ecp5", False): 1_150, ("ecp5", True): 2_200}
"""Look-up tables of the link beside a core, by family and whether it has flash, as measured: a design with it less its
core in the timing harness; those of the lanes apart."""

_LINK_LUTS_A_LANE = {"ice40": 0, "ecp5": 80}
"""The share of the link that grows with the core's ports, between 1x2 and 8x8 on ECP5; an iCE40 has few lanes."""

LINK_MHZ = {
    "iCE40UP5K": 40.0,
    "iCE40HX8K": 74.0,
    "iCE40LP8K": 62.0,
    "LFE5U grade 6": 100.0,
    "LFE5U grade 8": 120.0,
    "LFE5UM5G grade 8": 120.0,
}
"""Clock of the link itself in MHz, by :func:`ceprop.boards.resources.regression.speed`. It was measured beside a small
core on iCE40 and beside the largest one on LFE5U grade 6; the other grades are derived from that."""

_COUNTER_BLOCKS = 1
"""Block RAMs of an iCE40's counters."""

_WAITING_BLOCKS = 2
"""Block RAMs for results that wait, on a device whose weights lie elsewhere; beside memories of one port none wait."""

_LUTS_A_BIT = {"ice40": 2.0, "ecp5": 0.12}
"""Look-up tables of a memory's bit outside block RAM, as measured. On iCE40 a bit takes a flip-flop and its share of
the selection; on ECP5 look-up tables hold the words."""

_FIFO_BYTES = 2_048
"""Bytes of a block RAM of an ECP5."""

_CORE_SHARE = 0.8
"""The share of its clock alone that is asked of a core with a clock of its own beside a link. Routed boards
reached 0.76 on a 25F (784-64-10 as 4x7) and 0.62 on an 85F (784-128-10 as 8x8)."""

_COMPACT_ABOVE, _COMPACT_SHARE = 0.86, 0.9
"""Above this share of an ECP5's look-up tables a design is made compact, and then takes this share of them; as
measured."""


def has_flash(board: Board) -> bool:
    """Whether builds for a board learn from its flash unless they are told otherwise: where there is room for that."""
    return board.device.family == "ecp5"


def shortage_with_link(geometry: Geometry, board: Board, *, flash: bool) -> tuple[str, int, int] | None:
    """The first resource of which the board's device has too little for a core with the link beside it, as far as that
    can be known before synthesis: its name, the need and the room."""
    luts = luts_with_link(board, flash=flash)
    if is_compact(geometry, board, flash=flash):
        short = shortage(geometry, board.device, lambda *design: _COMPACT_SHARE * luts(*design))
    else:
        short = shortage(geometry, board.device, luts)
    need, room = blocks_with_link(geometry, board.device), board.device.room.block_rams
    return short or (("block_rams", need, room) if need > room else None)


def is_compact(geometry: Geometry, board: Board, *, flash: bool) -> bool:
    """Whether a core with the link is made compact, because it would leave too few look-up tables to route through."""
    room = _COMPACT_ABOVE * board.device.room.luts
    return board.device.family == "ecp5" and luts_with_link(board, flash=flash)(geometry, board.device) > room


def luts_with_link(board: Board, *, flash: bool, share: float = 1.0) -> Luts:
    """Estimates the look-up tables of a core with the link, as if only a share of the device's were there."""
    family = board.device.family
    fit = Fit.to(load_builds(family))

    def estimate(geometry: Geometry, device: Device) -> float:
        moved = _LUTS_A_BIT[family] * sum(memory.bits for memory in outside_blocks(geometry, device))
        link = LINK_LUTS[family, flash] + _LINK_LUTS_A_LANE[family] * (geometry.rows + geometry.cols)
        return (fit.area(geometry, device)[0] + link + moved) / share

    return estimate


def expected_luts(geometry: Geometry, board: Board, *, flash: bool) -> float:
    """The look-up tables that are expected of a core with the link."""
    share = _COMPACT_SHARE if is_compact(geometry, board, flash=flash) else 1.0
    return share * luts_with_link(board, flash=flash)(geometry, board.device)


@dataclass(frozen=True)
class SmallMemory:
    """Memories that look-up tables or their flip-flops can hold where block RAM is short: their places as yosys selects
    them, the bits and blocks of all of them, and what yosys then makes of them."""

    pattern: str
    bits: int
    blocks: int
    style: str = "logic"


_LINK_MEMORIES = [SmallMemory(memory.pattern, memory.bits, 1, memory.style) for memory in LINK_MEMORIES]


def blocks_with_link(geometry: Geometry, device: Device) -> int:
    """Block RAMs of everything: of the weights and the link, and on iCE40, whose look-up tables hold no words, of every
    memory of the lanes; but for those :func:`outside_blocks`."""
    return _blocks(geometry, device) - sum(memory.blocks for memory in outside_blocks(geometry, device))


def outside_blocks(geometry: Geometry, device: Device) -> list[SmallMemory]:
    """The memories, the smallest first, that leave block RAM to the others: of the lanes on iCE40, of the link on ECP5.
    None where there is room, or where all of them would not make it."""
    short = _blocks(geometry, device) - device.room.block_rams
    small = _LINK_MEMORIES if device.family == "ecp5" else list(_small_memories(geometry))
    found: list[SmallMemory] = []
    for memory in sorted(small, key=lambda memory: memory.bits / memory.blocks):
        if sum(chosen.blocks for chosen in found) < short:
            found.append(memory)
    return found if sum(chosen.blocks for chosen in found) >= short else []


def prefetched_bytes(geometry: Geometry, board_name: str) -> int | None:
    """Bytes of samples from flash that wait for the unpacker: a whole block RAM of an ECP5, where one is left. None
    stands for as few as there must be."""
    if board_name == GENERIC:
        return None
    device = board_named(board_name).device
    left = device.room.block_rams - _blocks(geometry, device)
    return _FIFO_BYTES if device.family == "ecp5" and left > 0 else None


def _blocks(geometry: Geometry, device: Device) -> int:
    # On iCE40 there is a link with flash only in a board that stands alone, and so there is no program.
    link = len(_LINK_MEMORIES) - (device.family == "ice40")
    return core_blocks(geometry, device) + link


def core_blocks(geometry: Geometry, device: Device) -> int:
    """Block RAMs of the core, with every memory in block RAM that can be there."""
    weights = memory_need(geometry, device)
    found = geometry.rows * geometry.cols * weights.blocks if weights.kind == "block_rams" else 0
    if device.family == "ecp5":
        return found
    found += geometry.cols * _ice40_blocks([input_memory(geometry)])
    found += sum(lanes * _ice40_blocks(neuron_memories(geometry, edge)) for edge, lanes in _edges(geometry))
    waiting = device.room.sprams and geometry.memory_ports > 1
    return found + _COUNTER_BLOCKS + (_WAITING_BLOCKS if waiting else 0)


def _ice40_blocks(memories: list[LaneMemory]) -> int:
    return sum(memory.copies * ice40.blocks(memory.words, memory.bits) for memory in memories)


def _edges(geometry: Geometry) -> list[tuple[Edge, int]]:
    edges: tuple[tuple[Edge, int], ...] = (("row", geometry.rows), ("column", geometry.cols))
    return [(edge, lanes) for edge, lanes in edges if geometry.layers(edge)]


def _small_memories(geometry: Geometry) -> Iterator[SmallMemory]:
    formats, copies = geometry.specification.formats, geometry.memory_ports
    for edge, lanes in _edges(geometry):
        words, lane = geometry.neuron_words(edge), f"*.{edge}_edge.neuron_*"
        for pattern, bits in (
            (f"{lane}.event_lists/m:*", 2 * words * geometry.slot_bits(edge)),
            (f"{lane}.biases/m:*", words * formats.weight_bits),
            (f"{lane}.state_memory/m:*", words * 2 * formats.state_bits),
        ):
            yield SmallMemory(pattern, lanes * bits, lanes * copies)


def expected_mhz(geometry: Geometry, board: Board) -> tuple[float, float]:
    """The clocks that are expected of the link and of the core beside it; equal where the board has one clock for both.
    Of a device that no build is of, that of the core is what place and route strives for."""
    fit = Fit.to(load_builds(board.device.family))
    core = fit.clock_mhz(geometry, board) if speed(board) in fit.periods else board.device.target_mhz
    link = min(core, LINK_MHZ.get(speed(board), core))
    return (link, _CORE_SHARE * core) if board.has_core_clock else (link, link)
