"""Boards whose core has a clock of its own, which drifts against that of the link."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ceprop.boards.host import HostDriver, Proof, batches
from ceprop.boards.host.link import Link
from ceprop.boards.host.machine import unwatched
from ceprop.boards.host.requests import SIMULATION_TIMING
from ceprop.boards.host.transport import SerialTransport
from ceprop.boards.protocol import Command
from ceprop.boards.virtual import CLOCK_HZ, VirtualBoard
from ceprop.model import Network
from ceprop.specification import Geometry, Specification

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("two_clocks")]

_BOARD = "ulx3s_25f"
_SPECIFICATION = Specification.from_mapping(
    {
        "name": "small",
        "layers": [5, 4, 3],
        "formats": {"state_bits": 4, "input_bits": 3, "weight_bits": 8, "weight_fraction": 6},
        "update": {"rounding": "stochastic", "shifts": [4, 4]},
        "array": {"rows": 1, "cols": 2, "memory_words": 64},
    }
)


def _board(ratio: float, folder: Any) -> VirtualBoard:
    # The clock of the core is no part of what is compiled but for the digits that IDENTIFY gives.
    return VirtualBoard(_SPECIFICATION, _BOARD, build=Path(folder), core_clock_hz=round(ratio * CLOCK_HZ))


@pytest.mark.parametrize("ratio", [0.37, 0.9991, 2.3])
def test_it_learns_the_same_bits_at_any_ratio(ratio: float, tmp_path_factory: Any) -> None:
    """Commands, responses, samples and results cross between the clocks, and RESET comes after every third sample."""
    draw = np.random.default_rng(1)
    inputs, labels = draw.integers(0, 8, (24, 5)), draw.integers(0, 3, 24)
    network = Network.initial(_SPECIFICATION)
    board = _board(ratio, tmp_path_factory.getbasetemp() / "two_clocks")
    with board, SerialTransport(board.port, board.baud) as port:
        driver = HostDriver(Link(port, SIMULATION_TIMING), Geometry(_SPECIFICATION), _BOARD)
        assert driver.identity.clock_hz == CLOCK_HZ
        assert driver.identity.core_clock_hz == board.core_clock_hz == round(ratio * CLOCK_HZ)
        driver.load(network)
        proof = Proof(driver, network)
        (batch,) = batches(_SPECIFICATION, inputs, labels, 24)
        for start in range(0, 24, 3):
            proof.learn(batch.part(start, start + 3), 3, unwatched)
            driver.reset()
            proof.compare_memories()
    assert proof.mismatches == 0, proof.first_mismatch


def test_a_reset_during_a_sample_leaves_no_byte_and_no_result(tmp_path_factory: Any) -> None:
    """Half a sample is on its way when RESET comes; the next sample begins with its own first byte."""
    draw = np.random.default_rng(2)
    inputs, labels = draw.integers(0, 8, (8, 5)), draw.integers(0, 3, 8)
    network = Network.initial(_SPECIFICATION)
    board = _board(0.37, tmp_path_factory.getbasetemp() / "two_clocks")
    with board, SerialTransport(board.port, board.baud) as port:
        link = Link(port, SIMULATION_TIMING)
        driver = HostDriver(link, Geometry(_SPECIFICATION), _BOARD)
        driver.load(network)
        proof = Proof(driver, network)
        (batch,) = batches(_SPECIFICATION, inputs, labels, 8)
        for k in range(8):
            link.ask(Command.SAMPLES, bytes([1, 0xFF, 0x12][: 1 + k % 3]))
            driver.reset()
            assert link.ask(Command.RESULTS, bytes(2)) == bytes(1)
            proof.learn(batch.part(k, k + 1), 1, unwatched)
        proof.compare_memories()
    assert proof.mismatches == 0, proof.first_mismatch
