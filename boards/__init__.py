"""FPGA boards and their parts: what fits, where it goes, and how fast it is.

`board` finds a board by name, `check_fit` refuses what its part cannot hold, and `implement` builds a core for it.
"""

from ceprop.boards.devices import Device, Resources
from ceprop.boards.fit import check_fit, fitting_shapes
from ceprop.boards.implement import Implementation, implement
from ceprop.boards.registry import Board, board, board_names
from ceprop.boards.routing import CriticalPath

__all__ = [
    "Board",
    "CriticalPath",
    "Device",
    "Implementation",
    "Resources",
    "board",
    "board_names",
    "check_fit",
    "fitting_shapes",
    "implement",
]
