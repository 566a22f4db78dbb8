"""The model of the flash, driven at its pins: parts of several makers, faults, and the rules that a host keeps."""

from pathlib import Path
from typing import Any

import pytest

from ceprop.boards.virtual.simulation import FLASH_RULES

_IDENTITIES = {
    "winbond": "ef4018",
    "issi": "9d6018",
    "macronix": "c22018",
    "gigadevice": "c84018",
    "micron": "20ba18",
    "absent": "ffffff",
    "grounded": "000000",
}
_WHERE = {"winbond": (0x35, 0x31, 0x02), "gigadevice": (0x35, 0x31, 0x02), "issi": (0x05, 0x01, 0x40)}
_WHERE |= {"macronix": (0x05, 0x01, 0x40)}


def _set_quad(chip: Any, part: str) -> None:
    """Set the quad-enable bit, where the part has one."""
    if part in _WHERE:
        chip.transfer(0x06 if part == "macronix" else 0x50)
        chip.transfer(_WHERE[part][1], _WHERE[part][2])
        chip.ready()


@pytest.mark.parametrize("part", _IDENTITIES)
def test_parts_know_their_maker_and_read_over_all_lines(part: str, power_on: Any, image: Path) -> None:
    data = bytes(range(0x31, 0x3F))
    with image.open("r+b") as file:
        file.seek(0x012345)
        file.write(data)
    chip = power_on(part)
    chip.wake()
    assert chip.transfer(0x9F, count=3).hex() == _IDENTITIES[part]
    if part in ("absent", "grounded"):
        assert len(set(chip.read(0x012345, 4))) == 1
        return
    assert chip.read_dual(0x012345, len(data)) == data
    if part in _WHERE:
        read, _, mask = _WHERE[part]
        assert chip.transfer(read, count=1)[0] & mask == 0
        _set_quad(chip, part)
        assert chip.transfer(read, count=1)[0] & mask == mask
    assert chip.read_quad(0x012345, len(data), clocks=8 if part == "micron" else 4) == data
    assert chip.broken() is None


def test_a_bit_that_does_not_set(power_on: Any, image: Path) -> None:
    chip = power_on("no quad")
    chip.wake()
    chip.transfer(0x50)
    chip.transfer(0x31, 0x02)
    assert chip.transfer(0x35, count=1) == b"\0"
    assert chip.broken() is None


def test_a_part_that_stays_busy(power_on: Any, image: Path) -> None:
    chip = power_on("stays busy")
    chip.wake()
    chip.change(0x20, 0)
    chip.wait(2 * chip.ERASE)
    assert chip.transfer(0x05, count=1) == b"\x03"


def _too_long(chip: Any) -> None:
    chip.transfer(0x06)
    chip.transfer(0x02, 0, 0, 0x81, *bytes(128))


def _while_busy(chip: Any) -> None:
    chip.change(0x20, 0)
    chip.transfer(0x9F)


def _at_once(chip: Any) -> None:
    # One cycle passes between the two.
    chip.transfer(0x04)
    chip.transfer(0x05, count=1)


def _contention(chip: Any) -> None:
    chip.transfer(0x05, count=1)
    assert chip.broken() is None
    chip.transfer(0x05, count=1, enable=0b1111)


def _while_it_wakes(chip: Any) -> None:
    chip.transfer(0xB9)
    chip.transfer(0xAB)
    chip.transfer(0x9F)


def _hold(chip: Any) -> None:
    chip.read_dual(0, 1)
    chip.tick(1, 0, 0b0100)


def _stays(chip: Any) -> None:
    chip.transfer(0x06)
    chip.transfer(0x31, 0x02)


def _mode(chip: Any, mode: int, part: str = "winbond") -> None:
    _set_quad(chip, part)
    chip.read_quad(0, 1, mode=mode)


