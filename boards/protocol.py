"""What host and board exchange: numbers and layouts, described once for the RTL, the host and the documentation
(`docs/protocol.md`).

A frame is COBS(body, CRC-32 of the body) between zero bytes. A request's body is its sequence number, its command and
a payload; a reply's body the same sequence number, the command with `REPLY` added, and a payload. All numbers of more
than one byte are little-endian.
"""

import struct
import zlib
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from enum import IntEnum, IntFlag
from itertools import accumulate

PROTOCOL = 4
"""Version of all that follows."""

BLOCK_INPUTS = 8
"""Inputs of a packed sample that share a mask."""

LONGEST_PAYLOAD = 240
"""Bytes of a payload, so that a body with its CRC is a single block of COBS."""

HEAD_BYTES = 2
"""Sequence number and command."""

CRC_BYTES = 4
"""CRC-32/ISO-HDLC, that of zlib."""

LONGEST_BODY = HEAD_BYTES + LONGEST_PAYLOAD + CRC_BYTES
"""Bytes between the zeros, before COBS."""

WINDOW = 2
"""Requests that the board's buffers hold: the one that is carried out, and one that arrives in the meantime."""

RESULTS_KEPT = 256
"""Results that a board remembers."""


class Command(IntEnum):
    """What a request asks for."""

    IDENTIFY = 0
    """Which board is there? The one command that is answered whatever its sequence number."""
    WRITE = 1
    """An :class:`Address`, then groups of words for it and the addresses that follow."""
    READ = 2
    """An :class:`Address` and a count of groups, one byte; the reply holds them."""
    SAMPLES = 3
    """The next bytes of a stream of packed samples; one may begin in a request and end in a later one."""
    RESULTS = 4
    """Number of the first result modulo 256 and a count, a byte each; the reply holds how many there have been, modulo
    256, and those asked for, two bytes each."""
    RESET = 5
    """Registers get their initial values, samples at work and unread results are forgotten; memories stay."""
    RUN = 6
    """Learn from the data set in flash: the first epoch and the number of epochs, two bytes each."""
    STATUS = 7
    """What the flash is at work on: :class:`Status`."""
    SAVE = 8
    """Save weights, biases and generators to flash."""
    RESTORE = 9
    """Load the newest whole snapshot from flash."""
    READ_FLASH = 10
    """Read `Status.FLASH_BYTES` bytes of flash: their address, four bytes. STATUS then has them behind its flags."""


REPLY = 0x80
"""Added to the command that was done."""

REFUSAL = 0xFF
"""In place of it in a reply that refuses: the payload holds a :class:`Refusal`, the request's command, and the sequence
number that the board expects."""

TIE = 1 << 15
"""Bit of a result that is set where more than one output was largest; the bits below are the predicted class."""


class Refusal(IntEnum):
    """Why nothing was done."""

    DAMAGED = 0
    """A frame did not decode, or its CRC is wrong; sequence number and command are not known and zero."""
    UNKNOWN = 1
    """No such command."""
    LENGTH = 2
    """The payload is too short or too long for its command, or it asks for more than a reply holds."""
    ORDER = 3
    """Requests before it were lost."""
    ABSENT = 4
    """The board has no flash, or flash has no whole data set or snapshot."""
    BUSY = 5
    """The board works from flash; or it should begin to, but half a sample was sent."""


class StatusFlag(IntFlag):
    """Bits of the first byte that STATUS gives."""

    RUNNING = 1
    """Learning from the data set."""
    STORING = 2
    """Saving, restoring, or reading flash."""
    FAILED = 4
    """The last task did not come to its end: there is no whole data set or snapshot, no flash, or it stays busy."""
    LOG_FULL = 8
    """Since RUN, the log had no room for the results of an epoch."""


class Feature(IntFlag):
    """Bits for the optional parts of a board."""

    FLASH = 1


