"""Small boards in simulation: bytes through the pseudo-terminal, noise, back-pressure, flash, power."""

import os
import select
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ceprop.boards.host.noise import LineNoise
from ceprop.boards.virtual.board import BAUD, CLOCK_HZ
from ceprop.boards.virtual.executable import build_executable
from ceprop.boards.virtual.simulation import FLASH_BYTES, Simulation
from ceprop.errors import CepropError

_DATA = bytes(range(256)) * 400
"""100 kB; every byte occurs."""


def _simulation(program: Path, *, baud: int = BAUD, **options: Any) -> Simulation:
    return Simulation(program, clock_hz=CLOCK_HZ, baud=baud, **options)


@contextmanager
def _opened(port: str) -> Iterator[int]:
    host = os.open(port, os.O_RDWR | os.O_NOCTTY)
    try:
        yield host
    finally:
        os.close(host)


def _read(host: int, count: int, seconds: float = 20.0) -> bytes:
    """`count` bytes, or fewer where for so long none come."""
    found = b""
    while len(found) < count and select.select([host], [], [], seconds)[0]:
        found += os.read(host, count - len(found))
    return found


def _descriptors() -> set[str]:
    return {path.name for path in Path("/proc/self/fd").iterdir()}


def test_bytes_come_back_and_cost_cycles(echo: Path) -> None:
    with _simulation(echo) as board, _opened(board.port) as host:
        before = board.cycles
        os.write(host, _DATA[:5000])
        assert _read(host, 5000) == _DATA[:5000]
        # Ten bits of twelve cycles a byte, one more in this sender.
        assert board.cycles - before >= 5000 * 120


def test_a_rate_that_is_no_whole_number_of_cycles(echo: Path) -> None:
    """The board counts 12 cycles a bit, the host 12.25, back to back."""
    with _simulation(echo, baud=round(CLOCK_HZ / 12.25)) as board, _opened(board.port) as host:
        os.write(host, _DATA[:2000])
        assert _read(host, 2000) == _DATA[:2000]


def test_a_host_that_reads_late_loses_nothing(echo: Path) -> None:
    with _simulation(echo) as board, _opened(board.port) as host:
        sent = 0
        while sent < len(_DATA):
            sent += os.write(host, _DATA[sent:])
        assert _read(host, len(_DATA)) == _DATA
        assert _read(host, 1, 0.2) == b""


def test_noise_is_that_of_its_seed_in_both_directions(echo: Path) -> None:
    sent = _DATA[:3000]
    arrived = [LineNoise(0.1, 2 * seed + 1).pass_on(LineNoise(0.1, 2 * seed).pass_on(sent)) for seed in (1, 2)]
    assert arrived[0] != arrived[1]
    for seed, expected in zip((1, 2), arrived, strict=True):
        with _simulation(echo, line_noise=0.1, seed=seed) as board, _opened(board.port) as host:
            os.write(host, sent)
            assert _read(host, len(expected)) == expected


def test_an_idle_board_sleeps_and_wakes(echo: Path) -> None:
    with _simulation(echo) as board, _opened(board.port) as host:
        before = -1
        while board.cycles != before:
            before = board.cycles
            time.sleep(0.4)
        assert before > 2_000_000
        os.write(host, b"hello")
        assert _read(host, 5) == b"hello"


def test_hosts_come_and_go(echo: Path) -> None:
    with _simulation(echo) as board:
        for text in (b"one", b"two"):
            with _opened(board.port) as host:
                os.write(host, text)
                assert _read(host, 3) == text


def test_nothing_is_left_behind(echo: Path) -> None:
    descriptors, threads = _descriptors(), threading.enumerate()
    with _simulation(echo) as board, _opened(board.port) as host:
        os.write(host, _DATA[:1000])
        port = board.port
        board.power_cycle()
        os.write(host, b"x")
        assert _read(host, 1)
    assert _descriptors() == descriptors
    assert threading.enumerate() == threads
    assert not Path(port).exists()


def test_a_program_that_ends_is_noticed(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\nexit 3\n")
    program.chmod(0o755)
    message = r"^the virtual board ended by itself with exit code 3$"
    with pytest.raises(CepropError, match=message), _simulation(program):
        time.sleep(0.5)


def test_flash_survives_a_loss_of_power(bridge: Path, tmp_path: Path) -> None:
    flash = tmp_path / "flash"
    with _simulation(bridge, flash=flash) as board, _opened(board.port) as host:

        def transfer(*sent: int, count: int = 0) -> bytes:
            os.write(host, bytes([len(sent) + count, *sent]) + bytes(count))
            return _read(host, len(sent) + count)[len(sent) :]

        assert transfer(0x9F, count=3) == b"\xff" * 3
        transfer(0xAB)
        assert transfer(0x9F, count=3) == bytes([0xEF, 0x40, 0x18])
        transfer(0x06)
        transfer(0x02, 0xAB, 0xCD, 0xEF, 0x12)
        while transfer(0x05, count=1)[0] & 1:
            pass
        before = board.cycles
        board.power_cycle()
        assert board.cycles >= before
        assert transfer(0x03, 0xAB, 0xCD, 0xEF, count=1) == b"\xff"
        transfer(0xAB)
        assert transfer(0x03, 0xAB, 0xCD, 0xEF, count=2) == b"\x12\xff"
    assert flash.read_bytes()[0xABCDEF] == 0x12


def test_refusals(echo: Path, tmp_path: Path) -> None:
    with pytest.raises(CepropError, match=r"^line noise 1.5: must be from 0 to 1$"):
        _simulation(echo, line_noise=1.5)
    short = tmp_path / "short"
    short.write_bytes(b"abc")
    with pytest.raises(CepropError, match=rf"^flash {short}: must have {FLASH_BYTES:,} bytes, not 3$"):
        _simulation(echo, flash=short)
    message = rf"^verilator could not build board: see {tmp_path}/board-[0-9a-f]+\.log$"
    with pytest.raises(CepropError, match=message):
        build_executable("module board; nonsense", "board", tmp_path, flash=False)


def test_the_same_program_is_built_once(echo: Path, echo_verilog: str) -> None:
    built = echo.stat().st_mtime_ns
    assert build_executable(echo_verilog, "board", echo.parent, flash=False) == echo
    assert echo.stat().st_mtime_ns == built
