"""FPGA boards: what fits them, how a bitstream is made, and how a host talks to them.

`parts` has the boards and devices, `resources` decides what fits, `flow` builds and flashes, `rtl` is the hardware
around the core, `host` the other end of the link, `virtual` a simulated board, and `protocol` what both ends agree on.
"""

from ceprop.boards.flow.implement import Implementation, implement
from ceprop.boards.flow.routing import CriticalPath
from ceprop.boards.parts.devices import Device, Resources
from ceprop.boards.parts.registry import Board, board, board_names
from ceprop.boards.resources.core_fit import check_fit, fitting_shapes

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
