"""The host's side of the link without its line: bytes in, bytes out, and a clock (docs/protocol.md, Order).

Nothing here reads, writes or waits, so that a test can drive it with a line and a clock of its own.
:class:`ceprop.boards.host.link.Link` joins it to a transport."""

from collections import deque
from collections.abc import Callable

from ceprop.boards.host.frames import FrameDecoder
from ceprop.boards.host.requests import LinkStatistics, RefusedError, Request, Timing
from ceprop.boards.protocol import LONGEST_PAYLOAD, PROTOCOL, REFUSAL, REPLY, WINDOW, Command, Identity, Refusal
from ceprop.common.errors import CepropError

LEAST_PAYLOAD = 24
"""Bytes to which payloads shrink on a bad line: smaller ones would be mostly heads and CRCs."""

LEAST_TRIES = 4
"""A board counts as silent only after its requests were sent again so often ..."""

LEAST_LISTENED = 20
"""... or, where its bytes mean nothing, after so many calls of :meth:`LinkProtocol.receive`: this program itself may
have been stopped for a while."""

_GROWTH = 8
"""Bytes by which payloads grow again with every request that was answered."""


class LinkProtocol:
    """Requests become bytes, and bytes become replies; every request is carried out once, in order.

    The caller submits a request where :meth:`accepts` allows it, passes :meth:`bytes_to_send` to the line, and calls
    :meth:`receive` with the bytes that come, or with none after each `timing.quiet` seconds of silence, until
    :attr:`outstanding` is 0. :meth:`identify` comes first.

    Parameters
    ----------
    port : str
        Name of the port for messages.
    timing : Timing
        How long to wait for what.
    clock : callable
        The time in seconds, from any origin; it never goes back.
    identify_number : int
        The sequence number that the one of the first IDENTIFY follows, 0 to 255. It should differ from that of the
        program before, the replies to which may still come.

    Members
    -------
    statistics : LinkStatistics
        What went over the line so far.
    payload_bytes : int
        Bytes that a payload should have at most: fewer while frames get lost.
    """

    def __init__(self, port: str, timing: Timing, clock: Callable[[], float], identify_number: int):
        self.port = port
        self.timing = timing
        self.statistics = LinkStatistics()
        self.payload_bytes = LONGEST_PAYLOAD
        self._clock = clock
        self._decoder = FrameDecoder()
        self._to_send = bytearray()
        self._outstanding: deque[Request] = deque()
        """Requests without an answer, oldest first."""
        self._in_flight: deque[Request] = deque()
        """Requests whose frames the board has neither answered nor refused, in the order in which it will."""
        self._next = 0
        """Sequence number of the next request."""
        self._identify_number = identify_number
        self._sent_at = self._progress_at = 0.0
        self._bytes_at_progress = 0
        """Bytes that had come when a request was answered last."""
        self._tries = self._time_outs = self._listened = 0

    # --- requests

    @property
    def outstanding(self) -> int:
        """Requests without an answer."""
        return len(self._outstanding)

    @property
    def deadline(self) -> float:
        """The time after which the oldest request without an answer is given up; an answer to any request moves it."""
        return self._progress_at + self.timing.patience

    def accepts(self, reads: bool) -> bool:
        """Whether a request may be submitted now. One that reads waits until those before it are answered, and those
        after it wait for its answer."""
        alone = reads or any(request.reads for request in self._outstanding)
        return self.outstanding < (1 if alone else WINDOW)

    def submit(self, command: Command, payload: bytes, reads: bool) -> Request:
        """Give a request its number and send it. With `reads` its `reply` is of use once nothing is outstanding.

        Raises :class:`ValueError` where :meth:`accepts` does not allow it."""
        request = Request(self._next, command, payload, reads)
        self._post(request)
        self._next = (self._next + 1) % 256
        return request

    def identify(self) -> Request:
        """Ask which board is there, with a number that no earlier IDENTIFY had: the reply must be to this one.

        :meth:`identity_of` takes the reply. Raises as :meth:`submit` does."""
        self._identify_number = (self._identify_number + 1) % 256
        request = Request(self._identify_number, Command.IDENTIFY, b"", reads=True)
        self._post(request)
        return request

    def identity_of(self, request: Request) -> Identity:
        """What an answered IDENTIFY tells; requests are numbered from what the board expects.

        Raises :class:`CepropError` where the board speaks another version of the protocol."""
        reply = request.reply
        if reply[:1] != bytes([PROTOCOL]):
            raise CepropError(
                f"port {self.port}: the board speaks version {reply[0] if reply else 'none'} of the protocol, "
                f"this program version {PROTOCOL}; program the board with this version of ceprop"
            )
        self.check_size(request, Identity.BYTES)
        identity = Identity.unpack(reply)
        self._next = identity.expected
        return identity

    def check_size(self, request: Request, size: int) -> None:
        """Raise :class:`CepropError` where the reply to an answered request has another size."""
        if len(request.reply) != size:
            raise CepropError(
                f"port {self.port}: the reply to {request.command.name} has {len(request.reply)} bytes, must have "
                f"{size}; program the board with this version of ceprop"
            )

    # --- bytes out

    def bytes_to_send(self) -> bytes:
        """The bytes for the line since the last call."""
        data = bytes(self._to_send)
        self._to_send.clear()
        return data

    def _post(self, request: Request) -> None:
        if not self.accepts(request.reads):
            raise ValueError(f"{request.command.name} must wait: {self.outstanding} requests have no answer yet")
        if not self._outstanding:
            self._in_flight.clear()
            self._note_progress()
        self._outstanding.append(request)
        self.statistics.frames_sent += 1
        self._send([request])

    @property
    def _missing(self) -> list[Request]:
        """Requests without an answer of which no frame is in flight."""
        return [request for request in self._outstanding if request not in self._in_flight]

    def _send_again(self) -> None:
        again = self._missing
        self._tries += 1
        self.statistics.frames_resent += len(again)
        self._send(again)

    def _send(self, requests: list[Request]) -> None:
        self._in_flight += requests
        self._sent_at = self._clock()
        self._append(b"".join(request.frame for request in requests))

    def _append(self, data: bytes) -> None:
        self.statistics.bytes_sent += len(data)
        self._to_send += data

    # --- bytes in

    def receive(self, data: bytes) -> None:
        """Take the bytes that came; none stand for `timing.quiet` seconds in which nothing came.

        Raises :class:`RefusedError` where the board refuses the oldest request for good: then nothing is outstanding,
        for the requests after it were refused for their numbers, and IDENTIFY tells the next number. Raises
        :class:`CepropError` where the board is silent beyond the deadline, or was reset."""
        self._listened += 1
        self.statistics.bytes_received += len(data)
        for body in self._decoder.feed(data) if data else self._decoder.end():
            if body is None:
                self._take_damaged()
            else:
                self._take(body)
        tried = self._tries >= LEAST_TRIES or self._listened >= LEAST_LISTENED
        if self._outstanding and tried and self._clock() > self.deadline:
            raise self._silent()
        if self._missing:
            self._send_again()
        elif self._outstanding and not data:
            self._answer_silence()

    def _answer_silence(self) -> None:
        """After a short silence, end a request whose own zero may be lost: a zero by itself means nothing. After a
        longer one send all again, then wait twice as long, for the board may be at work."""
        if self._clock() - self._sent_at < self.timing.reply * 2**self._time_outs:
            self._append(b"\0")
            return
        self._time_outs += 1
        self.statistics.time_outs += 1
        self._in_flight.clear()
        self._send_again()

    def _take_damaged(self) -> None:
        """An answer came damaged: the answer to the frame that was to be answered next."""
        self.statistics.damaged_replies += 1
        if self._in_flight:
            self._in_flight.popleft()
        if self._outstanding and self._outstanding[0].reads:
            self._shrink()

    def _take(self, body: bytes) -> None:
        sequence, command, payload = body[0], body[1], body[2:]
        if command == REFUSAL:
            if len(payload) == 3 and self._outstanding:
                self._take_refusal(sequence, *payload)
            return
        self._note_landed(sequence, command & ~REPLY)
        answered = [r.sequence == sequence and r.command | REPLY == command for r in self._outstanding]
        if True not in answered:
            return  # an answer that was given more than once
        # Answers come in order: those before this one were lost, and they hold nothing that is needed.
        for _ in range(answered.index(True)):
            self._finish_oldest()
        self._outstanding[0].reply = payload
        self._finish_oldest()

    def _note_landed(self, sequence: int, command: int) -> None:
        """A frame was answered: the frames that were sent before it were lost."""
        landed = [(request.sequence, request.command) == (sequence, command) for request in self._in_flight]
        if True in landed:
            for _ in range(landed.index(True) + 1):
                self._in_flight.popleft()

    def _finish_oldest(self) -> None:
        self._outstanding.popleft()
        self.statistics.requests += 1
        self.payload_bytes = min(LONGEST_PAYLOAD, self.payload_bytes + _GROWTH)
        self._note_progress()

    def _note_progress(self) -> None:
        self._progress_at, self._tries, self._time_outs, self._listened = self._clock(), 0, 0, 0
        self._bytes_at_progress = self.statistics.bytes_received

    def _shrink(self) -> None:
        self.payload_bytes = max(LEAST_PAYLOAD, self.payload_bytes // 2)

    # --- refusals

    def _take_refusal(self, sequence: int, reason: int, command: int, expected: int) -> None:
        oldest = self._outstanding[0]
        if reason not in (Refusal.DAMAGED, Refusal.ORDER):
            if (sequence, command) == (oldest.sequence, oldest.command):
                self._outstanding.clear()
                raise RefusedError(self.port, oldest.command, reason)
            return
        self.statistics.refusals += 1
        if reason == Refusal.ORDER:
            self._note_landed(sequence, command)
        else:
            self._shrink()
            if self._in_flight:
                self._in_flight.popleft()
        if oldest.command is not Command.IDENTIFY:
            self._finish_before(expected)

    def _finish_before(self, expected: int) -> None:
        """Requests before the one that the board expects are carried out, and need no answer; one that reads needs its
        answer all the same."""
        oldest = self._outstanding[0]
        count = (expected - oldest.sequence) % 256
        if count > len(self._outstanding):
            raise CepropError(
                f"port {self.port}: the board expects request {expected}, not {oldest.sequence}: it was reset, or "
                "another program talks to it"
            )
        for _ in range(0 if oldest.reads else count):
            self._finish_oldest()

    def _silent(self) -> CepropError:
        command = self._outstanding[0].command.name
        noise = self.statistics.bytes_received - self._bytes_at_progress
        heard = f", {noise:,} bytes came that are no answer" if noise else ""
        return CepropError(
            f"port {self.port}: the board does not answer {command} (for {self.timing.patience:g} s, "
            f"{1 + self._tries} times{heard}); is it programmed, and built for this transport and baud rate?"
        )
