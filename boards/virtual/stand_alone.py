"""A board that stands alone, generated, compiled and run."""

from collections.abc import Callable
from pathlib import Path

from ceprop.boards.parts.flash_pins import flash_lines
from ceprop.boards.rtl.stand_alone import StandAlone
from ceprop.boards.rtl.system import SYSTEM
from ceprop.boards.virtual.board import BUILD
from ceprop.boards.virtual.executable import build_executable
from ceprop.boards.virtual.simulation import FLASH_PARTS, Simulation
from ceprop.hdl.devices.primitives import PORTABLE
from ceprop.hdl.export import checked_verilog
from ceprop.specification import Geometry, Specification


class StandAloneBoard(Simulation):
    """A board that stands alone in simulation; its context is the time under power. What it sends on its progress line
    is read from `port`.

    Raises :class:`CepropError` as :class:`ceprop.boards.virtual.board.VirtualBoard` does.

    Parameters
    ----------
    specification, board, build, clock_hz, baud, flash, flash_part, progress
        As :class:`ceprop.boards.virtual.board.VirtualBoard` has them; `flash` must be there.
    """

    def __init__(
        self,
        specification: Specification,
        board: str,
        *,
        flash: Path,
        clock_hz: int,
        baud: int,
        build: Path | None = None,
        flash_part: str = FLASH_PARTS[0],
        progress: Callable[[str], None] | None = None,
    ):
        say = progress or (lambda _: None)
        lines = flash_lines(board)
        say("generating Verilog")
        system = StandAlone(Geometry(specification), PORTABLE, clock_hz=clock_hz, baud=baud, flash_lines=lines)
        verilog, checks = checked_verilog(system, SYSTEM)
        say("compiling")
        program = build_executable(
            verilog, SYSTEM, build or BUILD, transport="progress", flash_lines=lines, checks=True
        )
        super().__init__(program, clock_hz=clock_hz, baud=baud, flash=flash, flash_part=flash_part, checks=checks)
