"""A simulated board: its generated top level in Verilator, behind a pseudo-terminal.

The host opens `VirtualBoard.port` as it opens the serial port of a board, and exchanges the same bytes.
"""

from ceprop.boards.virtual.board import BAUD, CLOCK_HZ, CORE_CLOCK_HZ, VirtualBoard
from ceprop.boards.virtual.simulation import flash_contents
from ceprop.boards.virtual.stand_alone import StandAloneBoard

__all__ = ["BAUD", "CLOCK_HZ", "CORE_CLOCK_HZ", "StandAloneBoard", "VirtualBoard", "flash_contents"]
