"""The flash of a board: a port for its commands, and the controller that learns from it and keeps snapshots there.

In come tasks from the dispatcher; out go samples and commands for the core, and the pins of the flash.
"""

from ceprop.boards.rtl.flash.connections import connect_flash
from ceprop.boards.rtl.flash.flash_controller import PREFETCHED_BYTES, FlashController
from ceprop.boards.rtl.flash.flash_facts import FlashTiming
from ceprop.boards.rtl.flash.processor import Processor

__all__ = [
    "PREFETCHED_BYTES",
    "FlashController",
    "FlashTiming",
    "Processor",
    "connect_flash",
]
