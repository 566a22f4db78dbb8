"""A whole board in simulation, as a host meets it."""

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from amaranth.hdl import Const

from ceprop.boards.host import HostDriver, Proof, batches
from ceprop.boards.host.link import Link
from ceprop.boards.host.machine import unwatched
from ceprop.boards.host.requests import SIMULATION_TIMING, RefusedError
from ceprop.boards.host.transport import SerialTransport
from ceprop.boards.protocol import (
    LONGEST_PAYLOAD,
    Address,
    Command,
    Feature,
    Refusal,
    board_number,
    specification_number,
)
from ceprop.boards.virtual import VirtualBoard
from ceprop.common.errors import CepropError
from ceprop.hdl.checks import check
from ceprop.hdl.io import fifo
from ceprop.hdl.io.stream_payloads import Ports
from ceprop.hdl.lanes.messages import Space
from ceprop.model import Network
from ceprop.sim.expectation import COUNTERS
from ceprop.specification import Geometry, Specification, registers

pytestmark = pytest.mark.slow

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
    with pytest.raises(CepropError, match=r"^transport smoke: must be one of uart, spi, axi4-stream, wishbone$"):
        VirtualBoard(_SPECIFICATION, "icebreaker", build=tmp_path, transport="smoke")


# On one worker, which then compiles a board once.
@pytest.mark.xdist_group("any_number")
@pytest.mark.parametrize(("transport", "pause_rate"), [("axi4-stream", 0.0), ("axi4-stream", 0.6), ("wishbone", 0.3)])
def test_registers_are_read_in_any_number(transport: str, pause_rate: float, tmp_path_factory: Any) -> None:
    """Each answered or refused, and the board is there and in order afterwards."""
    build = tmp_path_factory.getbasetemp() / "any_number"
    board = VirtualBoard(_SPECIFICATION, "generic", build=build, transport=transport, pause_rate=pause_rate)
    with board, SerialTransport(board.port, board.baud) as port:
        driver = HostDriver(Link(port, SIMULATION_TIMING), Geometry(_SPECIFICATION), "generic")
        size, bank = Ports(driver.geometry).group_bytes, registers(_SPECIFICATION)
        for count in range(1, 41):
            payload = Address(Space.REGISTER.value, 0).pack() + bytes([count])
            if count * size <= LONGEST_PAYLOAD:
                reply = driver.link.ask(Command.READ, payload)
                found = [int.from_bytes(reply[k : k + size], "little") for k in range(0, len(reply), size)]
                assert len(found) == count
                settings = [register for register in bank[:count] if register.name not in COUNTERS]
                assert [found[register.address] for register in settings] == [one.initial for one in settings]
            else:
                with pytest.raises(RefusedError) as refused:
                    driver.link.ask(Command.READ, payload)
                assert refused.value.reason == Refusal.LENGTH
            assert driver.link.identify().board == board_number("generic")
            driver.reset()


# On one worker with the test of reading, whose board this is.
@pytest.mark.xdist_group("any_number")
def test_a_reset_leaves_every_memory_after_any_number_of_nudged_steps(tmp_path_factory: Any) -> None:
    """Generators lie in two banks, which change places with every step that changes a state."""
    build = tmp_path_factory.getbasetemp() / "any_number"
    draw = np.random.default_rng(1)
    inputs, labels = draw.integers(0, 8, (12, 5)), draw.integers(0, 3, 12)
    network = Network.initial(_SPECIFICATION)
    board = VirtualBoard(_SPECIFICATION, "generic", build=build, transport="axi4-stream")
    steps = set()
    with board, SerialTransport(board.port, board.baud) as port:
        driver = HostDriver(Link(port, SIMULATION_TIMING), Geometry(_SPECIFICATION), "generic")
        driver.load(network)
        proof = Proof(driver, network)
        for batch in batches(_SPECIFICATION, inputs, labels, 12):
            for k in range(12):
                steps.add(int(proof.learn(batch.part(k, k + 1), 1, unwatched).nudged_steps[0]) % 2)
                driver.reset()
                proof.compare_memories()
    assert steps == {0, 1}
    assert proof.mismatches == 0, proof.first_mismatch


def test_a_violated_check_is_named_at_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fifo, "check", lambda m, name, _: check(m, name, Const(1)))
    broken = _SPECIFICATION.override("name=broken")
    board = VirtualBoard(broken, "icebreaker", build=tmp_path)
    board.__enter__()
    while not board.cycles.all:
        time.sleep(0.01)
    with pytest.raises(CepropError, match=r"^the virtual board violated the check .*fifo_overflow$"):
        board.__exit__(None)
