"""The expected figures of a whole board that learns from its own flash, before synthesis."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ceprop.boards import Board
from ceprop.boards.flow.build import first_clock, laid_out
from ceprop.boards.host.packing import pack_samples
from ceprop.boards.parts.flash_pins import flash_lines
from ceprop.boards.protocol import BLOCK_INPUTS
from ceprop.boards.resources.board_builds import Around
from ceprop.boards.resources.expected import expected_luts
from ceprop.boards.resources.link_memories import prefetched_bytes
from ceprop.boards.rtl.flash import PREFETCHED_BYTES, FlashTiming
from ceprop.boards.rtl.granule_splitter import granule_bits
from ceprop.hdl.io.sample_loader import listing_cycles
from ceprop.specification import Geometry, Specification

_CYCLES_BETWEEN_SAMPLES = {1: 256, 2: 245, 4: 148}
"""Cycles of the board's clock between the last byte of a sample and the first one of the next, by the lines of the
flash: the entry in the index, two commands and their rests. Measured with tests/boards/rtl/test_flash_controller.py at
30, 80 and 90 MHz."""

_CROSSING_CYCLES = 6
"""Cycles that a byte takes from flash through the FIFOs to the unpacker, about."""


@dataclass(frozen=True)
class BoardEstimate:
    """What is expected of the bitstream of a whole board.

    Fields
    ------
    stand_alone : bool
        Whether the board stands alone, because there is no room for a link.
    luts : int
        Look-up tables, or logic cells of an iCE40.
    clock_mhz, core_clock_mhz : float
        The clocks that the first attempt of place and route asks for: of everything around the core, and of the core.
    samples_per_second : float
        Samples that the board learns from its flash after an epoch, waiting included.
    """

    stand_alone: bool
    luts: int
    clock_mhz: float
    core_clock_mhz: float
    samples_per_second: float

    def as_dict(self) -> dict[str, Any]:
        """Return the estimate as JSON has it."""
        return asdict(self)


def estimate_board(
    specification: Specification, board: Board, inputs: np.ndarray, cycles: Sequence[int]
) -> BoardEstimate:
    """Estimate the board with flash.

    `inputs` (n, n_0) are quantised samples in the order in which they are learned, and `cycles` those that the core
    works on each. Raises :class:`CepropError` where the board cannot hold the network with its flash controller."""
    geometry, alone = laid_out(specification, board, flash=True, stand_alone=None)
    around: Around = "alone" if alone else "link with flash"
    clock = first_clock(geometry, board, around)
    link_hz = float(clock.clock_hz)
    core_hz = float(clock.core_clock_hz or clock.clock_hz)
    way = SampleWay.of(geometry, board, around, link_hz, core_hz)
    return BoardEstimate(
        stand_alone=around == "alone",
        luts=round(expected_luts(geometry, board, around)),
        clock_mhz=link_hz / 1e6,
        core_clock_mhz=core_hz / 1e6,
        samples_per_second=way.rate(inputs, cycles),
    )


@dataclass(frozen=True)
class SampleWay:
    """The way of samples from flash to the core: flash on so many `lines`, a FIFO of so many bytes, the unpacker, and
    the lists of inputs; `link_hz` is the clock of flash and FIFO, `core_hz` that of the others."""

    geometry: Geometry
    lines: int
    fifo_bytes: int
    link_hz: float
    core_hz: float

    @classmethod
    def of(cls, geometry: Geometry, board: Board, around: Around, link_hz: float, core_hz: float) -> "SampleWay":
        """The way on a board with these clocks."""
        lines = flash_lines(board.name)
        fifo = None if around == "alone" else prefetched_bytes(geometry, board.name)
        return cls(geometry, lines, fifo or PREFETCHED_BYTES[lines], link_hz, core_hz)

    def rate(self, inputs: np.ndarray, cycles: Sequence[int]) -> float:
        """Return the samples per second from the begin of work on the first sample to that on the last one.

        Raises `ValueError` for fewer than two samples."""
        if len(inputs) < 2:
            raise ValueError("a rate needs two samples")
        begins = self._begins(inputs, cycles)
        return float((len(begins) - 1) / (begins[-1] - begins[0]))

    def _begins(self, inputs: np.ndarray, cycles: Sequence[int]) -> list[float]:
        """When work on each sample begins, in seconds. Every byte waits until the FIFO has room, and the unpacker until
        a byte is there; the first group of a sample waits until a list of inputs is free."""
        byte_seconds = FlashTiming.of(round(self.link_hz), self.lines).period * 8 / self.lines / self.link_hz
        between = _CYCLES_BETWEEN_SAMPLES[self.lines] / self.link_hz
        listing = (listing_cycles(self.geometry) + _CROSSING_CYCLES) / self.core_hz
        labels = np.zeros(len(inputs), np.int64)
        sizes = [len(packed) for packed in pack_samples(self.geometry.specification, inputs, labels)]
        read = unpacked = free = begin = 0.0
        taken: list[float] = []
        begins: list[float] = []
        for size, needed, worked in zip(sizes, self._unpacking(inputs), cycles, strict=True):
            share = needed / size / self.core_hz
            unpacked = max(unpacked, begin if self.geometry.input_lists == 2 else free)
            read += between
            for _ in range(size):
                room = taken[-self.fifo_bytes] if len(taken) >= self.fifo_bytes else 0.0
                read = max(read + byte_seconds, room)
                taken.append(max(unpacked, read))
                unpacked = taken[-1] + share
            begin = max(free, unpacked + listing)
            free = begin + worked / self.core_hz
            begins.append(begin)
        return begins

    def _unpacking(self, inputs: np.ndarray) -> np.ndarray:
        """Cycles that the unpacker needs for each sample, about: of masks, of blocks without values, of values, of
        zeros beside values, and of groups that it sends."""
        cols, granule = self.geometry.cols, granule_bits(self.geometry.specification.formats.input_bits)
        blocks, groups = _groups_of(inputs, BLOCK_INPUTS), _groups_of(inputs, cols)
        values, walked = blocks.sum(axis=(1, 2)), blocks.any(axis=2).sum(axis=1)
        masks = blocks.shape[1] * (BLOCK_INPUTS // granule)
        zeros = (walked * BLOCK_INPUTS - values) / (1.5 if cols > 2 else 1)
        parts = self.geometry.specification.formats.input_bits // granule
        return masks + (blocks.shape[1] - walked) + values * parts + zeros + groups.any(axis=2).sum(axis=1)


def _groups_of(inputs: np.ndarray, size: int) -> np.ndarray:
    """Which inputs (n, n_0) are not zero, bool (n, groups, size), the last group padded."""
    count, width = inputs.shape
    padded = np.zeros((count, -(-width // size) * size), bool)
    padded[:, :width] = inputs != 0
    return padded.reshape(count, -1, size)
