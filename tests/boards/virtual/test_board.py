"""A whole board in simulation, as a host meets it."""

from pathlib import Path

import pytest

from ceprop.boards.host.link import Link
from ceprop.boards.host.requests import SIMULATION_TIMING
from ceprop.boards.host.transport import SerialTransport
from ceprop.boards.protocol import Feature, board_number, specification_number
from ceprop.boards.virtual import VirtualBoard
from ceprop.errors import CepropError
from ceprop.specification import Specification

_SPECIFICATION = Specification.from_mapping(
    {
        "name": "small",
        "layers": [5, 4, 3],
        "formats": {"state_bits": 4, "input_bits": 3, "weight_bits": 8, "weight_fraction": 6},
        "update": {"rounding": "stochastic", "shifts": [4, 4]},
        "array": {"rows": 1, "cols": 2, "memory_words": 64},
    }
)


@pytest.mark.parametrize("features", [0, Feature.FLASH])
def test_it_says_who_it_is(features: int, tmp_path: Path) -> None:
    stages: list[str] = []
    flash = tmp_path / "flash" if features else None
    with VirtualBoard(_SPECIFICATION, "icebreaker", build=tmp_path, flash=flash, progress=stages.append) as board:
        with SerialTransport(board.port, 3_000_000) as transport:
            identity = Link(transport, SIMULATION_TIMING).identify()
        assert identity.board == board_number("icebreaker")
        assert identity.features == features
        assert identity.specification == specification_number(_SPECIFICATION.build_digest)
        assert identity.clock_hz == board.clock_hz
        assert board.manifest["array"]["cols"] == 2
    assert stages == ["generating Verilog", "compiling"]


def test_a_line_too_fast_for_its_clock(tmp_path: Path) -> None:
    with pytest.raises(CepropError, match=r"^baud rate 3,000,000: must be at most "):
        VirtualBoard(_SPECIFICATION, "icebreaker", build=tmp_path, clock_hz=9_000_000)
