"""A request, how long to wait for its reply, and what became of all of them."""

from dataclasses import dataclass

from ceprop.boards.host.frames import encode
from ceprop.boards.protocol import Command, Refusal
from ceprop.common.errors import CepropError

_REASONS: dict[int, str] = {
    Refusal.UNKNOWN: "it knows no such command",
    Refusal.LENGTH: "the request is too short or too long",
    Refusal.ABSENT: "it has no flash, or nothing whole lies there",
    Refusal.BUSY: "it is at work",
}


@dataclass(frozen=True)
class Timing:
    """How long to wait, in seconds.

    Fields
    ------
    quiet : float
        Silence after which the end of a frame counts as lost, in either direction.
    reply : float
        Time after which requests are sent again, twice as long each time; a board may take longer, and then answers
        more than once.
    patience : float
        Time without any answer after which the board counts as silent.
    """

    quiet: float
    reply: float
    patience: float


BOARD_TIMING = Timing(quiet=0.05, reply=0.25, patience=10.0)
SIMULATION_TIMING = Timing(quiet=0.05, reply=2.0, patience=120.0)
"""A simulated board is a hundred times slower, and on a busy machine slower still."""


@dataclass
class LinkStatistics:
    """Counts of what went over the line; `requests` are those that were answered."""

    requests: int = 0
    frames_sent: int = 0
    frames_resent: int = 0
    bytes_sent: int = 0
    bytes_received: int = 0
    damaged_replies: int = 0
    refusals: int = 0
    time_outs: int = 0


class RefusedError(CepropError):
    """The board refuses a request for a `reason` that sending it again does not cure."""

    def __init__(self, port: str, command: Command, reason: int):
        words = _REASONS.get(reason, f"for a reason that this program does not know, {reason}")
        super().__init__(f"port {port}: the board refuses {command.name}: {words}")
        self.command = command
        self.reason = reason


@dataclass(eq=False)
class Request:
    """A request; with `reads` it changes nothing, and its reply has a payload."""

    sequence: int
    command: Command
    payload: bytes
    reads: bool
    reply: bytes = b""

    @property
    def frame(self) -> bytes:
        """The bytes of the request on the line."""
        return encode(bytes([self.sequence, self.command]) + self.payload)
