"""A port that never falls silent, and a board that answers nonsense: one line within the link's patience, always.

This file is long, because its tests share the boards that answer nonsense."""

import os
import pty
import select
import threading
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count, repeat
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ceprop.boards.host.clock import Moment
from ceprop.boards.host.driver import HostDriver
from ceprop.boards.host.flash import wait_for_flash
from ceprop.boards.host.frames import FrameDecoder, encode
from ceprop.boards.host.link import Link
from ceprop.boards.host.requests import RefusedError, Timing
from ceprop.boards.parts.registry import board
from ceprop.boards.protocol import (
    LONGEST_BODY,
    PROTOCOL,
    REFUSAL,
    REPLY,
    Command,
    Identity,
    Status,
    StatusFlag,
    board_number,
    specification_number,
)
from ceprop.boards.resources.choose import specification_for
from ceprop.cli import run
from ceprop.common.errors import CepropError
from ceprop.specification import Geometry, Specification
from ceprop.specification.bundled import bundled_specification

DIGITS = specification_for(Specification.load(bundled_specification("digits")), board("icebreaker"))
SMALL = Specification.from_mapping(
    {
        "layers": [5, 4, 3],
        "formats": {"state_bits": 4, "input_bits": 3, "weight_bits": 8, "weight_fraction": 6},
        "update": {"shifts": [4, 4]},
        "array": {"rows": 1, "cols": 2, "memory_words": 64},
    }
)
SHORT = Timing(quiet=0.01, reply=0.02, patience=0.3)
LINK = SimpleNamespace(port="x", timing=SHORT, clock=time.monotonic)

WITHIN = 5.0
"""Seconds, on a busy machine, in which the line is there."""


def _frames(make: Callable[[Random, int], bytes]) -> Callable[[], Iterator[bytes]]:
    """Frames without end, each from its number."""
    draw = Random(1)
    return lambda: (encode(make(draw, number)) for number in count())


def _reply(sequence: int, command: int, payload: bytes = b"") -> bytes:
    return bytes([sequence % 256, command]) + payload


STREAMS: dict[str, Callable[[], Iterator[bytes]]] = {
    "0xff": lambda: (b"\xff" for _ in count()),
    "0x00": lambda: (b"\0" for _ in count()),
    "one": lambda: (b"\1" for _ in count()),
    "text": lambda: (f"[{number:8.3f}] booting\r\n".encode() for number in count()),
    "random": lambda: (draw.randbytes(17) for draw in repeat(Random(1))),
    "random with zeros": lambda: (draw.randbytes(7) + b"\0" for draw in repeat(Random(1))),
    "wrong sequence numbers": _frames(lambda _, number: _reply(number, Command.RESET | REPLY)),
    "replies to nothing": _frames(lambda draw, number: _reply(number, draw.randrange(256), draw.randbytes(9))),
    "half frames": lambda: (encode(_reply(number, 0x80, b"half of a frame"))[:9] for number in count()),
    "damaged frames": lambda: (encode(_reply(number, 0x80))[:-2] + b"\7\0" for number in count()),
    "refusals of damaged frames": _frames(lambda _, number: _reply(0, REFUSAL, bytes([0, 0, number % 256]))),
    "refusals of their order": _frames(
        lambda _, number: _reply(number, REFUSAL, bytes([3, number % 10, number % 256]))
    ),
    "refusals for no known reason": _frames(lambda _, number: _reply(number, REFUSAL, bytes([77, 0, 0]))),
    "refusals of identify": _frames(lambda _, number: _reply(number, REFUSAL, bytes([1, 0, 0]))),
    "short identities": _frames(lambda _, number: _reply(number, 0x80, b"\1")),
    "empty identities": _frames(lambda _, number: _reply(number, 0x80)),
    "longest frames": _frames(lambda draw, number: _reply(number, 0x82, draw.randbytes(240))),
}


