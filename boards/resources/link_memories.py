"""Block RAMs of a core with the link beside it, and which memories leave block RAM where it is short."""

from collections.abc import Iterator
from dataclasses import dataclass

from ceprop.boards.parts.devices import Device
from ceprop.boards.parts.registry import GENERIC
from ceprop.boards.parts.registry import board as board_named
from ceprop.boards.resources.core_fit import memory_need, table_blocks
from ceprop.boards.resources.lane_memories import (
    LaneMemory,
    activation_tables,
    input_memory,
    lanes_of_neurons,
    neuron_memories,
)
from ceprop.boards.rtl.system import LINK_MEMORIES
from ceprop.hdl.devices import ice40
from ceprop.specification import Geometry

_COUNTER_BLOCKS = 1
"""Block RAMs of an iCE40's counters."""

_WAITING_BLOCKS = 2
"""Block RAMs for results that wait, on a device whose weights lie elsewhere; beside memories of one port none wait."""

_FIFO_BYTES = 2_048
"""Bytes of a block RAM of an ECP5."""


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
        return found + table_blocks(geometry)
    found += geometry.cols * _ice40_blocks([input_memory(geometry)])
    for edge, lanes in lanes_of_neurons(geometry):
        found += lanes * _ice40_blocks(neuron_memories(geometry, edge) + activation_tables(geometry))
    waiting = device.room.sprams and geometry.memory_ports > 1
    return found + _COUNTER_BLOCKS + (_WAITING_BLOCKS if waiting else 0)


def _ice40_blocks(memories: list[LaneMemory]) -> int:
    return sum(memory.copies * ice40.blocks(memory.words, memory.bits) for memory in memories)


def _small_memories(geometry: Geometry) -> Iterator[SmallMemory]:
    formats, copies = geometry.specification.formats, geometry.memory_ports
    for edge, lanes in lanes_of_neurons(geometry):
        words, lane = geometry.neuron_words(edge), f"*.{edge}_edge.neuron_*"
        for pattern, bits in (
            (f"{lane}.event_lists/m:*", 2 * words * geometry.slot_bits(edge)),
            (f"{lane}.biases/m:*", words * formats.weight_bits),
            (f"{lane}.state_memory/m:*", words * 2 * formats.state_bits),
        ):
            yield SmallMemory(pattern, lanes * bits, lanes * copies)
