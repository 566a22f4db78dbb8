"""A whole board in simulation, as a host meets it."""

from pathlib import Path

import numpy as np
import pytest

from ceprop.boards.host import HostDriver, train_beside
from ceprop.boards.host.link import Link
from ceprop.boards.host.machine import unwatched
from ceprop.boards.host.requests import SIMULATION_TIMING
from ceprop.boards.host.transport import SerialTransport
from ceprop.boards.protocol import Feature, board_number, specification_number
from ceprop.boards.virtual import VirtualBoard
from ceprop.errors import CepropError
from ceprop.geometry import Geometry
from ceprop.model import Dataset, Trainer
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
    assert stages == ["generating Verilog", "compiling"]


def test_a_line_too_fast_for_its_clock(tmp_path: Path) -> None:
    with pytest.raises(CepropError, match=r"^baud rate 3,000,000: must be at most "):
        VirtualBoard(_SPECIFICATION, "icebreaker", build=tmp_path, clock_hz=9_000_000)


def test_a_transport_that_is_not_simulated(tmp_path: Path) -> None:
    with pytest.raises(CepropError, match=r"^transport wishbone: a simulated board has one of uart, spi$"):
        VirtualBoard(_SPECIFICATION, "icebreaker", build=tmp_path, transport="wishbone")


def test_it_learns_over_spi_whatever_the_noise(tmp_path: Path) -> None:
    draw = np.random.default_rng(1)
    inputs, labels = draw.integers(0, 8, (40, 5)), draw.integers(0, 3, 40)
    trainer = Trainer.start(_SPECIFICATION, Dataset("random", inputs, labels, inputs, labels))
    board = VirtualBoard(_SPECIFICATION, "icebreaker", build=tmp_path, transport="spi", line_noise=0.005)
    assert board.baud == 10 * board.clock_hz // 8 // 8
    with board, SerialTransport(board.port, board.baud) as transport:
        driver = HostDriver(Link(transport, SIMULATION_TIMING), Geometry(_SPECIFICATION), "icebreaker")
        proof = train_beside(driver, trainer, 40, unwatched)
    assert proof.mismatches == 0, proof.first_mismatch
    assert driver.link.statistics.frames_resent > 0
