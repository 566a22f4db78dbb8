"""Boards by name, and what amaranth-boards says about them."""

import pytest

from ceprop.boards import board, board_names
from ceprop.boards.parts.devices import DEVICES, device_named
from ceprop.common.errors import CepropError
from ceprop.hdl.devices.primitives import primitives_named


@pytest.mark.parametrize("name", board_names())
def test_every_board_has_a_part_and_a_clock(name: str) -> None:
    found = board(name)
    assert found.device in DEVICES
    assert found.oscillator_hz in {12_000_000, 16_000_000, 25_000_000, 48_000_000, 100_000_000}
    assert found.title == f"{name} ({found.device.name})"
    assert primitives_named(found.device.primitives).name == found.device.primitives
    assert (found.device.primitives == "portable") == (found.device.room.multipliers == 0)


@pytest.mark.parametrize(
    ("name", "part", "package", "speed"),
    [
        ("icebreaker", "iCE40UP5K", "sg48", ""),
        ("tinyfpga_bx", "iCE40LP8K", "cm81", ""),
        ("ulx3s_85f", "LFE5U-85F", "CABGA381", "6"),
        ("orangecrab_r0_2_25f", "LFE5U-25F", "CSFBGA285", "8"),
        ("ecpix5_85f", "LFE5UM5G-85F", "CABGA554", "8"),
        ("colorlight_5a_75b", "LFE5U-25F", "CABGA256", "6"),
    ],
)
def test_parts(name: str, part: str, package: str, speed: str) -> None:
    found = board(name)
    assert (found.device.name, found.package, found.speed) == (part, package, speed)


def test_an_unknown_board_is_answered_with_the_names() -> None:
    with pytest.raises(CepropError, match=r"^board icebraker: must be one of icebreaker, .*icesugar_pro$"):
        board("icebraker")
    with pytest.raises(CepropError, match="device LFE5U-99F: must be one of iCE40UP5K"):
        device_named("LFE5U-99F")
