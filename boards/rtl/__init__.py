"""The hardware around a core on a board: transports, frames, requests, flash, clocks and the top level of a board.

In come bytes from a UART, SPI or a bus. Out go the core's streams, and replies as bytes. `docs/protocol.md` says what
the bytes mean.
"""

from ceprop.boards.rtl.system import System
from ceprop.boards.rtl.transport import make_transport

__all__ = ["System", "make_transport"]
