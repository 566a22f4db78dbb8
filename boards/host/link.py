"""Requests to a board and their replies, over a line that may lose and damage bytes (docs/protocol.md, Order)."""

import random
import time
from collections import deque

from ceprop.boards.host.frames import FrameDecoder
from ceprop.boards.host.requests import BOARD_TIMING, LinkStatistics, RefusedError, Request, Timing
from ceprop.boards.host.transport import Transport
from ceprop.boards.protocol import LONGEST_PAYLOAD, PROTOCOL, REFUSAL, REPLY, WINDOW, Command, Identity, Refusal
from ceprop.common.errors import CepropError

LEAST_PAYLOAD = 24
"""Bytes to which the payloads of a bad line shrink: less would be mostly heads and CRCs."""

_GROWTH = 8
"""Bytes by which payloads grow again with every request that came through."""

_LEAST_TRIES = 4
"""A board counts as silent only after so many."""

_LEAST_LISTENED = 20
"""A board whose bytes mean nothing counts as silent only after they were looked at so often, for this program itself
may have been stopped for a while."""


class Link:
    """Carries requests out, each once, in order.

    :meth:`identify` comes first. Every method raises :class:`CepropError` where the board is silent, and
    :class:`RefusedError` where it refuses for good, :meth:`send` also for a request before it."""

    def __init__(self, transport: Transport, timing: Timing = BOARD_TIMING):
        self.timing = timing
        self.statistics = LinkStatistics()
        self.payload_bytes = LONGEST_PAYLOAD
        """Bytes that a payload should have at most: fewer while frames get lost."""
        self._transport = transport
        self._decoder = FrameDecoder()
        self._outstanding: deque[Request] = deque()
        self._next = 0
        self._flying: deque[Request] = deque()
        """Frames of requests that the board has said nothing about, in the order in which it will."""
        self._barrier = random.randrange(256)
        self._sent = self._heard = 0.0
        self._noise = 0
        """Bytes that had come when a request was answered last."""
        self._tries = self._time_outs = self._listened = 0

    @property
    def port(self) -> str:
        """Name of the port."""
        return self._transport.name

    @property
    def baud(self) -> int:
        """Bits a second of the line."""
        return self._transport.baud

    # --- requests

    def identify(self) -> Identity:
        """Who is there. From then on the numbers of requests fit, and replies to earlier ones are behind us.

        Raises :class:`CepropError` also where the board speaks another version of the protocol."""
        self.drain()
        # A number that no earlier IDENTIFY had, for the reply must be to this one.
        self._barrier = (self._barrier + 1) % 256
        payload = self._wait_for(Request(self._barrier, Command.IDENTIFY, b"", reads=True))
        if payload[:1] != bytes([PROTOCOL]):
            raise CepropError(
                f"port {self.port}: the board speaks version {payload[0] if payload else 'none'} of the protocol, "
                f"this program version {PROTOCOL}; program the board with this version of ceprop"
            )
        self._check_size(payload, Identity.BYTES, Command.IDENTIFY)
        identity = Identity.unpack(payload)
        self._next = identity.expected
        return identity

    def send(self, command: Command, payload: bytes = b"") -> None:
        """A request that changes something, carried out once; returns when it is on its way."""
        while len(self._outstanding) >= WINDOW:
            self._hear()
        self._post(self._request(command, payload, reads=False))

    def ask(self, command: Command, payload: bytes = b"") -> bytes:
        """The payload of the reply to a request that only reads, after all requests before it."""
        self.drain()
        return self._wait_for(self._request(command, payload, reads=True))

    def ask_for(self, size: int, command: Command, payload: bytes = b"") -> bytes:
        """As :meth:`ask`; raises :class:`CepropError` for a reply of any other size."""
        reply = self.ask(command, payload)
        self._check_size(reply, size, command)
        return reply

    def _check_size(self, reply: bytes, size: int, command: Command) -> None:
        if len(reply) != size:
            raise CepropError(
                f"port {self.port}: the reply to {command.name} has {len(reply)} bytes, must have {size}; program the "
                "board with this version of ceprop"
            )

    def drain(self) -> None:
        """Wait until every request has been carried out."""
        while self._outstanding:
            self._hear()

    def _request(self, command: Command, payload: bytes, reads: bool) -> Request:
        request = Request(self._next, command, payload, reads)
        self._next = (self._next + 1) % 256
        return request

    def _wait_for(self, request: Request) -> bytes:
        self._post(request)
        self.drain()
        return request.reply

    # --- sending

    def _post(self, request: Request) -> None:
        if not self._outstanding:
            self._flying.clear()
            self._progress()
        self._outstanding.append(request)
        self.statistics.frames_sent += 1
        self._write([request])

    @property
    def _missing(self) -> list[Request]:
        """Requests without an answer of which no frame is on its way."""
        return [request for request in self._outstanding if request not in self._flying]

    def _send_again(self) -> None:
        again = self._missing
        self._tries += 1
        self.statistics.frames_resent += len(again)
        self._write(again)

    def _write(self, requests: list[Request]) -> None:
        self._flying += requests
        self._sent = time.monotonic()
        data = b"".join(request.frame for request in requests)
        self.statistics.bytes_sent += len(data)
        self._transport.write(data)

    def _shrink(self) -> None:
        self.payload_bytes = max(LEAST_PAYLOAD, self.payload_bytes // 2)

    # --- hearing

    def _hear(self) -> None:
        """Wait for what the board says, or for its silence, and do what follows."""
        data = self._transport.read(self.timing.quiet)
        self._listened += 1
        self.statistics.bytes_received += len(data)
        for body in self._decoder.feed(data) if data else self._decoder.end():
            if body is None:
                self._lost()
            else:
                self._take(body)
        tried = self._tries >= _LEAST_TRIES or self._listened >= _LEAST_LISTENED
        if self._outstanding and tried and time.monotonic() - self._heard > self.timing.patience:
            raise self._silent()
        if self._missing:
            self._send_again()
        elif self._outstanding and not data:
            self._silence()

    def _silence(self) -> None:
        """After a short one, end a request whose own zero may be lost: a zero by itself is nothing. After a longer one
        send again, ever more seldom, for the board may be at work."""
        if time.monotonic() - self._sent < self.timing.reply * 2**self._time_outs:
            self._transport.write(b"\0")
            self.statistics.bytes_sent += 1
            return
        self._time_outs += 1
        self.statistics.time_outs += 1
        self._flying.clear()
        self._send_again()

    def _lost(self) -> None:
        """An answer came damaged: to whatever was to be answered next."""
        self.statistics.damaged_replies += 1
        if self._flying:
            self._flying.popleft()
        if self._outstanding and self._outstanding[0].reads:
            self._shrink()

    def _take(self, body: bytes) -> None:
        sequence, command, payload = body[0], body[1], body[2:]
        if command == REFUSAL:
            if len(payload) == 3 and self._outstanding:
                self._refused(sequence, *payload)
            return
        self._landed(sequence, command & ~REPLY)
        answered = [r.sequence == sequence and r.command | REPLY == command for r in self._outstanding]
        if True not in answered:
            return  # an answer that was given more than once
        # Answers come in order: those before it were lost on their way, and hold nothing that is needed.
        for _ in range(answered.index(True)):
            self._done()
        self._outstanding[0].reply = payload
        self._done()

    def _landed(self, sequence: int, command: int) -> None:
        """A frame was answered: what was sent before it was lost."""
        landed = [(request.sequence, request.command) == (sequence, command) for request in self._flying]
        if True in landed:
            for _ in range(landed.index(True) + 1):
                self._flying.popleft()

    def _done(self) -> None:
        self._outstanding.popleft()
        self.statistics.requests += 1
        self.payload_bytes = min(LONGEST_PAYLOAD, self.payload_bytes + _GROWTH)
        self._progress()

    def _progress(self) -> None:
        self._heard, self._tries, self._time_outs, self._listened = time.monotonic(), 0, 0, 0
        self._noise = self.statistics.bytes_received

    def _refused(self, sequence: int, reason: int, command: int, expected: int) -> None:
        oldest = self._outstanding[0]
        if reason not in (Refusal.DAMAGED, Refusal.ORDER):
            if (sequence, command) == (oldest.sequence, oldest.command):
                self._give_up(oldest, reason)
            return
        self.statistics.refusals += 1
        if reason == Refusal.ORDER:
            self._landed(sequence, command)
        else:
            self._shrink()
            if self._flying:
                self._flying.popleft()
        if oldest.command is not Command.IDENTIFY:
            self._carried_out_before(expected)

    def _carried_out_before(self, expected: int) -> None:
        """Requests before the one that the board expects are done, whatever became of the answers; one that reads is
        not, without its answer."""
        oldest = self._outstanding[0]
        count = (expected - oldest.sequence) % 256
        if count > len(self._outstanding):
            raise CepropError(
                f"port {self.port}: the board expects request {expected}, not {oldest.sequence}: it was reset, or "
                "another program talks to it"
            )
        for _ in range(0 if oldest.reads else count):
            self._done()

    def _give_up(self, request: Request, reason: int) -> None:
        """What was refused does not count; what followed it was refused for its number."""
        self._outstanding.clear()
        if request.command is not Command.IDENTIFY:
            self.identify()
        raise RefusedError(self.port, request.command, reason)

    def _silent(self) -> CepropError:
        command = self._outstanding[0].command.name
        noise = self.statistics.bytes_received - self._noise
        heard = f", {noise:,} bytes came that are no answer" if noise else ""
        return CepropError(
            f"port {self.port}: the board does not answer {command} (for {self.timing.patience:g} s, "
            f"{1 + self._tries} times{heard}); is it programmed, and built for this transport and baud rate?"
        )
