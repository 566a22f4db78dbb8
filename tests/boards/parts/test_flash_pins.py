"""How many data lines a board's flash has."""

import pytest

from ceprop.boards import board_names
from ceprop.boards.parts.flash_pins import flash_lines
from ceprop.common.errors import CepropError

_OTHERS = {
    **dict.fromkeys(("icebreaker", "upduino_v3", "icesugar", "ice40_hx8k_b_evn", "tinyfpga_bx", "generic"), 1),
    "colorlight_5a_75b": 2,
}


def test_lines_of_every_board() -> None:
    for name in (*board_names(), "generic"):
        assert flash_lines(name) == _OTHERS.get(name, 4), name


def test_a_board_that_is_not_known() -> None:
    with pytest.raises(CepropError, match=r"^board smoke: must be one of "):
        flash_lines("smoke")
