"""What the tests of all boards share, among it the model of the flash at the pins of a host in Python."""

import ctypes
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ceprop.boards import virtual
from ceprop.boards.virtual.simulation import FLASH_BYTES, FLASH_PARTS, FLASH_RULES


class Chip:
    """A flash at the pins of an SPI master in Python, two cycles for a bit."""

    PROGRAM, ERASE, WAKE = 512, 8192, 40
    """Cycles that these take."""

    def __init__(self, library: ctypes.CDLL, path: Path, part: str, clock_hz: float, wake: int):
        library.power_on.restype = ctypes.c_void_p
        self._library = library
        times = map(ctypes.c_uint64, (self.PROGRAM, self.ERASE, wake))
        number = FLASH_PARTS.index(part)
        arguments = (str(path).encode(), *times, ctypes.c_double(clock_hz), number)
        self._flash = ctypes.c_void_p(library.power_on(*arguments))

    def tick(self, select: int = 0, clock: int = 0, out: int = 0b1100, enable: int = 0b1101) -> int:
        """A cycle; the levels of the four lines. WP and HOLD are high but where a test says otherwise."""
        return self._library.tick(self._flash, select, clock, out, enable) & 0xFF

    def broken(self) -> tuple[str, int] | None:
        """The first rule that was broken, and the command."""
        found = self._library.broken(self._flash)
        return (FLASH_RULES[found // 256 - 1], found % 256) if found else None

    def wait(self, cycles: int) -> None:
        for _ in range(cycles):
            self.tick()

    def transfer(self, *sent: int, count: int = 0, bits: int = 0, enable: int = 0b1101) -> bytes:
        """Select, send bytes and some more `bits`, take `count` bytes while lines are driven by `enable`, deselect."""
        self.tick(1)
        for byte in sent:
            self._exchange(byte, 8)
        self._exchange(0, bits)
        received = bytes(self._exchange(0, 8, enable) for _ in range(count))
        self.tick(0)
        return received

    def _exchange(self, byte: int, bits: int, enable: int = 0b1101) -> int:
        received = 0
        for bit in reversed(range(8 - bits, 8)):
            # The flash's output, since the last falling edge, is what the master takes at the rising one.
            out = 0b1100 | byte >> bit & 1
            received = received << 1 | self.tick(1, 0, out, enable) >> 1 & 1
            self.tick(1, 1, out, enable)
        return received

    def read_dual(self, address: int, count: int) -> bytes:
        """A read over two lines."""
        self.tick(1)
        for byte in (0x3B, *address.to_bytes(3, "big")):
            self._exchange(byte, 8)
        return self._take(2, count, 8, 0b1100)

    def read_quad(self, address: int, count: int, *, mode: int = 0xFF, clocks: int = 4, driven: int = 0) -> bytes:
        """A read over four lines: so many `clocks` lie between the mode byte and the data, and the host drives the
        lines `driven` from the mode byte on."""
        self.tick(1)
        self._exchange(0xEB, 8)
        for digit in (*address.to_bytes(3, "big").hex(), *bytes([mode]).hex()):
            self.tick(1, 0, int(digit, 16), 0b1111)
            self.tick(1, 1, int(digit, 16), 0b1111)
        return self._take(4, count, clocks, driven)

    def _take(self, lines: int, count: int, clocks: int, driven: int) -> bytes:
        """Bytes that come over some lines, after so many clocks, and the end of the command."""
        value = 0
        for clock in range(clocks + 8 * count // lines):
            levels = self.tick(1, 0, 0b1100, driven)
            if clock >= clocks:
                value = value << lines | levels & (1 << lines) - 1
            self.tick(1, 1, 0b1100, driven)
        self.tick(0)
        return value.to_bytes(count, "big")

    def wake(self) -> None:
        self.transfer(0xAB)
        self.wait(self.WAKE)

    def change(self, command: int, address: int, data: bytes = b"") -> None:
        """Write enable, then a program or an erase, not waited for."""
        self.transfer(0x06)
        self.transfer(command, *address.to_bytes(3, "big"), *data)

    def ready(self) -> None:
        """Until it is no longer busy, by its own word."""
        while self.transfer(0x05, count=1)[0] & 1:
            pass

    def read(self, address: int, count: int) -> bytes:
        return self.transfer(0x03, *address.to_bytes(3, "big"), count=count)

    def power_off(self) -> None:
        if self._flash is not None:
            self._library.power_off(self._flash)
        self._flash = None


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    folder = tmp_path_factory.mktemp("flash")
    path, source = folder / "flash_pins.so", Path(__file__).parent / "flash_pins.cpp"
    headers = Path(virtual.__file__).parent / "cpp"
    flags = ["-std=c++17", "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", f"-I{headers}"]
    subprocess.run([shutil.which("c++") or "g++", *flags, str(source), "-o", str(path)], check=True)
    return ctypes.CDLL(str(path))


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "flash"
    path.write_bytes(b"\xff" * FLASH_BYTES)
    return path


@pytest.fixture
def power_on(library: ctypes.CDLL, image: Path) -> Iterator[Callable[..., Chip]]:
    """Gives a part that holds the image, of a maker and with times that may be chosen."""
    found: list[Chip] = []

    def powered(part: str = "winbond", clock_hz: float = 20e6, wake: int = Chip.WAKE) -> Chip:
        found.append(Chip(library, image, part, clock_hz, wake))
        return found[-1]

    yield powered
    for chip in found:
        chip.power_off()


@pytest.fixture
def chip(power_on: Callable[..., Chip]) -> Chip:
    """A part of Winbond, awake."""
    found = power_on()
    found.wake()
    return found
