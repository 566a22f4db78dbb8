"""What a whole board takes beyond its core, and how fast it clocks: few terms, fitted to whole boards that were
built."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Self

import numpy as np
from scipy.optimize import nnls

from ceprop.boards.parts import Board, Device
from ceprop.boards.resources.board_builds import Around, BoardBuild, load_board_builds
from ceprop.boards.resources.builds import load_builds
from ceprop.boards.resources.link_memories import outside_blocks
from ceprop.boards.resources.regression import Fit, speed
from ceprop.common.errors import CepropError
from ceprop.specification import Geometry

_LUTS_A_BIT = {"ice40": 2.0, "ecp5": 0.12}
"""Look-up tables of a memory's bit outside block RAM, as measured. On iCE40 a bit takes a flip-flop and its share of
the selection; on ECP5 look-up tables hold the words."""

_TITLES: Mapping[Around, str] = {"link": "a link", "link with flash": "a link and flash", "alone": "flash alone"}

_COMPACT_SHARE = 0.99
"""The share of its look-up tables that a design takes which is made compact, as measured: 784-64-10 as 4x7 on a ULX3S
25F takes 12,902 look-up tables of logic in place of 13,146, of 23,500 in all."""


@dataclass(frozen=True, eq=False)
class BoardFit:
    """Coefficients of one family of devices, each for what is :data:`Around` the core.

    Look-up tables are a constant, and on ECP5 a share for each lane, because an iCE40 has few lanes. The clock around
    the core is a share of the clock that the core of a single cell would have on the device. The core's own clock is a
    share of what that core reaches alone."""

    constants: Mapping[Around, float]
    per_lane: float
    shares: Mapping[Around, float]
    core_share: float

    @classmethod
    def to(cls, builds: Sequence[BoardBuild], core: Fit) -> Self:
        """The coefficients whose relative errors, squared, are least over these builds, beside the fit of cores.

        Raises :class:`CepropError` where there are no builds."""
        if not builds:
            raise CepropError("no whole boards to estimate from; docs/results/board_builds.py makes some")
        kinds: list[Around] = sorted({build.around for build in builds})
        rest = np.array([_luts_around(build, core) for build in builds])
        terms = np.array(
            [
                [*(float(build.around == kind) for kind in kinds), _lanes(build.geometry, build.board)]
                for build in builds
            ]
        )
        # The errors count as shares of the whole design.
        whole = np.array([build.luts for build in builds], float)
        found, _ = nnls(terms / whole[:, None], rest / whole)
        shares: dict[Around, float] = {}
        for kind in kinds:
            logs = [_share_around(build, core) for build in builds if build.around == kind]
            shares[kind] = math.exp(sum(logs) / len(logs))
        own = [
            math.log(build.core_reached_mhz / core.clock_mhz(build.geometry, build.board))
            for build in builds
            if _has_two_clocks(build.board, build.around)
        ]
        return cls(
            dict(zip(kinds, found[:-1].tolist(), strict=True)),
            float(found[-1]),
            shares,
            math.exp(sum(own) / len(own)) if own else 1.0,
        )

    def luts(self, geometry: Geometry, device: Device, around: Around) -> float:
        """Look-up tables of what is around the core. Raises :class:`CepropError` where no build has that."""
        return _known(self.constants, around) + self.per_lane * _lanes_of(geometry, device) + _moved(geometry, device)

    def clocks_mhz(self, core: Fit, geometry: Geometry, board: Board, around: Around) -> tuple[float, float]:
        """The clocks that are expected around the core and of the core; equal where the board has one clock for both.
        Of a device that no core was built for, the core's is what place and route strives for."""
        if speed(board) not in core.periods:
            alone = other = board.device.target_mhz
        else:
            alone = core.clock_mhz(geometry, board)
            other = _known(self.shares, around) * _single_cell_mhz(core, board)
        if _has_two_clocks(board, around):
            return other, self.core_share * alone
        slower = min(other, alone)
        return slower, slower

    @staticmethod
    def compacted(luts: float) -> float:
        """Look-up tables of a design that is made compact."""
        return _COMPACT_SHARE * luts


@cache
def board_fit(family: str) -> BoardFit:
    """The coefficients of a family, from the builds that are kept with the package."""
    return BoardFit.to(load_board_builds(family), Fit.to(load_builds(family)))


def _known(values: Mapping[Around, float], around: Around) -> float:
    if around not in values:
        known = ", ".join(_TITLES[one] for one in values)
        raise CepropError(f"no whole board with {_TITLES[around]} to estimate from, only with {known}")
    return values[around]


def _luts_around(build: BoardBuild, core: Fit) -> float:
    """Look-up tables of what is around the core of a build."""
    device = build.board.device
    whole = build.luts / (_COMPACT_SHARE if build.compact else 1)
    return whole - core.area(build.geometry, device)[0] - _moved(build.geometry, device)


def _moved(geometry: Geometry, device: Device) -> float:
    """Look-up tables of the memories that leave block RAM where it is short."""
    return _LUTS_A_BIT[device.family] * sum(memory.bits for memory in outside_blocks(geometry, device))


def _lanes_of(geometry: Geometry, device: Device) -> int:
    return geometry.rows + geometry.cols if device.family == "ecp5" else 0


def _lanes(geometry: Geometry, board: Board) -> float:
    return float(_lanes_of(geometry, board.device))


def _share_around(build: BoardBuild, core: Fit) -> float:
    """The logarithm of the share of a single cell's clock that is reached around the core."""
    return math.log(build.reached_mhz / _single_cell_mhz(core, build.board))


def _single_cell_mhz(core: Fit, board: Board) -> float:
    """The clock of a core with one cell."""
    return math.exp(-core.periods[speed(board)])


def _has_two_clocks(board: Board, around: Around) -> bool:
    return board.has_core_clock and around != "alone"
