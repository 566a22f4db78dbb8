"""Small boards in simulation: bytes through the pseudo-terminal, noise, back-pressure, flash, power."""

import os
import re
import select
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ceprop.boards.virtual.board import BAUD, CLOCK_HZ
from ceprop.boards.virtual.executable import build_executable
from ceprop.boards.virtual.noise import LineNoise
from ceprop.boards.virtual.simulation import FLASH_BYTES, Simulation
from ceprop.common.errors import CepropError

# On one worker, which then compiles every board once. Most of the time of these tests is spent on waiting.
pytestmark = pytest.mark.xdist_group("small boards")

_DATA = bytes([*range(1, 256), 0]) * 400
"""100 kB; every byte occurs, zeros as frames have them: by themselves, and at the end."""

_PIECE = 256
"""Bytes after which it begins again."""


def _simulation(echo: Any, **options: Any) -> Simulation:
    return Simulation(echo.program, **{"clock_hz": CLOCK_HZ, "baud": echo.baud} | options)


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


def _until(holds: Callable[[], bool]) -> None:
    """Wait for what the board writes down every few hundred cycles."""
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _descriptors() -> set[str]:
    return {path.name for path in Path("/proc/self/fd").iterdir()}


def test_bytes_come_back_and_cost_cycles(echo: Any) -> None:
    count = 20 * _PIECE
    with _simulation(echo) as board, _opened(board.port) as host:
        before = board.cycles.all
        os.write(host, _DATA[:count])
        assert _read(host, count) == _DATA[:count]
        assert board.cycles.all - before >= count * echo.byte_cycles
        # Bytes come back while others go out, so the line is at work for each of them once, and for those on the way.
        assert count * echo.byte_cycles <= board.cycles.line <= board.cycles.all
        assert board.cycles.flash == 0


@pytest.mark.parametrize("transport", ["uart"], indirect=True)
def test_a_rate_that_is_no_whole_number_of_cycles(echo: Any) -> None:
    """The board counts 12 cycles a bit, the host 12.25, back to back."""
    with _simulation(echo, baud=round(CLOCK_HZ / 12.25)) as board, _opened(board.port) as host:
        os.write(host, _DATA[: 8 * _PIECE])
        assert _read(host, 8 * _PIECE) == _DATA[: 8 * _PIECE]


def test_a_host_that_reads_late_loses_nothing(echo: Any) -> None:
    with _simulation(echo) as board, _opened(board.port) as host:
        sent = 0
        while sent < len(_DATA):
            sent += os.write(host, _DATA[sent:])
        assert _read(host, len(_DATA)) == _DATA
        assert _read(host, 1, 0.2) == b""


@pytest.mark.parametrize("transport", ["spi"], indirect=True)
def test_a_frame_in_pieces_stays_whole_and_of_zeros_one_is_left(echo: Any) -> None:
    with _simulation(echo) as board, _opened(board.port) as host:
        for part in (b"\0\0fra", b"me", b"\0\0", b"\0x", b"\0"):
            os.write(host, part)
            time.sleep(0.1)
        assert _read(host, 100, 0.3) == b"frame\0x\0"


def test_noise_is_that_of_its_seed_in_both_directions(echo: Any) -> None:
    # SPI needs zeros after what is to come back.
    sent = _DATA[: 12 * _PIECE] + bytes(10)
    arrived = []
    for seed in (1, 2):
        heard = LineNoise(0.1, 2 * seed).pass_on(sent)
        if echo.transport == "spi":
            heard = re.sub(rb"\0+", b"\0", heard).lstrip(b"\0")
        arrived.append(LineNoise(0.1, 2 * seed + 1).pass_on(heard))
    assert arrived[0] != arrived[1]
    for seed, expected in zip((1, 2), arrived, strict=True):
        with _simulation(echo, line_noise=0.1, seed=seed) as board, _opened(board.port) as host:
            os.write(host, sent)
            assert _read(host, len(expected)) == expected


def test_a_host_that_rests_loses_nothing(echo: Any) -> None:
    with _simulation(echo, pause_rate=0.9) as board, _opened(board.port) as host:
        os.write(host, _DATA[: 20 * _PIECE])
        assert _read(host, 20 * _PIECE) == _DATA[: 20 * _PIECE]


def test_an_idle_board_sleeps_and_wakes(echo: Any) -> None:
    with _simulation(echo) as board, _opened(board.port) as host:
        before = -1
        while board.cycles.all != before:
            before = board.cycles.all
            time.sleep(0.4)
        assert before > 2_000_000
        os.write(host, b"hello\0")
        assert _read(host, 6) == b"hello\0"


def test_hosts_come_and_go(echo: Any) -> None:
    with _simulation(echo) as board:
        for text in (b"one\0", b"two\0"):
            with _opened(board.port) as host:
                os.write(host, text)
                assert _read(host, 4) == text


