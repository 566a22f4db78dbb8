"""Frames of docs/protocol.md: a body and its CRC, as COBS between zeros."""

from cobs import cobs

from ceprop.boards.protocol import CRC_BYTES, HEAD_BYTES, LONGEST_BODY, check_value

_LONGEST_BLOCK = LONGEST_BODY + 1
"""Bytes between the zeros: COBS puts one in front."""


def encode(body: bytes) -> bytes:
    """The frame of a body (sequence number, command, payload), its zeros included."""
    return b"\0" + cobs.encode(body + check_value(body).to_bytes(CRC_BYTES, "little")) + b"\0"


class FrameDecoder:
    """Finds the bodies in a stream of bytes that may be damaged."""

    def __init__(self) -> None:
        self._block = bytearray()

    def feed(self, data: bytes) -> list[bytes | None]:
        """The bodies that end in `data`, without their CRC; None for what lay between zeros and is no frame."""
        *ended, rest = data.split(b"\0")
        bodies: list[bytes | None] = []
        for part in ended:
            self._gather(part)
            bodies += self.end()
        self._gather(rest)
        return bodies

    def end(self) -> list[bytes | None]:
        """Take what came since the last zero for a frame, as if a zero had followed: it may have been lost."""
        block = bytes(self._block)
        self._block.clear()
        return [_body(block)] if block else []

    def _gather(self, part: bytes) -> None:
        # One byte more than fits a frame is kept, so that what is too long stays so without growing.
        self._block += part[: _LONGEST_BLOCK + 1 - len(self._block)]


def _body(block: bytes) -> bytes | None:
    """The body in a block of COBS; None where there is none."""
    try:
        content = cobs.decode(block)
    except cobs.DecodeError:
        return None
    body, found = content[:-CRC_BYTES], int.from_bytes(content[-CRC_BYTES:], "little")
    if not HEAD_BYTES + CRC_BYTES <= len(content) <= LONGEST_BODY or check_value(body) != found:
        return None
    return body
