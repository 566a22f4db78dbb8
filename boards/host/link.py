"""Requests to a board and their replies, over a transport that may lose and damage bytes."""

import random
import time
from collections.abc import Callable

from ceprop.boards.host.link_protocol import LinkProtocol
from ceprop.boards.host.requests import BOARD_TIMING, LinkStatistics, RefusedError, Request, Timing
from ceprop.boards.host.transport import Transport
from ceprop.boards.protocol import Command, Identity


class Link:
    """Moves bytes between a :class:`LinkProtocol` and a transport until a request is answered.

    :meth:`identify` comes first. Every method raises :class:`CepropError` where the board is silent, and
    :class:`RefusedError` where it refuses for good, :meth:`send` also for a request before it.

    Parameters
    ----------
    transport : Transport
        The line to the board.
    timing : Timing
        How long to wait for what.
    clock : callable
        The time in seconds, from any origin; it never goes back.

    Members
    -------
    clock : callable
        The same clock, for all code that waits for the board.
    """

    def __init__(
        self, transport: Transport, timing: Timing = BOARD_TIMING, clock: Callable[[], float] = time.monotonic
    ):
        self._transport = transport
        self.clock = clock
        self._protocol = LinkProtocol(transport.name, timing, clock, random.randrange(256))

    @property
    def port(self) -> str:
        """Name of the port."""
        return self._transport.name

    @property
    def baud(self) -> int:
        """Bits per second of the line."""
        return self._transport.baud

    @property
    def timing(self) -> Timing:
        """How long to wait for what."""
        return self._protocol.timing

    @property
    def statistics(self) -> LinkStatistics:
        """What went over the line so far."""
        return self._protocol.statistics

    @property
    def payload_bytes(self) -> int:
        """Bytes that a payload should have at most: fewer while frames get lost."""
        return self._protocol.payload_bytes

    def identify(self) -> Identity:
        """Which board is there. From then on requests have the numbers that it expects, and replies to earlier ones
        are ignored.

        Raises :class:`CepropError` also where the board speaks another version of the protocol."""
        self.drain()
        request = self._protocol.identify()
        self._send()
        self.drain()
        return self._protocol.identity_of(request)

    def send(self, command: Command, payload: bytes = b"") -> None:
        """A request that changes something, carried out once; returns when its bytes are sent."""
        while not self._protocol.accepts(reads=False):
            self._exchange()
        self._protocol.submit(command, payload, reads=False)
        self._send()

    def ask(self, command: Command, payload: bytes = b"") -> bytes:
        """The payload of the reply to a request that only reads, after all requests before it."""
        return self._answered(command, payload).reply

    def ask_for(self, size: int, command: Command, payload: bytes = b"") -> bytes:
        """As :meth:`ask`; raises :class:`CepropError` for a reply of any other size."""
        request = self._answered(command, payload)
        self._protocol.check_size(request, size)
        return request.reply

    def drain(self) -> None:
        """Wait until every request has been carried out."""
        while self._protocol.outstanding:
            self._exchange()

    def _answered(self, command: Command, payload: bytes) -> Request:
        self.drain()
        request = self._protocol.submit(command, payload, reads=True)
        self._send()
        self.drain()
        return request

    def _exchange(self) -> None:
        """Pass on what the transport brings, or its silence, and send what follows from it."""
        data = self._transport.read(self.timing.quiet)
        try:
            self._protocol.receive(data)
        except RefusedError as refused:
            if refused.command is not Command.IDENTIFY:
                self.identify()
            raise
        self._send()

    def _send(self) -> None:
        data = self._protocol.bytes_to_send()
        if data:
            self._transport.write(data)
