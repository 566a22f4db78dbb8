"""Reading of files: never more than asked for, and never without a deadline."""

import errno
import os
import select
import stat
import time
from pathlib import Path

_WRITER_SECONDS = 60.0
"""Time within which a pipe, a terminal or another device must deliver everything."""

_PIECE = 1 << 20


def read_up_to(path: Path, most: int) -> bytes:
    """Return the content of the file at `path`, or its first `most + 1` bytes where it has more than `most`.

    Raises OSError for a file that cannot be read. Raises TimeoutError, a kind of OSError, for a FIFO, a terminal or a
    device that has not come to its end within a minute.
    """
    # Opening a FIFO would wait for its writer.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            with os.fdopen(descriptor, "rb", closefd=False) as file:
                return file.read(most + 1)
        return _read_waiting(descriptor, most + 1)
    finally:
        os.close(descriptor)


def _read_waiting(descriptor: int, size: int) -> bytes:
    """Read up to `size` bytes that come piece by piece. A FIFO without a writer is not at its end yet."""
    deadline = time.monotonic() + _WRITER_SECONDS
    readable = select.poll()
    readable.register(descriptor, select.POLLIN)
    content = bytearray()
    while len(content) < size:
        left = deadline - time.monotonic()
        if left <= 0 or not readable.poll(1000 * left):
            raise TimeoutError(errno.ETIMEDOUT, f"its writer has not finished within {_WRITER_SECONDS:.0f} s")
        piece = os.read(descriptor, min(_PIECE, size - len(content)))
        if not piece:
            break
        content += piece
    return bytes(content)