class Flash:
    """Where files lie in flash, above every bitstream and below 4 MiB but for a large data set. A file is a mark
    (4 bytes), a number (4), the length of its content (4), the content, and a CRC-32 over everything before it."""

    LOG = 0x20_0000
    """The log of results (:mod:`ceprop.boards.log_form`). Snapshots (:mod:`ceprop.boards.snapshot_form`) lie behind it
    or at the end of flash."""
    LOG_BYTES = 0x1_0000
    DATA_SET = 0x30_0000
    """Samples in their packed form, an index of their addresses, and a plan of the epochs
    (:mod:`ceprop.boards.data_set_form`); the number counts the samples for training."""
    HEAD_BYTES = 12
    SECTOR_BYTES = 4096
    """Bytes that are erased at once."""
    PAGE_BYTES = 256
    """Bytes that are written at once."""
    BYTES = 1 << 24
    """Bytes that an address of three bytes reaches."""


@dataclass(frozen=True)
class Identity:
    """What IDENTIFY gives, in this order.

    Fields
    ------
    protocol : int
        Version, one byte.
    expected : int
        Sequence number of the next request, one byte.
    features : int
        Bits of :class:`Feature`, one byte.
    specification : bytes
        First 8 bytes of the SHA-256 over every field of the specification (`build_digest`).
    board : int
        CRC-32 of the board's name, four bytes.
    clock_hz, core_clock_hz : int
        The clock of the link, and that of the core, four bytes each; they are equal where there is only one.
    """

    protocol: int
    expected: int
    features: int
    specification: bytes
    board: int
    clock_hz: int
    core_clock_hz: int

    BYTES = 23

    def pack(self) -> bytes:
        """The payload."""
        return struct.pack("<BBB8sIII", *astuple(self))

    @classmethod
    def unpack(cls, payload: bytes) -> "Identity":
        """The identity in a payload of `BYTES`; raises `ValueError` where there are more or fewer."""
        if len(payload) != cls.BYTES:
            raise ValueError(f"an identity has {cls.BYTES} bytes, not {len(payload)}")
        return cls(*struct.unpack("<BBB8sIII", payload))


@dataclass(frozen=True)
class Status:
    """What STATUS gives, in this order.

    Fields
    ------
    flags : StatusFlag
        One byte.
    samples_left : int
        Samples to go, those of evaluations included, four bytes.
    epochs : int
        Epochs that have ended since RUN, two bytes.
    training_errors, held_out_errors : int
        Wrong predictions of the last of them, three bytes each: before learning from each sample, and in the evaluation
        after the epoch.
    """

    flags: StatusFlag
    samples_left: int
    epochs: int
    training_errors: int
    held_out_errors: int

    BYTES = 13
    FLASH_BYTES = 12
    """Bytes behind the flags, which are those of flash after READ_FLASH."""

    @classmethod
    def unpack(cls, payload: bytes) -> "Status":
        """The status in a payload of `BYTES`."""
        flags, *numbers = _split(payload, (1, 4, 2, 3, 3))
        return cls(StatusFlag(flags), *numbers)


def _split(content: bytes, sizes: Sequence[int]) -> list[int]:
    """Numbers of so many bytes each, one after the other."""
    ends = list(accumulate(sizes))
    starts = (0, *ends[:-1])
    return [int.from_bytes(content[start:end], "little") for start, end in zip(starts, ends, strict=True)]


@dataclass(frozen=True)
class Address:
    """Where WRITE and READ begin: memory and edge, column of a weight, and the address of the first group there.

    `space` is a number of :class:`ceprop.hdl.lanes.messages.Space`; `column` picks the column edge; both share a byte,
    `lane` takes one, the address three. A group of words takes whole bytes, its bits as the manifest's `words` has
    them."""

    space: int
    address: int
    lane: int = 0
    column: bool = False

    BYTES = 5
    COLUMN_BIT = 7

    def pack(self) -> bytes:
        """The first bytes of a payload."""
        first = self.space | self.column << self.COLUMN_BIT
        return bytes([first, self.lane]) + self.address.to_bytes(3, "little")


def check_value(body: bytes) -> int:
    """CRC-32 of a body."""
    return zlib.crc32(body)


def board_number(name: str) -> int:
    """The number by which a board's RTL knows its name."""
    return zlib.crc32(name.encode())


def label_bytes(classes: int) -> int:
    """Bytes of the label of a packed sample."""
    return 1 if classes <= 256 else 2


def specification_number(build_digest: str) -> bytes:
    """The 8 bytes by which a board's RTL knows its specification."""
    return bytes.fromhex(build_digest)[:8]
