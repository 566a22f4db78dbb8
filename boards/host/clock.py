"""When things happen on a board, for rates."""

import time
from typing import NamedTuple

from ceprop.boards.virtual.simulation import Cycles, Simulation


class Moment(NamedTuple):
    """A time in seconds, from any origin, and the seconds before it in which the line and the flash were at work; None
    where that is not known."""

    seconds: float
    line: float | None
    flash: float | None


class HostClock:
    """The clock of the host. Of a real board it is not known when line and flash are at work."""

    def now(self) -> Moment:
        """The present moment."""
        return Moment(time.monotonic(), None, None)

    def forget_samples(self) -> None:
        """Let :meth:`samples` begin with the next sample. Called while none is at work."""

    def samples(self) -> tuple[Moment, Moment] | None:
        """When a sample was at work first and last since :meth:`forget_samples`; None where that is not known."""
        return None


class SimulatedClock(HostClock):
    """The clock of a simulated board, which knows everything."""

    def __init__(self, board: Simulation):
        self._board = board

    def now(self) -> Moment:
        """As :class:`HostClock` describes."""
        return self._moment(self._board.cycles)

    def forget_samples(self) -> None:
        """As :class:`HostClock` describes."""
        self._board.forget_samples()

    def samples(self) -> tuple[Moment, Moment] | None:
        """As :class:`HostClock` describes."""
        found = self._board.sample_cycles
        return found and (self._moment(found[0]), self._moment(found[1]))

    def _moment(self, cycles: Cycles) -> Moment:
        return Moment(*(number / self._board.clock_hz for number in cycles))
