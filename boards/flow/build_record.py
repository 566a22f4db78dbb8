"""A bitstream and what is known of it, as a build keeps it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from ceprop.boards.flow.routing import CriticalPath


@dataclass(frozen=True)
class ClockCheck:
    """A clock in MHz: what it must reach, and what the routed design reaches by every tool that was asked."""

    constraint: float
    achieved: float

    @property
    def met(self) -> bool:
        """Whether it is fast enough."""
        return self.achieved >= self.constraint

    @property
    def slack_ns(self) -> float:
        """By how many nanoseconds the slowest path is shorter than the period that is needed; below 0 where it is
        longer."""
        return 1000 / self.constraint - 1000 / self.achieved


@dataclass(frozen=True)
class TriedSeed:
    """What place and route made with one seed.

    Fields
    ------
    seed : int
        nextpnr's.
    clock_hz, core_clock_hz : int
        The clocks that were asked for, nominally: of everything around the core, and of the core.
    clocks : dict
        A :class:`ClockCheck` for each clock; empty where the design was not routed.
    slack_ns : float or None
        The least slack of these clocks; None where the design was not routed.
    seconds : float or None
        Time that place, route and packing took; None where the design was not routed.
    met : bool
        Whether every clock is fast enough.
    problem : str or None
        Why the design was not routed.
    """

    seed: int
    clock_hz: int
    core_clock_hz: int
    clocks: Mapping[str, ClockCheck]
    slack_ns: float | None
    seconds: float | None
    met: bool
    problem: str | None = None

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> "TriedSeed":
        """Build it from plain types."""
        return cls(**{**fields, "clocks": _clocks(fields["clocks"])})


@dataclass(frozen=True)
class Build:
    """A bitstream and what is known of it.

    Fields
    ------
    bitstream, sha256 : str
        The file of the bitstream, and the digest of its content.
    specification : dict
        All fields, the array among them.
    learning_digest, build_digest : str
        Digests of the specification.
    board, device : str
        What it was built for.
    clock_hz, core_clock_hz : int
        The clock of everything around the core, and that of the core, nominally. They are equal where there is one.
    baud : int or None
        The UART's bits per second; None with SPI.
    flash : bool
        Whether it learns from the board's flash and keeps snapshots there.
    stand_alone : bool
        Whether it does so by itself, without a link; `baud` is then that of its progress line.
    seed : int
        nextpnr's.
    clocks : dict
        A :class:`ClockCheck` for each clock.
    utilization : dict
        `used` and `available` by the names of :class:`ceprop.boards.Resources`; look-up tables of iCE40 are its logic
        cells.
    critical_path : CriticalPath
        The slowest path between registers.
    seconds : float
        Time that synthesis, place, route and packing took.
    routing_seconds : float
        Time that place, route and packing took of these.
    tools : dict
        Versions; icetime only where it has confirmed the clock.
    checks_left_out : list of str
        Checks for which a tool is missing, each with what would bring it.
    tried : list of TriedSeed
        Every seed that was tried, for every clock that was asked for, in this order.
    """

    bitstream: str
    sha256: str
    specification: Mapping[str, Any]
    learning_digest: str
    build_digest: str
    board: str
    device: str
    clock_hz: int
    core_clock_hz: int
    baud: int | None
    flash: bool
    stand_alone: bool
    seed: int
    clocks: Mapping[str, ClockCheck]
    utilization: Mapping[str, Mapping[str, int]]
    critical_path: CriticalPath
    seconds: float
    routing_seconds: float
    tools: Mapping[str, str]
    checks_left_out: Sequence[str]
    tried: Sequence[TriedSeed] = field(default_factory=list)

    @property
    def met(self) -> bool:
        """Whether every clock is fast enough."""
        return all(clock.met for clock in self.clocks.values())

    @property
    def slack_ns(self) -> float:
        """The least slack of all clocks, in nanoseconds."""
        return min(clock.slack_ns for clock in self.clocks.values())

    @property
    def transport(self) -> str:
        """How the host's bytes come, "uart" or "spi"."""
        return "spi" if self.baud is None else "uart"

    def fields(self) -> dict[str, Any]:
        """Everything in plain types, `transport` too."""
        return asdict(self) | {"transport": self.transport}

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> "Build":
        """The inverse of :meth:`fields`."""
        own = {name: value for name, value in fields.items() if name != "transport"}
        parts = {
            "clocks": _clocks(fields["clocks"]),
            "critical_path": CriticalPath(**fields["critical_path"]),
            "tried": [TriedSeed.from_fields(one) for one in fields["tried"]],
        }
        return cls(**own | parts)


def _clocks(fields: Mapping[str, Any]) -> dict[str, ClockCheck]:
    return {name: ClockCheck(**clock) for name, clock in fields.items()}
