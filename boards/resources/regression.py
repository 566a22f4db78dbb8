"""What a design takes and how fast it clocks, before synthesis: few terms with a meaning, fitted to real builds."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Self

import numpy as np

from ceprop.boards.parts import Board, Device
from ceprop.boards.resources.builds import Build
from ceprop.boards.resources.lane_memories import LaneMemory, input_memory, neuron_memories
from ceprop.common.errors import CepropError
from ceprop.specification import Edge, Geometry

LEAST_BUILDS = 8
"""Builds that a family's fit needs."""

_LUT_RAM = (16, 4)
"""Words and bits of a piece of ECP5's distributed memory."""


@dataclass(frozen=True, eq=False)
class Fit:
    """Coefficients of one family of devices.

    LUTs and flip-flops are sums of :func:`area_terms` with coefficients of at least 0. The period is a constant of the
    device's speed, times a power of the array's cells."""

    luts: np.ndarray
    flip_flops: np.ndarray
    periods: dict[str, float]
    growth: float

    @classmethod
    def to(cls, builds: Sequence[Build]) -> Self:
        """The coefficients whose relative errors, squared, are least over these builds."""
        terms = np.array([area_terms(build.geometry, build.board.device) for build in builds])
        luts = least_squares(terms, np.array([build.resources.luts for build in builds]))
        flip_flops = least_squares(terms, np.array([build.resources.flip_flops for build in builds]))
        speeds = sorted({speed(build.board) for build in builds})
        columns = [[*(float(speed(build.board) == one) for one in speeds), _growth(build.geometry)] for build in builds]
        periods = np.log([1 / build.clock_mhz for build in builds])
        found = np.linalg.lstsq(np.array(columns), periods, rcond=None)[0]
        return cls(luts, flip_flops, dict(zip(speeds, found[:-1].tolist(), strict=True)), float(found[-1]))

    def area(self, geometry: Geometry, device: Device) -> tuple[float, float]:
        """LUTs and flip-flops."""
        terms = area_terms(geometry, device)
        return float(terms @ self.luts), float(terms @ self.flip_flops)

    def clock_mhz(self, geometry: Geometry, board: Board) -> float:
        """The clock; raises :class:`CepropError` for a speed of which there is no build."""
        if speed(board) not in self.periods:
            known = ", ".join(self.periods)
            raise CepropError(
                f"board {board.name}: no builds of {speed(board)} to estimate its clock from, only {known}"
            )
        return math.exp(-self.periods[speed(board)] - self.growth * _growth(geometry))


@dataclass(frozen=True)
class LeftOut:
    """A build predicted from all others: errors as shares of what was built."""

    build: Build
    luts: float
    clock: float
    rate: float


def leave_one_out(builds: Sequence[Build]) -> list[LeftOut]:
    """Predict each build from all others; those of which no other has the device's speed are not predictable and left
    out of the list."""
    found = []
    for build in builds:
        others = [other for other in builds if other is not build]
        if all(speed(other.board) != speed(build.board) for other in others):
            continue
        fit = Fit.to(others)
        luts, _ = fit.area(build.geometry, build.board.device)
        clock = fit.clock_mhz(build.geometry, build.board)
        rate = 1e6 * clock / build.expected_cycles
        shares = (luts / build.resources.luts, clock / build.clock_mhz, rate / build.rate)
        found.append(LeftOut(build, *(share - 1 for share in shares)))
    return found


def error_sizes(left_out: Sequence[LeftOut], name: Literal["luts", "clock", "rate"]) -> dict[str, float]:
    """Mean and largest size of the errors, as shares."""
    sizes = [abs(getattr(one, name)) for one in left_out]
    return {"mean": sum(sizes) / len(sizes), "largest": max(sizes)}


def speed(board: Board) -> str:
    """What decides how fast a device's logic is: its name without its size, and its speed grade."""
    name = board.device.name if board.device.family == "ice40" else board.device.name.partition("-")[0]
    return f"{name} grade {board.speed}" if board.speed else name


def area_terms(geometry: Geometry, device: Device) -> np.ndarray:
    """What LUTs and flip-flops are proportional to, float (6,): one; bits of adders and multiplexers in all cells, and
    in all neuron cells; pieces of the lanes' memories, where LUTs hold them; bits of the products of multipliers that
    are made of LUTs; on iCE40 the neuron cells' bits once more where memories have two ports, for their registers."""
    formats = geometry.specification.formats
    cells = geometry.rows * geometry.cols
    cell_bits = geometry.widths.partial_sum_bits + geometry.widths.update_bits + formats.weight_bits
    edges: list[Edge] = [edge for edge in ("row", "column") if geometry.layers(edge)]
    neuron_bits = sum(_lanes(geometry, edge) * geometry.widths.sum_bits(edge) for edge in edges)
    pieces = soft = registers = 0
    if device.family == "ecp5":
        pieces = sum(_lanes(geometry, edge) * _pieces(neuron_memories(geometry, edge)) for edge in edges)
        pieces += geometry.cols * _pieces([input_memory(geometry)])
    elif geometry.memory_ports == 2:
        registers = neuron_bits
    if not device.room.multipliers:
        soft = cells * geometry.widths.operand_bits * formats.weight_bits
    return np.array([1, cells * cell_bits, neuron_bits, pieces, soft, registers], float)


def _pieces(memories: list[LaneMemory]) -> int:
    words, bits = _LUT_RAM
    return sum(memory.copies * math.ceil(memory.words / words) * math.ceil(memory.bits / bits) for memory in memories)


def least_squares(terms: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Coefficients (k,) of at least 0 for `terms` (n, k), such that the relative errors of `values` (n,) are least.

    Terms whose coefficient comes out negative are taken out, the most negative first: they have no meaning then."""
    scaled, ones = terms / values[:, None], np.ones(len(values))
    kept = np.flatnonzero(terms.any(axis=0))
    found = np.zeros(terms.shape[1])
    while len(kept):
        solution = np.linalg.lstsq(scaled[:, kept], ones, rcond=None)[0]
        if solution.min() >= 0:
            found[kept] = solution
            break
        weights = solution * scaled[:, kept].mean(axis=0)
        kept = np.delete(kept, int(weights.argmin()))
    return found


def _growth(geometry: Geometry) -> float:
    """What the logarithm of the period grows with."""
    return math.log(geometry.rows * geometry.cols)


def _lanes(geometry: Geometry, edge: Edge) -> int:
    return geometry.rows if edge == "row" else geometry.cols
