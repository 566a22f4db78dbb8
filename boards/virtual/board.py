"""The board of a specification, generated, compiled and run."""

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from ceprop.boards.parts.flash_pins import flash_lines
from ceprop.boards.parts.registry import has_core_clock
from ceprop.boards.resources.link_memories import prefetched_bytes
from ceprop.boards.rtl.system import SYSTEM, System
from ceprop.boards.rtl.transport import SPI_CYCLES, make_transport
from ceprop.boards.virtual.executable import build_executable
from ceprop.boards.virtual.simulation import FLASH_PARTS, Simulation
from ceprop.hdl.devices.primitives import PORTABLE
from ceprop.hdl.export import checked_verilog
from ceprop.specification import Geometry, Specification

BAUD = 3_000_000
CLOCK_HZ = 12 * BAUD
"""Few cycles for a byte: what is of interest is what the core does meanwhile, and every rate is in cycles."""

CORE_CLOCK_HZ = 47_000_000
"""The clock of a core that has its own."""

BUILD = Path("build/virtual")

_UART_BITS, _SPI_BITS = 10, 8
"""Bits on the line for a byte."""

_BYTE_CYCLES = 10
"""What the link takes for a byte of a transport that has no bits."""


class VirtualBoard(Simulation):
    """A board in simulation; its context is the time under power.

    The core is made of portable parts, which simulate fastest; those of a device hold the same bits.

    Raises :class:`CepropError` as :class:`Simulation` does, for another transport, where a clock is too slow for
    its UART or Verilator is missing or fails.

    Parameters
    ----------
    specification : Specification
        The specification of the network.
    board : str
        Name by which the host knows the board.
    build : Path or None
        Folder that keeps the compiled program, so that the same board is not compiled again; `build/virtual`.
    transport : str
        "uart", "spi", whose clock is as fast as the board stands, "axi4-stream" or "wishbone".
    clock_hz, core_clock_hz, baud : int
        The simulated clocks of the board and of the core, and bits per second of the UART. The second clock counts
        only on boards with :func:`ceprop.boards.parts.registry.has_core_clock`; elsewhere there is one clock.
    pause_rate, line_noise, seed, flash, flash_part
        As :class:`Simulation` has them.
    progress : callable
        Called with what is being done.

    Attributes
    ----------
    baud : int
        Bits per second of a UART that carries as many bytes.
    """

    def __init__(
        self,
        specification: Specification,
        board: str,
        *,
        build: Path | None = None,
        transport: str = "uart",
        clock_hz: int = CLOCK_HZ,
        core_clock_hz: int = CORE_CLOCK_HZ,
        baud: int = BAUD,
        pause_rate: float = 0.0,
        line_noise: float = 0.0,
        seed: int = 1,
        flash: Path | None = None,
        flash_part: str = FLASH_PARTS[0],
        progress: Callable[[str], None] | None = None,
    ):
        say = progress or (lambda _: None)
        self.specification = specification
        line_hz = {"uart": baud, "spi": clock_hz // SPI_CYCLES}.get(transport, clock_hz)
        byte_bits = {"uart": _UART_BITS, "spi": _SPI_BITS}.get(transport, _BYTE_CYCLES)
        self.baud = line_hz * _UART_BITS // byte_bits
        say("generating Verilog")
        lines = 0 if flash is None else flash_lines(board)
        own_clock = has_core_clock(board)
        asked = (specification, board, transport, clock_hz, core_clock_hz if own_clock else None, baud, lines)
        verilog, checks = _verilog(*asked)  # pyright: ignore[reportArgumentType] (frozen: pydantic can hash it)
        say("compiling")
        program = build_executable(
            verilog,
            SYSTEM,
            build or BUILD,
            transport=transport,
            flash_lines=lines,
            own_core_clock=own_clock,
            checks=True,
        )
        super().__init__(
            program,
            clock_hz=clock_hz,
            core_clock_hz=core_clock_hz if own_clock else None,
            baud=line_hz,
            pause_rate=pause_rate,
            line_noise=line_noise,
            seed=seed,
            flash=flash,
            flash_part=flash_part,
            checks=checks,
        )


@lru_cache(maxsize=4)
def _verilog(
    specification: Specification,
    board: str,
    transport: str,
    clock_hz: int,
    core_clock_hz: int | None,
    baud: int,
    lines: int,
) -> tuple[str, tuple[str, ...]]:
    """Generated in seconds, and kept: who has opened a board opens it again."""
    geometry = Geometry(specification)
    system = System(
        geometry,
        PORTABLE,
        board=board,
        clock_hz=clock_hz,
        core_clock_hz=core_clock_hz,
        transport=make_transport(transport, clock_hz, baud),
        flash_lines=lines,
        prefetched_bytes=prefetched_bytes(geometry, board),
    )
    return checked_verilog(system, SYSTEM)
