"""The clocks of a board: what its PLL, or its part's own oscillator, can give, and the best of it.

Formulas and limits: Lattice FPGA-TN-02052 and the iCE40 data sheets (PLL), FPGA-TN-02200 and FPGA-DS-02012 (ECP5's),
FPGA-DS-02008 (the oscillator of the iCE40 UltraPlus).
"""

import math
from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import product
from typing import ClassVar

from ceprop.boards.parts.baud import serves
from ceprop.boards.parts.registry import Board
from ceprop.common.errors import CepropError

_MEGA = 1_000_000

_MOST_DIVIDER = 128
"""The largest divider of a PLL of ECP5."""

_USUAL = (1_000_000, 921_600, 460_800, 230_400, 115_200, 57_600, 9_600)
"""Baud rates that are offered in place of one that cannot be made."""


@dataclass(frozen=True)
class Range:
    """Frequencies in Hz, both ends included."""

    low: int
    high: int

    def __contains__(self, hz: Fraction) -> bool:
        return self.low <= hz <= self.high


class _Pll:
    """What every PLL has: a phase detector, an oscillator and an output, each with its limits."""

    PHASE: ClassVar[Range]
    OSCILLATOR: ClassVar[Range]
    CLOCK: ClassVar[Range]

    source_hz: int
    """The frequency of the crystal, in Hz."""

    @property
    @abstractmethod
    def phase_hz(self) -> Fraction:
        """The frequency at the phase detector, in Hz."""

    @property
    @abstractmethod
    def oscillator_hz(self) -> Fraction:
        """The frequency of the PLL's oscillator, in Hz."""

    @property
    @abstractmethod
    def clock_hz(self) -> Fraction:
        """The frequency of the clock, in Hz."""

    @property
    def fastest_hz(self) -> Fraction:
        """The highest frequency of the clock, in Hz: that of a crystal counts as exact."""
        return self.clock_hz

    @property
    def core_clock_hz(self) -> Fraction | None:
        """The frequency of the core's own clock, in Hz; None where the core has the same clock."""
        return None

    @property
    def legal(self) -> bool:
        """Whether everything is within its limits."""
        return self.phase_hz in self.PHASE and self.oscillator_hz in self.OSCILLATOR and self.clock_hz in self.CLOCK


@dataclass(frozen=True)
class Ice40Pll(_Pll):
    """SB_PLL40 with the feedback from its oscillator: `clock = source (divf + 1) / (2^divq (divr + 1))`."""

    source_hz: int
    divr: int
    divf: int
    divq: int

    PHASE: ClassVar = Range(10 * _MEGA, 133 * _MEGA)
    OSCILLATOR: ClassVar = Range(533 * _MEGA, 1066 * _MEGA)
    CLOCK: ClassVar = Range(16 * _MEGA, 275 * _MEGA)

    @property
    def phase_hz(self) -> Fraction:
        """The frequency at the phase detector, in Hz."""
        return Fraction(self.source_hz, self.divr + 1)

    @property
    def oscillator_hz(self) -> Fraction:
        """The frequency of the PLL's oscillator, in Hz."""
        return self.phase_hz * (self.divf + 1)

    @property
    def clock_hz(self) -> Fraction:
        """The frequency of the clock, in Hz."""
        return self.oscillator_hz / 2**self.divq

    @property
    def filter_range(self) -> int:
        """The loop filter for the frequency at the phase detector."""
        return 1 + sum(self.phase_hz >= mhz * _MEGA for mhz in (17, 26, 44, 66, 101))

    @classmethod
    def settings(cls, source_hz: int) -> Iterator["Ice40Pll"]:
        """Every setting within the limits."""
        every = (cls(source_hz, *dividers) for dividers in product(range(16), range(128), range(1, 7)))
        return (setting for setting in every if setting.legal)


