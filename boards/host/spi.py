"""Bytes to a board and back over SPI, whose master an FTDI adapter on USB is: an FT232H, or another with an MPSSE."""

import time
from contextlib import suppress
from math import ceil

from pyftdi.spi import SpiController
from pyftdi.usbtools import UsbToolsError

from ceprop.boards.protocol import LONGEST_BODY
from ceprop.boards.rtl.transport import fastest_spi_hz
from ceprop.common.errors import CepropError

SPI_SCHEME = "ftdi://"
"""How the name of a port with SPI begins; the rest is as pyftdi has it."""

SPI_EXAMPLE = "ftdi://ftdi:232h/1"
"""The name of the only FT232H."""

_FIRST_HZ = 500_000
"""The clock for a board whose own is not known yet: the slowest is 6 MHz, less a tenth."""

_MOST_BYTES = 256
"""In one exchange: what comes back is fetched after it, and until then has room even in the smallest of adapters."""

_SILENT_BYTES = 128
"""Zeros that are sent at once to receive what the board sends: half a frame."""

_LONGEST_RUN = LONGEST_BODY + 2
"""Bytes without a zero: one more than a frame may have between its zeros."""

_BITS = 8
_UART_BITS = 10

_REASONS = {
    "libusb is missing; apt-get install libusb-1.0-0": ("backend",),
    "no such adapter is here; ftdi:///? lists those that are": ("no usb", "no such device", "not found", "opendir"),
    "no permission; a udev rule for the adapter gives it, to group plugdev say": ("access denied", "langid"),
    "another program uses it": ("busy",),
    "the adapter has no SPI there": ("mpsse",),
}
"""What is wrong, by what the message of an error has in it, in small letters."""


class FtdiSpiTransport:
    """SPI, mode 0, by an adapter that a URL names, held until :meth:`close`; a context manager. Its clock is slow until
    :meth:`raise_clock`; `baud` is that of a UART which is as fast.

    Raises :class:`CepropError` with one line where libusb or the adapter is missing, not permitted, in use, or has no
    SPI."""

    def __init__(self, port: str):
        self.name = port
        self._received = bytearray()
        self._run = 0
        """Bytes since the last zero that the board sent."""
        self._controller = SpiController()
        try:
            self._controller.configure(port)
            self._port = self._controller.get_port(0, freq=_FIRST_HZ, mode=0)
        # pyftdi raises SystemExit where it was asked for a list.
        except (OSError, ValueError, UsbToolsError, SystemExit) as error:
            self.close()
            raise CepropError(f"port {port}: {_reason(error)}") from None
        self.baud = _FIRST_HZ * _UART_BITS // _BITS

    def raise_clock(self, core_hz: float) -> None:
        """Be as fast as the adapter can and a board allows whose core's clock is at least `core_hz`."""
        # A clock is the fastest one divided by a whole number; pyftdi takes the nearest, which may be too fast.
        most = self._controller.frequency_max
        hz = most / ceil(most / fastest_spi_hz(core_hz))
        self._port.set_frequency(hz)
        self.baud = round(hz * _UART_BITS / _BITS)

    def read(self, seconds: float) -> bytes:
        """As :class:`ceprop.boards.host.transport.Transport` describes: of zeros between frames, which are silence, the
        first, for it ends a frame."""
        end = time.monotonic() + seconds
        while not self._received:
            self._exchange(bytes(_SILENT_BYTES))
            if time.monotonic() >= end:
                break
        found = bytes(self._received)
        self._received.clear()
        return found

    def write(self, data: bytes) -> None:
        """As :class:`ceprop.boards.host.transport.Transport` describes. What the board sends meanwhile is
        read later; between two exchanges the clock stands, so a frame may go on in the next."""
        for start in range(0, len(data), _MOST_BYTES):
            self._exchange(data[start : start + _MOST_BYTES])

    def close(self) -> None:
        """Give the adapter back, unless it is gone."""
        with suppress(OSError):
            self._controller.close()

    def __enter__(self) -> "FtdiSpiTransport":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _exchange(self, data: bytes) -> None:
        try:
            received = self._port.exchange(data, duplex=True)
        except OSError:
            received = b""
        if len(received) != len(data):
            raise CepropError(f"port {self.name}: the adapter is gone; was it unplugged?")
        self._keep(received)

    def _keep(self, heard: bytes) -> None:
        """Without zeros but the first after other bytes; and without what goes on for too long to be a frame, so that
        a wire that no part drives is silence, too."""
        for byte in heard:
            if (byte and self._run < _LONGEST_RUN) or (not byte and self._run):
                self._received.append(byte)
            self._run = self._run + 1 if byte else 0


def _reason(error: BaseException) -> str:
    """Why an adapter did not open, in words."""
    message = str(error).lower()
    known = (reason for reason, parts in _REASONS.items() if any(part in message for part in parts))
    return next(known, f"{error}; {SPI_EXAMPLE} would be a port" if isinstance(error, UsbToolsError) else str(error))
