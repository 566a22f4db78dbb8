"""The model of the flash, driven at its pins: commands, times, and what a loss of power leaves."""

import ctypes
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ceprop.boards.virtual import simulation

_PROGRAM, _ERASE, _WAKE = 512, 8192, 40
_CPP = Path(simulation.__file__).parent / "cpp"


class Chip:
    """A flash at the pins of an SPI master in Python, two cycles for a bit."""

    def __init__(self, library: ctypes.CDLL, path: Path):
        library.power_on.restype = ctypes.c_void_p
        self._library = library
        times = map(ctypes.c_uint64, (_PROGRAM, _ERASE, _WAKE))
        self._flash = ctypes.c_void_p(library.power_on(str(path).encode(), *times))

    def tick(self, select: int = 0, clock: int = 0, level: int = 0) -> int:
        return self._library.tick(self._flash, select, clock, level) & 1

    def wait(self, cycles: int) -> None:
        for _ in range(cycles):
            self.tick()

    def transfer(self, *sent: int, count: int = 0, bits: int = 0) -> bytes:
        """Select, send bytes and some more `bits`, take `count` bytes, deselect."""
        self.tick(1)
        for byte in sent:
            self._exchange(byte, 8)
        self._exchange(0, bits)
        received = bytes(self._exchange(0, 8) for _ in range(count))
        self.tick(0)
        return received

    def _exchange(self, byte: int, bits: int) -> int:
        received = 0
        for bit in reversed(range(8 - bits, 8)):
            # The flash's output, since the last falling edge, is what the master takes at the rising one.
            level = self.tick(1, 0, byte >> bit & 1)
            received = received << 1 | level
            self.tick(1, 1, byte >> bit & 1)
        return received

    def wake(self) -> None:
        self.transfer(0xAB)
        self.wait(_WAKE)

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
        self._library.power_off(self._flash)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    path = tmp_path_factory.mktemp("flash") / "flash_pins.so"
    compiler = shutil.which("c++") or "g++"
    flags = ["-std=c++17", "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", f"-I{_CPP}"]
    subprocess.run([compiler, *flags, str(Path(__file__).parent / "flash_pins.cpp"), "-o", str(path)], check=True)
    return ctypes.CDLL(str(path))


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "flash"
    path.write_bytes(b"\xff" * simulation.FLASH_BYTES)
    return path


@pytest.fixture
def chip(library: ctypes.CDLL, image: Path) -> Iterator[Chip]:
    found = Chip(library, image)
    found.wake()
    yield found
    found.power_off()


def test_it_sleeps_until_it_is_woken(library: ctypes.CDLL, image: Path) -> None:
    chip = Chip(library, image)
    identity, nothing = bytes([0xEF, 0x40, 0x18]), b"\xff" * 3
    assert chip.transfer(0x9F, count=3) == nothing
    chip.transfer(0xAB)
    assert chip.transfer(0x9F, count=3) == nothing
    chip.wait(_WAKE)
    assert chip.transfer(0x9F, count=3) == identity
    chip.transfer(0xB9)
    assert chip.transfer(0x9F, count=3) == nothing
    chip.power_off()


def test_programming_clears_bits_and_wraps_in_its_page(chip: Chip, image: Path) -> None:
    chip.change(0x02, 0x0123FE, bytes([0xF0, 0x11, 0x22]))
    chip.ready()
    assert chip.read(0x0123FE, 2) == bytes([0xF0, 0x11])
    assert chip.read(0x012300, 2) == bytes([0x22, 0xFF])
    assert chip.read(0x012400, 1) == b"\xff"
    chip.change(0x02, 0x0123FE, bytes([0x3C]))
    chip.ready()
    assert chip.transfer(0x0B, 0x01, 0x23, 0xFE, 0x00, count=2) == bytes([0x30, 0x11])
    assert image.read_bytes()[0x0123FE:0x012400] == bytes([0x30, 0x11])


@pytest.mark.parametrize(("command", "size"), [(0x20, 4096), (0xD8, 65536)])
def test_erasing_takes_the_whole_aligned_part(command: int, size: int, chip: Chip, image: Path) -> None:
    with image.open("r+b") as file:
        file.write(bytes(3 * size))
    chip.change(command, size + 0x345)
    chip.ready()
    found = image.read_bytes()
    assert found[:size] == found[2 * size : 3 * size] == bytes(size)
    assert found[size : 2 * size] == b"\xff" * size


def test_nothing_changes_without_write_enable(chip: Chip) -> None:
    assert chip.transfer(0x05, count=1) == b"\x00"
    chip.transfer(0x06)
    assert chip.transfer(0x05, count=1) == b"\x02"
    chip.transfer(0x04)
    chip.transfer(0x02, 0, 0, 0, 0x55)
    assert chip.transfer(0x05, count=2) == b"\x00\x00"
    assert chip.read(0, 1) == b"\xff"
    # One program uses it up.
    chip.change(0x02, 0, b"\x55")
    chip.ready()
    chip.transfer(0x02, 0, 0, 0, 0x00)
    assert chip.read(0, 1) == b"\x55"


def test_a_command_that_ends_within_a_byte_is_none(chip: Chip) -> None:
    chip.transfer(0x06)
    chip.transfer(0x02, 0, 0, 0, 0x55, bits=3)
    chip.transfer(0x20, 0, 0, 0, bits=1)
    assert chip.transfer(0x05, count=1) == b"\x02"
    assert chip.read(0, 1) == b"\xff"


def test_busy_for_the_time_that_was_given(chip: Chip) -> None:
    for command, data, cycles in ((0x02, b"\x00", _PROGRAM), (0x20, b"", _ERASE)):
        chip.change(command, 0, data)
        assert chip.transfer(0x05, count=1) == b"\x03"
        # Busy, it hears nothing else.
        assert chip.transfer(0x9F, count=1) == b"\xff"
        chip.wait(cycles - 100)
        assert chip.transfer(0x05, count=1) == b"\x03"
        chip.wait(100)
        assert chip.transfer(0x05, count=1) == b"\x00"


def test_a_loss_of_power_leaves_what_was_written(library: ctypes.CDLL, image: Path) -> None:
    data = bytes(range(256))
    for cycles in (0, _PROGRAM // 2, _PROGRAM):
        image.write_bytes(b"\xff" * simulation.FLASH_BYTES)
        chip = Chip(library, image)
        chip.wake()
        chip.change(0x02, 0, data)
        chip.wait(cycles)
        chip.power_off()
        written = 256 * cycles // _PROGRAM
        assert image.read_bytes()[:256] == data[:written] + b"\xff" * (256 - written)