@contextmanager
def _port(work: Callable[[int, threading.Event], None]) -> Iterator[str]:
    """A pseudo-terminal at whose other end a thread works on a descriptor until it is told to stop."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    os.set_blocking(master, False)
    over = threading.Event()
    thread = threading.Thread(target=work, args=(master, over))
    thread.start()
    try:
        yield os.ttyname(slave)
    finally:
        over.set()
        thread.join()
        os.close(slave)
        os.close(master)


def _say(master: int, data: bytes) -> None:
    """Bytes for the host, unless it has left too many unread."""
    if select.select([], [master], [], 0.01)[1]:
        os.write(master, data)


def _hear(master: int) -> bytes:
    return os.read(master, 4096) if select.select([master], [], [], 0)[0] else b""


def _babble(stream: Iterator[bytes], pause: float) -> Callable[[int, threading.Event], None]:
    def work(master: int, over: threading.Event) -> None:
        while not over.is_set():
            _hear(master)
            _say(master, next(stream))
            time.sleep(pause)

    return work


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """The one line of a refused command, in time."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("ceprop.boards.host.session.BOARD_TIMING", SHORT)

    def of(*arguments: str) -> str:
        begun = time.monotonic()
        assert run(["run", *arguments]) == 2
        assert time.monotonic() - begun < WITHIN
        captured = capsys.readouterr()
        assert captured.out == ""
        assert captured.err.count("\n") == 1
        assert captured.err.startswith("ceprop: port /dev/pts/")
        return captured.err

    return of


@pytest.mark.parametrize("pause", [0.02, 0.0], ids=["slow", "fast"])
@pytest.mark.parametrize("name", STREAMS)
def test_a_port_that_never_falls_silent(name: str, pause: float, refused) -> None:
    with _port(_babble(STREAMS[name](), pause)) as port:
        line = refused("--port", port, "--board", "icebreaker", "selftest")
    meant = ("does not answer IDENTIFY", "speaks version", "refuses IDENTIFY", "the reply to IDENTIFY has 1 bytes")
    assert any(part in line for part in meant), line
    if name == "0xff":
        assert "bytes came that are no answer" in line


@pytest.mark.parametrize(
    "name", ["0xff", "random with zeros", "wrong sequence numbers", "damaged frames", "half frames"]
)
@pytest.mark.parametrize("answers", [1, 4, 40])
def test_a_board_that_begins_to_babble(name: str, answers: int, board_double, refused) -> None:
    double, stream = board_double(DIGITS), STREAMS[name]()

    def work(master: int, over: threading.Event) -> None:
        answered = 0
        while not over.is_set():
            heard = _hear(master)
            if answered < answers:
                double.write(heard)
                _say(master, reply := double.read(0))
                answered += bool(reply)
            else:
                _say(master, next(stream))
                time.sleep(0.01)

    with _port(work) as port:
        assert "does not answer " in refused("--port", port, "selftest")


