"""The protocol of the link on a line and a clock of the test's own: whatever the line does, no reply is taken for that
of another request, nothing is carried out twice, and no request waits beyond its deadline.

The line to the board keeps the order of its bytes, as every transport does. The line to the host may also swap frames,
which is harder than any transport is.

This file is long, because a state machine of hypothesis is read best as a whole."""

from collections import deque

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ceprop.boards.host.frames import FrameDecoder, encode
from ceprop.boards.host.link_protocol import LEAST_LISTENED, LinkProtocol
from ceprop.boards.host.requests import RefusedError, Request, Timing
from ceprop.boards.protocol import PROTOCOL, REFUSAL, REPLY, WINDOW, Command, Identity, Refusal
from ceprop.common.errors import CepropError

TIMING = Timing(quiet=1.0, reply=4.0, patience=40.0)


class Board:
    """The rule of docs/protocol.md, Order: a WRITE is noted, a READ gives its payload back with the count of WRITEs so
    far, and SAVE is refused for good."""

    def __init__(self) -> None:
        self.carried_out: list[bytes] = []
        self._expected = 0
        self._decoder = FrameDecoder()

    def answers(self, data: bytes) -> list[bytes]:
        """Frames for the host, in order."""
        return [encode(self._answer(body)) for body in self._decoder.feed(data)]

    def _answer(self, body: bytes | None) -> bytes:
        if body is None:
            return bytes([0, REFUSAL, Refusal.DAMAGED, 0, self._expected])
        sequence, command, payload = body[0], body[1], body[2:]
        reply = bytes([sequence, command | REPLY])
        if command == Command.IDENTIFY:
            return reply + Identity(PROTOCOL, self._expected, 0, bytes(8), 0, 1, 1).pack()
        behind = (self._expected - sequence) % 256
        if behind > 127:
            return bytes([sequence, REFUSAL, Refusal.ORDER, command, self._expected])
        if not behind and command == Command.SAVE:
            return bytes([sequence, REFUSAL, Refusal.ABSENT, command, self._expected])
        if not behind:
            self._expected = (self._expected + 1) % 256
            self.carried_out += [payload] if command == Command.WRITE else []
        return reply + (self._read(payload) if command == Command.READ else b"")

    def _read(self, payload: bytes) -> bytes:
        return payload + len(self.carried_out).to_bytes(2, "little")