@dataclass(frozen=True)
class Ecp5Pll(_Pll):
    """EHXPLLL whose primary output, of the frequency at the phase detector, feeds back, and whose secondary output is
    the clock, so that the steps are fine: `clock = source feedback / (input output)`. A third output may be the core's
    clock, in the same way from the divider `core_output`."""

    source_hz: int
    input: int
    feedback: int
    output: int
    core_output: int | None = None

    PHASE: ClassVar = Range(10 * _MEGA, 400 * _MEGA)
    OSCILLATOR: ClassVar = Range(400 * _MEGA, 800 * _MEGA)
    CLOCK: ClassVar = Range(3_125_000, 400 * _MEGA)

    @property
    def phase_hz(self) -> Fraction:
        """The frequency at the phase detector, in Hz."""
        return Fraction(self.source_hz, self.input)

    @property
    def oscillator_hz(self) -> Fraction:
        """The frequency of the PLL's oscillator, in Hz."""
        return self.phase_hz * self.feedback

    @property
    def clock_hz(self) -> Fraction:
        """The frequency of the clock, in Hz."""
        return self.oscillator_hz / self.output

    @property
    def core_clock_hz(self) -> Fraction | None:
        """The frequency of the core's own clock, in Hz; None where the core has the same clock."""
        return None if self.core_output is None else self.oscillator_hz / self.core_output

    def with_core(self, limit_hz: float) -> "Ecp5Pll | None":
        """The same with the fastest clock for the core that does not exceed `limit_hz`; None where there is none."""
        divider = max(1, math.ceil(self.oscillator_hz / Fraction(limit_hz)))
        legal = divider <= _MOST_DIVIDER and self.oscillator_hz / divider in self.CLOCK
        return replace(self, core_output=divider) if legal else None

    @classmethod
    def settings(cls, source_hz: int) -> Iterator["Ecp5Pll"]:
        """Every setting within the limits, with one clock."""
        for division in range(1, source_hz // cls.PHASE.low + 1):
            lowest = -(-cls.OSCILLATOR.low * division // source_hz)
            highest = cls.OSCILLATOR.high * division // source_hz
            every = (
                cls(source_hz, division, *rest)
                for rest in product(range(lowest, highest + 1), range(1, _MOST_DIVIDER + 1))
            )
            yield from (setting for setting in every if setting.legal)


@dataclass(frozen=True)
class OwnOscillator:
    """SB_HFOSC of the iCE40 UltraPlus, 48 MHz divided by `2^division`, without a PLL."""

    division: int

    SPREAD: ClassVar = Fraction(1, 10)
    """Share by which the frequency may be off."""

    @property
    def clock_hz(self) -> Fraction:
        """The nominal frequency of the clock, in Hz."""
        return Fraction(48 * _MEGA, 2**self.division)

    @property
    def fastest_hz(self) -> Fraction:
        """The highest frequency of the clock, in Hz."""
        return self.clock_hz * (1 + self.SPREAD)

    @property
    def core_clock_hz(self) -> None:
        """There is no second clock."""
        return None

    @classmethod
    def settings(cls) -> Iterator["OwnOscillator"]:
        """Every setting."""
        return (cls(division) for division in range(4))


Clock = Ice40Pll | Ecp5Pll | OwnOscillator
"""Where the clocks come from."""


def choose_clock(board: Board, limit_hz: float, baud: int | None) -> Clock:
    """The fastest clock that never exceeds `limit_hz` and of which a UART can make the baud rate, if one is given.

    Raises :class:`CepropError` where there is none."""
    found = [clock for clock in _settings(board) if clock.fastest_hz <= limit_hz]
    if not found:
        raise CepropError(f"{board.title}: no clock of at most {limit_hz / 1e6:.1f} MHz")
    serving = [clock for clock in found if baud is None or serves(clock.clock_hz, baud)]
    if baud is not None and not serving:
        usual = next((rate for rate in _USUAL if any(serves(clock.clock_hz, rate) for clock in found)), None)
        advice = f"; {usual:,} would do" if usual else ""
        raise CepropError(
            f"baud rate {baud:,}: no clock of {board.title} up to {limit_hz / 1e6:.1f} MHz makes it{advice}"
        )
    # Of several ways to one clock, that with the highest frequency at the phase detector: it has least jitter.
    return max(serving, key=lambda clock: (clock.clock_hz, clock.phase_hz if isinstance(clock, _Pll) else 0))


def choose_clocks(board: Board, limit_hz: float, core_limit_hz: float, baud: int | None) -> Ecp5Pll:
    """The clocks of a board and of the core, both as near to their limits as one PLL makes them: the product of their
    frequencies is the largest that is possible. The rest is as :func:`choose_clock` has it.

    Raises :class:`CepropError` where there are none."""
    every = (setting for setting in Ecp5Pll.settings(board.oscillator_hz) if setting.clock_hz <= limit_hz)
    serving = [one for one in every if baud is None or serves(one.clock_hz, baud)]
    found = [both for one in serving if (both := one.with_core(core_limit_hz))]
    if not found:
        choose_clock(board, limit_hz, baud)
        raise CepropError(f"{board.title}: no clock of at most {core_limit_hz / 1e6:.1f} MHz for the core")
    return max(found, key=lambda both: (both.clock_hz * (both.core_clock_hz or 0), both.phase_hz))


def slowest_hz(board: Board, clock_hz: float) -> float:
    """What a board's clock of nominally `clock_hz` is at least: only a crystal counts as exact."""
    return clock_hz * float(1 - OwnOscillator.SPREAD) if board.own_oscillator else clock_hz


def _settings(board: Board) -> Iterator[Clock]:
    if board.own_oscillator:
        return OwnOscillator.settings()
    return (Ecp5Pll if board.device.family == "ecp5" else Ice40Pll).settings(board.oscillator_hz)
