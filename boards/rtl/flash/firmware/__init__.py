"""The program of the flash processor, made for a network on its array.

In comes a geometry; out go the words of the program, what the registers hold at first, and where the status lies.
"""

from ceprop.boards.rtl.flash.firmware.layout import STATUS_BYTES
from ceprop.boards.rtl.flash.firmware.program import program

__all__ = ["STATUS_BYTES", "program"]
