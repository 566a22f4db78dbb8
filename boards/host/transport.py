"""What carries bytes to a board and back, and a serial port that does."""

import errno
import os
from typing import Protocol

import serial

from ceprop.common.errors import CepropError

_WRITE_SECONDS = 10.0
"""Seconds after which a port that takes no bytes is given up."""


class Transport(Protocol):
    """The line of :class:`ceprop.boards.host.link.Link`. `name` is for messages; `baud` are the bits per second of the
    line, of which a byte takes ten.

    Both methods raise :class:`CepropError` where the line is gone."""

    name: str
    baud: int

    def read(self, seconds: float) -> bytes:
        """The bytes that have come; waits up to `seconds` for the first one, and gives none where none comes."""
        ...

    def write(self, data: bytes) -> None:
        """Send bytes."""
        ...


class SerialTransport:
    """A serial port, or the pseudo-terminal of a virtual board, held until :meth:`close`; a context manager.

    Raises :class:`CepropError` with one line where the port is missing, not permitted, in use, no serial port, or does
    not take the baud rate."""

    def __init__(self, port: str, baud: int):
        self.name, self.baud = port, baud
        try:
            self._serial = serial.Serial(port, baud, timeout=0, write_timeout=_WRITE_SECONDS, exclusive=True)
        except (serial.SerialException, OSError, ValueError, OverflowError) as error:
            raise CepropError(f"port {port}: {_reason(error, baud)}") from None
        self._serial.reset_input_buffer()

    def read(self, seconds: float) -> bytes:
        """As :class:`Transport` describes."""
        try:
            if self._serial.timeout != seconds:
                self._serial.timeout = seconds
            first = self._serial.read(1)
            return first + self._serial.read(self._serial.in_waiting) if first else b""
        except (serial.SerialException, OSError):
            raise self._gone() from None

    def write(self, data: bytes) -> None:
        """As :class:`Transport` describes."""
        try:
            self._serial.write(data)
        except serial.SerialTimeoutException:
            raise CepropError(f"port {self.name}: takes no bytes, for {_WRITE_SECONDS:g} s") from None
        except (serial.SerialException, OSError):
            raise self._gone() from None

    def close(self) -> None:
        """Give the port back."""
        self._serial.close()

    def __enter__(self) -> "SerialTransport":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _gone(self) -> CepropError:
        return CepropError(f"port {self.name}: the board is gone; was it unplugged, or reset?")


def _reason(error: Exception, baud: int) -> str:
    """Why a port did not open, in words."""
    number = getattr(error, "errno", None)
    if number == errno.ENOENT:
        return "no such port; give the device of the board's serial port (/dev/ttyUSB1 say), or sim"
    if number in (errno.EACCES, errno.EPERM):
        return "no permission; join the group that may use it (dialout on Debian)"
    if number in (errno.EAGAIN, errno.EBUSY):
        return "another program uses it"
    if number in (errno.EISDIR, errno.ENOTDIR, errno.ENXIO) or "configure port" in str(error):
        return "not a serial port"
    if isinstance(error, ValueError | OverflowError):
        return f"does not take {baud:,} baud"
    return os.strerror(number) if number else str(error)