class LinkMachine(RuleBasedStateMachine):
    """A host, a line each way, and a board."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.board = Board()
        self.to_board: deque[bytes] = deque()
        self.to_host: deque[bytes] = deque()
        self.submitted: list[bytes] = []
        """Payloads of all WRITEs, in order."""
        self.sessions = 0
        self.swapped = False
        self.begin_session()

    # --- the host

    def begin_session(self) -> None:
        """As a program does that opens the port: what has come before is dropped, and IDENTIFY comes first."""
        self.to_host.clear()
        self.swapped = False
        self.protocol = LinkProtocol("test", TIMING, lambda: self.now, 16 * self.sessions % 256)
        self.sessions += 1
        self.waiting: deque[Request] = deque()
        self._submitted_now(self.protocol.identify())

    def _submitted_now(self, request: Request) -> None:
        if not self.waiting:
            self._progress()
        self.waiting.append(request)
        self._send()

    def _send(self) -> None:
        data = self.protocol.bytes_to_send()
        if data:
            self.to_board.append(data)

    def _progress(self) -> None:
        self.progress_at, self.listened = self.now, 0

    @precondition(lambda self: self.protocol.accepts(reads=False))
    @rule()
    def write(self) -> None:
        payload = len(self.submitted).to_bytes(3, "little")
        self.submitted.append(payload)
        self._submitted_now(self.protocol.submit(Command.WRITE, payload, reads=False))

    @precondition(lambda self: self.protocol.accepts(reads=True))
    @rule(payload=st.binary(min_size=1, max_size=4))
    def read(self, payload: bytes) -> None:
        self._submitted_now(self.protocol.submit(Command.READ, payload, reads=True))

    @precondition(lambda self: self.protocol.accepts(reads=False))
    @rule()
    def save(self) -> None:
        self._submitted_now(self.protocol.submit(Command.SAVE, b"", reads=False))

    @precondition(lambda self: self.protocol.accepts(reads=True))
    @rule()
    def identify(self) -> None:
        self._submitted_now(self.protocol.identify())

    @rule()
    def end_the_program(self) -> None:
        self.begin_session()

    def _receive(self, data: bytes) -> None:
        """As the driver does, and every check of what became of the requests."""
        self.listened += 1
        try:
            self.protocol.receive(data)
        except CepropError as error:
            self._check_error(error)
            return
        ended = len(self.waiting) - self.protocol.outstanding
        for _ in range(ended):
            self._check_ended(self.waiting.popleft())
        if ended:
            self._progress()
        elif self.waiting and self.listened >= LEAST_LISTENED:
            assert self.now - self.progress_at <= TIMING.patience, "a request waits beyond its deadline"
        self._send()

    def _check_error(self, error: CepropError) -> None:
        """A refusal ends all requests from SAVE on; any other error ends the program."""
        if isinstance(error, RefusedError):
            assert error.command is Command.SAVE
            while self.waiting[0].command is not Command.SAVE:
                self._check_ended(self.waiting.popleft())
            assert self.protocol.outstanding == 0
            self.waiting.clear()
            self._submitted_now(self.protocol.identify())
            return
        if "does not answer" in str(error):
            assert self.now - self.progress_at > TIMING.patience
        else:
            assert self.swapped, error
        self.begin_session()

    def _check_ended(self, request: Request) -> None:
        if request.command is Command.IDENTIFY:
            self.protocol.identity_of(request)
        elif request.command is Command.READ:
            written = len(self.board.carried_out).to_bytes(2, "little")
            assert request.reply == request.payload + written, "a reply was taken for that of another request"
        else:
            assert request.command is Command.WRITE, f"{request.command.name} must be refused"
            assert self.board.carried_out.count(request.payload) == 1, "an answered request was not carried out once"

    # --- the line and the clock

    @precondition(lambda self: self.to_board)
    @rule(size=st.integers(1, 40))
    def bytes_reach_the_board(self, size: int) -> None:
        self.to_host += self.board.answers(_taken(self.to_board, size))

    @precondition(lambda self: self.to_board)
    @rule()
    def everything_reaches_the_board(self) -> None:
        self.to_host += self.board.answers(_taken(self.to_board, 10**6))

    @precondition(lambda self: self.to_host)
    @rule(size=st.integers(1, 40))
    def bytes_reach_the_host(self, size: int) -> None:
        self._receive(_taken(self.to_host, size))

    @precondition(lambda self: self.to_host)
    @rule()
    def one_frame_reaches_the_host(self) -> None:
        self._receive(self.to_host.popleft())

    @rule(to_host=st.booleans(), size=st.integers(1, 20))
    def bytes_are_lost(self, to_host: bool, size: int) -> None:
        _taken(self.to_host if to_host else self.to_board, size)

    @rule(to_host=st.booleans())
    def bytes_come_twice(self, to_host: bool) -> None:
        line = self.to_host if to_host else self.to_board
        if line:
            line.appendleft(line[0])

    @rule(to_host=st.booleans(), place=st.integers(0, 30), bits=st.integers(1, 255))
    def a_byte_is_damaged(self, to_host: bool, place: int, bits: int) -> None:
        line = self.to_host if to_host else self.to_board
        if line:
            chunk = bytearray(line[0])
            chunk[place % len(chunk)] ^= bits
            line[0] = bytes(chunk)

    @rule(noise=st.binary(min_size=1, max_size=12))
    def noise_comes(self, noise: bytes) -> None:
        self.to_host.appendleft(noise)

    @precondition(lambda self: len(self.to_host) > 1)
    @rule()
    def replies_are_swapped(self) -> None:
        first, second = self.to_host.popleft(), self.to_host.popleft()
        self.to_host.extendleft([first, second])
        self.swapped = True

    @rule(times=st.integers(1, 30))
    def nothing_comes_for_a_while(self, times: int) -> None:
        for _ in range(times):
            self.now += TIMING.quiet
            self._receive(b"")

    @rule(seconds=st.integers(0, 100))
    def the_program_is_stopped_for_a_while(self, seconds: int) -> None:
        self.now += seconds

    # --- what must hold

    @invariant()
    def carried_out_at_most_once_and_in_order(self) -> None:
        numbers = [int.from_bytes(payload, "little") for payload in self.board.carried_out]
        assert numbers == sorted(set(numbers))

    @invariant()
    def no_more_requests_wait_than_the_board_has_buffers(self) -> None:
        assert len(self.waiting) == self.protocol.outstanding <= WINDOW

    def teardown(self) -> None:
        """On a line that is good again everything is answered, in the time of three sendings."""
        self._progress()
        for _ in range(int(3 * TIMING.patience / TIMING.quiet)):
            while self.to_board or self.to_host:
                self.to_host += self.board.answers(_taken(self.to_board, 10**6))
                if self.to_host:
                    self._receive(_taken(self.to_host, 10**6))
            if not self.waiting:
                return
            self.now += TIMING.quiet
            self._receive(b"")
        pytest.fail("requests have no answer though the line is good")


def _taken(line: deque[bytes], size: int) -> bytes:
    """The first bytes of a line, which are no longer on it; what was sent at once stays together."""
    found = bytearray()
    while line and len(found) < size:
        chunk, room = line.popleft(), size - len(found)
        found += chunk[:room]
        if chunk[room:]:
            line.appendleft(chunk[room:])
    return bytes(found)


LinkMachine.TestCase.settings = settings(
    max_examples=400, stateful_step_count=50, derandomize=True, deadline=None, database=None
)
TestLinkProtocol = LinkMachine.TestCase


def test_a_request_that_must_wait_is_an_error_of_the_caller() -> None:
    protocol = LinkProtocol("test", TIMING, lambda: 0.0, 0)
    protocol.submit(Command.WRITE, b"", reads=False)
    with pytest.raises(ValueError, match=r"^READ must wait: 1 requests have no answer yet$"):
        protocol.submit(Command.READ, b"", reads=True)
    protocol.submit(Command.WRITE, b"", reads=False)
    with pytest.raises(ValueError, match=r"^WRITE must wait: 2 requests have no answer yet$"):
        protocol.submit(Command.WRITE, b"", reads=False)
    reading = LinkProtocol("test", TIMING, lambda: 0.0, 0)
    reading.submit(Command.READ, b"", reads=True)
    with pytest.raises(ValueError, match=r"^WRITE must wait: 1 requests have no answer yet$"):
        reading.submit(Command.WRITE, b"", reads=False)


def test_a_reply_that_comes_again_is_not_that_of_the_next_request() -> None:
    protocol = LinkProtocol("test", TIMING, lambda: 0.0, 0)
    stale = encode(bytes([0, Command.READ | REPLY]) + b"old")
    protocol.submit(Command.READ, b"first", reads=True)
    protocol.receive(stale)
    request = protocol.submit(Command.READ, b"second", reads=True)
    protocol.receive(stale)
    assert protocol.outstanding == 1
    protocol.receive(encode(bytes([1, Command.READ | REPLY]) + b"new"))
    assert (protocol.outstanding, request.reply) == (0, b"new")


def test_a_reply_to_an_earlier_identify_is_not_that_of_the_next() -> None:
    """A board that was asked before, or another one, says what was true then: another count and another board."""

    def identity(sequence: int, expected: int, board: int) -> bytes:
        told = Identity(PROTOCOL, expected, 0, bytes(8), board, 1, 1)
        return encode(bytes([sequence, Command.IDENTIFY | REPLY]) + told.pack())

    protocol = LinkProtocol("test", TIMING, lambda: 0.0, 6)
    request = protocol.identify()
    protocol.receive(identity(6, 99, 1))
    assert protocol.outstanding == 1
    protocol.receive(identity(7, 3, 2))
    found = protocol.identity_of(request)
    assert (protocol.outstanding, found.expected, found.board) == (0, 3, 2)
    again = protocol.identify()
    protocol.receive(identity(7, 99, 1))
    assert protocol.outstanding == 1
    protocol.receive(identity(8, 4, 2))
    assert protocol.identity_of(again).expected == 4
    assert protocol.submit(Command.READ, b"", reads=True).sequence == 4
