"""Boards and the devices on them: names, packages, room, pins, sites of blocks on the die, and clocks.

In comes a board's name. Out go facts, from amaranth-boards and from the data sheets and chip databases that each file
names. A new board is an entry in `registry`.
"""

from ceprop.boards.parts.devices import Device, Resources
from ceprop.boards.parts.registry import GENERIC, Board, board, board_names

__all__ = ["GENERIC", "Board", "Device", "Resources", "board", "board_names"]