@pytest.mark.parametrize(
    ("flags", "changes", "stands"),
    [
        (StatusFlag.RUNNING, False, False),
        (StatusFlag.STORING, False, False),
        (StatusFlag.RUNNING, True, False),
        (StatusFlag.STORING, False, True),
    ],
)
def test_flash_that_gets_no_further(
    flags: StatusFlag, changes: bool, stands: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its samples to go stand or go up and down, or its clock stands."""
    ticks, draw = count(), Random(1)
    monkeypatch.setattr("ceprop.boards.host.flash._POLL_SECONDS", 0.001)
    driver: Any = SimpleNamespace(
        status=lambda: Status(flags, draw.randrange(9) if changes else 5, 0, 0, 0),
        clock=SimpleNamespace(now=lambda: Moment(0 if stands else next(ticks), None, None)),
        link=LINK,
    )
    with pytest.raises(CepropError, match=r"^port x: the board is at work on its flash, but gets no further$"):
        wait_for_flash(driver, "it failed")


def test_flash_that_takes_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as samples get fewer there is no limit."""
    monkeypatch.setattr("ceprop.boards.host.flash._POLL_SECONDS", 0)
    left, ticks = [0, 0, *range(500, -1, -1)], count(step=50)
    flags = (StatusFlag.RUNNING if more or number < 3 else StatusFlag(0) for number, more in enumerate(left))
    states = (Status(flag, more, 0, 0, 0) for flag, more in zip(flags, left, strict=True))
    clock = SimpleNamespace(now=lambda: Moment(next(ticks), None, None))
    driver: Any = SimpleNamespace(status=lambda: next(states), clock=clock, link=LINK)
    wait_for_flash(driver, "it failed")
    assert next(states, None) is None


# --- replies


class Impostor:
    """Answers every request with what a test has drawn, once it has said who it is; then it is silent."""

    name, baud = "x", 1_000_000

    def __init__(self, identity: bytes, answers: list[tuple[str, bytes]]):
        self._identity, self._answers = identity, list(answers)
        self._decoder, self._out = FrameDecoder(), b""

    def read(self, seconds: float) -> bytes:
        found, self._out = self._out, b""
        return found

    def write(self, data: bytes) -> None:
        for body in self._decoder.feed(data):
            assert body is not None
            self._out += self._answer(*body[:2])

    def _answer(self, sequence: int, command: int) -> bytes:
        if self._identity:
            identity, self._identity = self._identity, b""
            return encode(_reply(sequence, command | REPLY, identity))
        if not self._answers:
            return b""
        kind, content = self._answers.pop(0)
        if kind == "bytes":
            return content
        head = {"reply": (sequence, command | REPLY), "refusal": (sequence, REFUSAL), "other": (sequence + 1, command)}
        return encode(_reply(*head[kind], content))


ANSWERS = st.tuples(
    st.sampled_from(["reply", "reply", "refusal", "other", "bytes"]),
    st.one_of(st.binary(max_size=12), st.integers(0, LONGEST_BODY - 6).map(bytes), st.binary(min_size=19, max_size=19)),
)
ACTIONS: dict[str, Callable[[HostDriver], object]] = {
    "identify": lambda driver: driver.link.identify(),
    "status": lambda driver: driver.status(),
    "counters": lambda driver: driver.counters(),
    "read": lambda driver: driver.read_back(),
    "reset": lambda driver: driver.reset(),
    "last": lambda driver: driver.last_results(5),
    "infer": lambda driver: driver.infer(np.ones((3, 5), np.int64)),
    "save": lambda driver: driver.save(),
}


@pytest.mark.slow
@settings(max_examples=2500, derandomize=True, deadline=None, database=None)
@given(st.sampled_from(sorted(ACTIONS)), st.lists(ANSWERS, max_size=12))
def test_whatever_is_answered_is_understood_or_one_line(action: str, answers: list[tuple[str, bytes]]) -> None:
    number = specification_number(SMALL.build_digest)
    identity = Identity(PROTOCOL, 0, 0, number, board_number("icebreaker"), 12_000_000, 12_000_000).pack()
    link = Link(Impostor(identity, answers), Timing(quiet=0, reply=0, patience=0))
    driver = HostDriver(link, Geometry(SMALL), "icebreaker")
    line = "port x: done"
    try:
        ACTIONS[action](driver)
    except CepropError as error:
        line = str(error)
    assert line.startswith("port x: ")
    assert "\n" not in line


@settings(max_examples=2500, derandomize=True, deadline=None, database=None)
@given(st.lists(st.binary(max_size=300), max_size=6), st.binary(max_size=200).filter(bool))
def test_frames_after_any_bytes(pieces: list[bytes], payload: bytes) -> None:
    decoder = FrameDecoder()
    for piece in pieces:
        assert all(body is None or 2 <= len(body) <= LONGEST_BODY for body in decoder.feed(piece))
    assert decoder.feed(encode(b"ab" + payload))[-1] == b"ab" + payload


@pytest.mark.parametrize(("reason", "words"), [(77, "a reason that this program does not know, 77"), (5, "at work")])
def test_a_refusal_for_any_reason_is_one_line(reason: int, words: str) -> None:
    """Even of IDENTIFY, which is not asked again then."""
    link = Link(Impostor(b"", [("refusal", bytes([reason, Command.IDENTIFY, 0]))] * 100), SHORT)
    with pytest.raises(RefusedError, match=rf"^port x: the board refuses IDENTIFY: .*{words}$"):
        link.identify()