def test_nothing_is_left_behind(echo: Any) -> None:
    descriptors, threads = _descriptors(), threading.enumerate()
    with _simulation(echo) as board, _opened(board.port) as host:
        os.write(host, _DATA[:1000])
        port = board.port
        board.power_cycle()
        os.write(host, b"x\0")
        assert _read(host, 1)
    assert _descriptors() == descriptors
    assert threading.enumerate() == threads
    assert not Path(port).exists()


def test_a_program_that_ends_is_noticed() -> None:
    program = b"#!/bin/sh\nexit 3\n"
    message = r"^the virtual board ended by itself with exit code 3$"
    with pytest.raises(CepropError, match=message), Simulation(program, clock_hz=CLOCK_HZ, baud=BAUD):
        time.sleep(0.5)


def test_it_ends_with_the_program_that_simulates(tmp_path: Path) -> None:
    script = """
import os, time
from ceprop.boards.virtual.simulation import Simulation
with Simulation(b"#!/bin/sh\\necho > here\\nexec sleep 998\\n", clock_hz=36_000_000, baud=3_000_000):
    while not os.path.exists("here"):
        time.sleep(0.01)
    os.kill(os.getpid(), 9)
"""
    assert subprocess.run([sys.executable, "-c", script], cwd=tmp_path).returncode == -9
    end = time.monotonic() + 60
    while _work_in(tmp_path):
        assert time.monotonic() < end
        time.sleep(0.01)


def _work_in(folder: Path) -> bool:
    """Whether a process runs in a folder."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").readlink() == folder:
                return True
        except OSError:  # it has ended
            continue
    return False


def test_flash_survives_a_loss_of_power(bridge: bytes, tmp_path: Path) -> None:
    flash = tmp_path / "flash"
    with Simulation(bridge, clock_hz=CLOCK_HZ, baud=BAUD, flash=flash) as board, _opened(board.port) as host:

        def transfer(*sent: int, count: int = 0) -> bytes:
            os.write(host, bytes([len(sent) + count, *sent]) + bytes(count))
            return _read(host, len(sent) + count)[len(sent) :]

        assert transfer(0x9F, count=3) == b"\xff" * 3
        transfer(0xAB)
        before = board.cycles.flash
        assert transfer(0x9F, count=3) == bytes([0xEF, 0x40, 0x18])
        # Four bytes of eight periods, each of two cycles.
        _until(lambda: board.cycles.flash - before == 4 * 8 * 2)
        transfer(0x06)
        transfer(0x02, 0xAB, 0xCD, 0xEF, 0x12)
        while transfer(0x05, count=1)[0] & 1:
            pass
        before = board.cycles.all
        board.power_cycle()
        assert board.cycles.all >= before
        assert transfer(0x03, 0xAB, 0xCD, 0xEF, count=1) == b"\xff"
        transfer(0xAB)
        assert transfer(0x03, 0xAB, 0xCD, 0xEF, count=2) == b"\x12\xff"
    assert flash.read_bytes()[0xABCDEF] == 0x12


def test_a_broken_rule_of_the_flash_is_named_at_the_end(bridge: bytes, tmp_path: Path) -> None:
    def erase_at_once() -> None:
        flash = tmp_path / "flash"
        with Simulation(bridge, clock_hz=CLOCK_HZ, baud=BAUD, flash=flash) as board, _opened(board.port) as host:
            for sent in (b"\xab", b"\x20\0\0\0", b"\x05\0"):
                os.write(host, bytes([len(sent)]) + sent)
                _read(host, len(sent))

    message = r"^the virtual board violated a rule of its flash at command 0x20: it must be enabled first$"
    with pytest.raises(CepropError, match=message):
        erase_at_once()


def test_refusals(echo: Any, tmp_path: Path) -> None:
    with pytest.raises(CepropError, match=r"^line noise 1.5: must be from 0 to 1$"):
        _simulation(echo, line_noise=1.5)
    with pytest.raises(CepropError, match=r"^pause rate 1: must be from 0 to below 1$"):
        _simulation(echo, pause_rate=1)
    with pytest.raises(CepropError, match=r"^flash part smoke: must be one of winbond, issi, "):
        _simulation(echo, flash_part="smoke")
    short = tmp_path / "short"
    short.write_bytes(b"abc")
    with pytest.raises(CepropError, match=rf"^flash {short}: must have {FLASH_BYTES:,} bytes, not 3$"):
        _simulation(echo, flash=short)
    message = rf"^verilator could not build board: see {tmp_path}/board-[0-9a-f]+\.log$"
    with pytest.raises(CepropError, match=message):
        build_executable("module board; nonsense", "board", tmp_path)


def test_the_same_program_is_built_once(echo: Any) -> None:
    (path,) = echo.folder.iterdir()
    built = path.stat().st_mtime_ns
    again = build_executable(echo.verilog, "board", echo.folder, transport=echo.transport)
    assert again == echo.program
    assert path.stat().st_mtime_ns == built