_BREAKS = {
    "the clock is too fast": ("winbond", 120e6, 0x03, lambda chip: chip.read(0, 1)),
    "it was selected too soon after the command before": ("winbond", 40e6, 0x05, _at_once),
    "the host drives a line in the last clock before the data": (
        "micron",
        20e6,
        0xEB,
        lambda chip: chip.read_quad(0, 1, clocks=8, driven=0b1000),
    ),
    "it is busy": ("winbond", 20e6, 0x9F, _while_busy),
    "it must be enabled first": ("winbond", 20e6, 0x20, lambda chip: chip.transfer(0x20, 0, 0, 0)),
    "the bytes do not fit the page": ("winbond", 20e6, 0x02, _too_long),
    "the host drives a line that the part drives": ("winbond", 20e6, 0x05, _contention),
    "it is not awake yet": ("winbond", 20e6, 0x9F, _while_it_wakes),
    "HOLD is low": ("winbond", 20e6, 0x00, _hold),
    "the quad-enable bit is not set": ("winbond", 20e6, 0xEB, lambda chip: chip.read_quad(0, 1)),
    "the part does not know it": ("issi", 20e6, 0x35, lambda chip: chip.transfer(0x35, count=1)),
    "it writes a status that stays, and the part has a volatile one": ("winbond", 20e6, 0x31, _stays),
    "the mode byte makes the part leave out the next opcode": ("winbond", 20e6, 0xEB, lambda chip: _mode(chip, 0x20)),
    "WP is low": ("winbond", 20e6, 0x00, lambda chip: chip.tick(1, 0, 0b1000)),
}


@pytest.mark.parametrize(
    ("part", "clock_hz", "command", "allowed"),
    [("winbond", 40e6, 0x3B, True), ("winbond", 40e6, 0x05, False), ("macronix", 100e6, 0x3B, False)],
)
def test_a_read_needs_the_shorter_rest(part: str, clock_hz: float, command: int, allowed: bool, power_on: Any) -> None:
    """A cycle lies between the two: 25 ns are enough after a read and not after a status; 10 ns are not."""
    chip = power_on(part, clock_hz)
    chip.wake()
    chip.wait(20)
    if command == 0x3B:
        chip.read_dual(0, 1)
    else:
        chip.transfer(command, count=1)
    chip.transfer(0x9F)
    assert chip.broken() == (None if allowed else ("it was selected too soon after the command before", 0x9F))


@pytest.mark.parametrize("rule", FLASH_RULES)
def test_a_broken_rule_is_known_with_its_command(rule: str, power_on: Any, image: Path) -> None:
    part, clock_hz, command, work = _BREAKS[rule]
    chip = power_on(part, clock_hz)
    chip.wake()
    assert chip.broken() is None
    work(chip)
    assert chip.broken() == (rule, command)


@pytest.mark.parametrize(("line", "rule"), [(2, "WP is low"), (3, "HOLD is low")])
@pytest.mark.parametrize("opcode", [0x03, 0x3B, 0xEB])
@pytest.mark.parametrize("part", ["winbond", "issi", "macronix", "gigadevice", "micron"])
def test_wp_and_hold_are_high_where_they_are_no_data(
    part: str, opcode: int, line: int, rule: str, power_on: Any
) -> None:
    """A line is low for one cycle of the opcode. With the quad-enable bit set, it is a data line. A part of Micron has
    no such bit, and it is a data line only behind the opcode of a read over four lines."""
    chip = power_on(part)
    chip.wake()
    if opcode == 0xEB:
        _set_quad(chip, part)
    assert chip.broken() is None
    chip.tick(1, 0, 0b1100 & ~(1 << line))
    free = opcode == 0xEB and part != "micron"
    assert chip.broken() == (None if free else (rule, 0x00))


@pytest.mark.parametrize(
    ("part", "breaking", "allowed"),
    [
        ("winbond", (0xA0, 0x2F, 0xEF), (0xFF, 0x00, 0xF0, 0x5A, 0x90)),
        ("gigadevice", (0xA0, 0x20), (0xFF, 0x00, 0xF0)),
        ("issi", (0xA0, 0xAF), (0xFF, 0x00, 0x20, 0xF0)),
        ("macronix", (0xA5, 0x5A, 0xF0, 0x0F), (0xFF, 0x00, 0xAA, 0x55)),
    ],
)
def test_makers_differ_in_the_mode_byte(
    part: str, breaking: tuple[int, ...], allowed: tuple[int, ...], power_on: Any
) -> None:
    for mode in (*allowed, *breaking):
        chip = power_on(part)
        chip.wake()
        _mode(chip, mode, part)
        assert (chip.broken() is not None) == (mode in breaking), hex(mode)


def test_a_read_over_four_lines_has_its_fastest_clock(power_on: Any) -> None:
    for clock_hz, allowed in ((160e6, True), (200e6, False)):
        chip = power_on("macronix", clock_hz)
        chip.wake()
        for command in (0x06, 0x01):
            chip.wait(20)
            chip.transfer(command, *[0x40] * (command == 0x01))
        chip.wait(chip.PROGRAM)
        chip.read_quad(0, 1)
        assert (chip.broken() is None) == allowed
