"""From a port's name to a board that learns."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ceprop.boards.flow.build import BAUD
from ceprop.boards.host.clock import SimulatedClock
from ceprop.boards.host.driver import HostDriver, board_of
from ceprop.boards.host.link import Link
from ceprop.boards.host.requests import BOARD_TIMING, SIMULATION_TIMING
from ceprop.boards.host.spi import SPI_EXAMPLE, SPI_SCHEME, FtdiSpiTransport
from ceprop.boards.host.transport import SerialTransport
from ceprop.boards.parts.baud import nearest_baud
from ceprop.boards.parts.clocks import slowest_hz
from ceprop.boards.parts.registry import GENERIC, board_names, has_core_clock
from ceprop.boards.parts.registry import board as board_named
from ceprop.boards.resources.choose import fitted, specification_for
from ceprop.boards.virtual import BAUD as SIMULATED_BAUD
from ceprop.boards.virtual import CLOCK_HZ, CORE_CLOCK_HZ, VirtualBoard
from ceprop.common.errors import CepropError
from ceprop.specification import Geometry, Specification

SIMULATION = "sim"
"""The port behind which the board is simulated."""


@dataclass(frozen=True)
class Place:
    """Where a board is.

    Fields
    ------
    port : str
        Device of a serial port, URL of an adapter for SPI (ftdi://ftdi:232h/1), or `SIMULATION`.
    board : str or None
        Name of the board, or `GENERIC`; None takes the board that is there, which is not possible in simulation.
    baud : int
        Bits per second of a serial port; the line of a simulation has its own.
    line_noise : float
        In simulation, the probability with which each byte is damaged.
    noise_seed : int
        Seed of that noise.
    flash : Path or None
        In simulation, contents of the board's flash; None where it has none.
    build : Path
        Keeps the files of the simulation.
    transport : str
        The transport of a simulation: "uart" or "spi", for `GENERIC` also "axi4-stream" or "wishbone".
    pause_rate : float
        In simulation, the probability with which the host rests in a cycle, on the last two.
    clock_hz, core_clock_hz : int or None
        The clocks of a simulation, the second one of a core that has its own; None for clocks with which bytes take few
        cycles.
    """

    port: str
    board: str | None = None
    baud: int = BAUD
    line_noise: float = 0.0
    noise_seed: int = 1
    flash: Path | None = None
    build: Path = Path("build/run")
    transport: str = "uart"
    pause_rate: float = 0.0
    clock_hz: int | None = None
    core_clock_hz: int | None = None


@contextmanager
def open_board(
    specification: Specification, place: Place, say: Callable[[str], None] = lambda _: None
) -> Iterator[HostDriver]:
    """The board at a place, which was built from `specification`; an array that this leaves out is the one that is
    chosen for the board. `say` is called with what takes time before a simulation begins.

    Raises :class:`CepropError` with one line where there is none, or another one, or another specification on it."""
    if place.port == SIMULATION:
        with _simulated(specification, place, say) as driver:
            yield driver
        return
    if place.line_noise:
        raise CepropError(f"--line-noise {place.line_noise:g}: only the line of --port {SIMULATION} can be made noisy")
    if place.pause_rate:
        raise CepropError(f"--pauses {place.pause_rate:g}: only the host of --port {SIMULATION} can rest")
    if place.transport != "uart":
        raise CepropError(
            f"--transport {place.transport}: is for --port {SIMULATION} only; a serial port is a uart, and a port of "
            f"SPI has its adapter's name, {SPI_EXAMPLE} say"
        )
    for option, hz in (("--clock-mhz", place.clock_hz), ("--core-clock-mhz", place.core_clock_hz)):
        if hz:
            raise CepropError(f"{option} {hz / 1e6:g}: only that of --port {SIMULATION} can be chosen")
    if place.flash:
        raise CepropError(f"--flash {place.flash}: only a board of --port {SIMULATION} has its flash in a file")
    spi = place.port.startswith(SPI_SCHEME)
    with FtdiSpiTransport(place.port) if spi else SerialTransport(place.port, place.baud) as transport:
        link = Link(transport, BOARD_TIMING)
        identity = link.identify()
        name = place.board or board_of(identity)
        if name is None:
            raise CepropError(f"port {place.port}: this program does not know the board there; give --board")
        if isinstance(transport, FtdiSpiTransport):
            exact = name == GENERIC
            transport.raise_clock(identity.clock_hz if exact else slowest_hz(board_named(name), identity.clock_hz))
        yield HostDriver(link, Geometry(_laid_out(specification, name)), name)


@contextmanager
def _simulated(specification: Specification, place: Place, say: Callable[[str], None]) -> Iterator[HostDriver]:
    if place.board is None:
        names = ", ".join((*board_names(), GENERIC))
        raise CepropError(f"--port {SIMULATION}: --board must say which, one of {names}")
    if place.pause_rate and place.transport in ("uart", "spi"):
        raise CepropError(f"--pauses {place.pause_rate:g}: on --transport {place.transport} a host does not rest")
    whole = _held(specification, place)
    if place.core_clock_hz and not has_core_clock(place.board):
        raise CepropError(f"--core-clock-mhz {place.core_clock_hz / 1e6:g}: {place.board} has one clock, --clock-mhz")
    clock_hz = place.clock_hz or CLOCK_HZ
    board = VirtualBoard(
        whole,
        place.board,
        build=place.build,
        transport=place.transport,
        clock_hz=clock_hz,
        core_clock_hz=place.core_clock_hz or CORE_CLOCK_HZ,
        # The rate of a real board was chosen to suit its clock.
        baud=nearest_baud(clock_hz, SIMULATED_BAUD),
        pause_rate=place.pause_rate,
        line_noise=place.line_noise,
        seed=place.noise_seed,
        flash=place.flash,
        progress=say,
    )
    with board, SerialTransport(board.port, board.baud) as transport:
        link = Link(transport, SIMULATION_TIMING)
        yield HostDriver(link, Geometry(whole), place.board, SimulatedClock(board))


def _laid_out(specification: Specification, board: str) -> Specification:
    """With the array that the board's hardware has."""
    return specification.with_array() if board == GENERIC else specification_for(specification, board_named(board))


def _held(specification: Specification, place: Place) -> Specification:
    """With the array that the hardware of a simulated board has. Raises :class:`CepropError` for what the real board
    has not: a transport, or room."""
    assert place.board is not None
    if place.board == GENERIC:
        return specification.with_array()
    board = board_named(place.board)
    if place.transport not in ("uart", "spi"):
        raise CepropError(
            f"--transport {place.transport}: is for --board {GENERIC} only; {place.board} can have uart or spi"
        )
    try:
        return fitted(specification, board, flash=True if place.flash else None).specification
    except CepropError as error:
        raise CepropError(f"{error}; --board {GENERIC} simulates what no board holds") from None
