"""The program of the flash processor, made for a network on its array.

In comes a geometry; out go the words of the program.
"""

from ceprop.boards.rtl.flash.firmware.program import program

__all__ = ["program"]
