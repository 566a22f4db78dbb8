"""Carries bytes between a pseudo-terminal and a board, and damages some on the way if it is told to."""

import math
import os
import select
import socket
import threading
from dataclasses import dataclass, field
from typing import Self

from ceprop.boards.virtual.noise import LineNoise

_READ_BYTES = 65536
_MOST_TO_BOARD = 4096
"""Bytes that wait for the board before the host has to."""


@dataclass
class _Way:
    """One direction: from a descriptor to another, past the noise, and what waits for the other to take it."""

    source: int
    target: int
    noise: LineNoise
    most: float
    waiting: bytearray = field(default_factory=bytearray)

    def has_room(self) -> bool:
        """Whether there is room for more."""
        return len(self.waiting) < self.most

    def read(self) -> bool:
        """Take what there is; False at the end."""
        data = os.read(self.source, _READ_BYTES)
        self.waiting += self.noise.pass_on(data)
        return bool(data)

    def write(self) -> None:
        """Pass on what goes."""
        del self.waiting[: os.write(self.target, self.waiting)]


class Line:
    """Carries bytes both ways in a thread of its own, while its context lasts or until the board's end closes.

    Parameters
    ----------
    terminal : int
        Descriptor of a pseudo-terminal's master side, non-blocking.
    board : socket
        Our end of the board's line, non-blocking.
    to_board, to_host : LineNoise
        What the bytes suffer.
    """

    def __init__(self, terminal: int, board: socket.socket, to_board: LineNoise, to_host: LineNoise):
        self._to_board = _Way(terminal, board.fileno(), to_board, _MOST_TO_BOARD)
        # A host that sends much before it reads must not find both ways full: this one takes everything.
        self._to_host = _Way(board.fileno(), terminal, to_host, math.inf)
        self._stop, self._stopped = socket.socketpair()
        self._thread = threading.Thread(target=self._carry, name="line of a virtual board", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.close()
        self._thread.join()
        self._stopped.close()

    def _carry(self) -> None:
        poll = select.poll()
        poll.register(self._stopped, select.POLLIN)
        while True:
            for way, other in ((self._to_board, self._to_host), (self._to_host, self._to_board)):
                poll.register(way.source, select.POLLIN * way.has_room() | select.POLLOUT * bool(other.waiting))
            ready = dict(poll.poll())
            if self._stopped.fileno() in ready or not self._move(ready):
                return

    def _move(self, ready: dict[int, int]) -> bool:
        """Read and write whatever is ready; False once the board is gone."""
        try:
            for way in (self._to_board, self._to_host):
                if ready.get(way.source, 0) & ~select.POLLOUT and not way.read():
                    return False
                if ready.get(way.target, 0) & select.POLLOUT:
                    way.write()
        except BlockingIOError:
            return True
        except ConnectionError:
            return False
        return True
