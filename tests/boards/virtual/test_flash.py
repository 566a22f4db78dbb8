"""The model of the flash, driven at its pins: commands, times, and what a loss of power leaves."""

from pathlib import Path
from typing import Any

import pytest

from ceprop.boards.virtual.simulation import FLASH_BYTES


def test_it_sleeps_until_it_is_woken(power_on: Any, image: Path) -> None:
    chip = power_on()
    identity, nothing = bytes([0xEF, 0x40, 0x18]), b"\xff" * 3
    assert chip.transfer(0x9F, count=3) == nothing
    chip.transfer(0xAB)
    assert chip.transfer(0x9F, count=3) == nothing
    chip.wait(chip.WAKE)
    assert chip.transfer(0x9F, count=3) == identity
    chip.transfer(0xB9)
    assert chip.transfer(0x9F, count=3) == nothing
    chip.power_off()


def test_programming_clears_bits_and_wraps_in_its_page(chip: Any, image: Path) -> None:
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
def test_erasing_takes_the_whole_aligned_part(command: int, size: int, chip: Any, image: Path) -> None:
    with image.open("r+b") as file:
        file.write(bytes(3 * size))
    chip.change(command, size + 0x345)
    chip.ready()
    found = image.read_bytes()
    assert found[:size] == found[2 * size : 3 * size] == bytes(size)
    assert found[size : 2 * size] == b"\xff" * size


def test_nothing_changes_without_write_enable(chip: Any) -> None:
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


def test_a_command_that_ends_within_a_byte_is_none(chip: Any) -> None:
    chip.transfer(0x06)
    chip.transfer(0x02, 0, 0, 0, 0x55, bits=3)
    chip.transfer(0x20, 0, 0, 0, bits=1)
    assert chip.transfer(0x05, count=1) == b"\x02"
    assert chip.read(0, 1) == b"\xff"


def test_busy_for_the_time_that_was_given(chip: Any) -> None:
    for command, data, cycles in ((0x02, b"\x00", chip.PROGRAM), (0x20, b"", chip.ERASE)):
        chip.change(command, 0, data)
        assert chip.transfer(0x05, count=1) == b"\x03"
        # Busy, it hears nothing else.
        assert chip.transfer(0x9F, count=1) == b"\xff"
        chip.wait(cycles - 100)
        assert chip.transfer(0x05, count=1) == b"\x03"
        chip.wait(100)
        assert chip.transfer(0x05, count=1) == b"\x00"


def test_a_loss_of_power_leaves_what_was_written(power_on: Any, image: Path) -> None:
    data = bytes(range(256))
    for halves in range(3):
        image.write_bytes(b"\xff" * FLASH_BYTES)
        chip = power_on()
        chip.wake()
        chip.change(0x02, 0, data)
        chip.wait(halves * chip.PROGRAM // 2)
        chip.power_off()
        written = 128 * halves
        assert image.read_bytes()[:256] == data[:written] + b"\xff" * (256 - written)
