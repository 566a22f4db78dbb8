"""The form of the log of results in flash (`docs/protocol.md`): slots with an entry each, and erased slots behind."""

import struct
from collections.abc import Iterator
from dataclasses import astuple, dataclass

from ceprop.boards.protocol import CRC_BYTES, Flash, check_value

SLOT_BYTES = 32
"""Bytes of a slot. A page holds a whole number of them."""

ERASED = 0xFF
"""Every byte of a slot in which nothing has ever been written."""

_NUMBER_BYTES = 3
_HEAD = struct.Struct("<4sII")


@dataclass(frozen=True)
class LogEntry:
    """The results of an epoch.

    Fields
    ------
    epochs : int
        Epochs that the network has learned.
    training_errors, samples : int
        Wrong predictions of the last of them, each before learning from the sample; and samples of the epoch.
    held_out_errors, held_out : int
        Wrong predictions of the evaluation after the epoch; and held-out samples.
    """

    epochs: int
    training_errors: int
    samples: int
    held_out_errors: int
    held_out: int

    CONTENT_BYTES = 12
    """Every number but the first one takes three bytes."""
    BYTES = Flash.HEAD_BYTES + CONTENT_BYTES + CRC_BYTES

    def pack(self, mark: bytes) -> bytes:
        """The entry as a file with this mark."""
        epochs, *numbers = astuple(self)
        body = b"".join(number.to_bytes(_NUMBER_BYTES, "little") for number in numbers)
        content = _HEAD.pack(mark, epochs, len(body)) + body
        return content + check_value(content).to_bytes(CRC_BYTES, "little")

    @classmethod
    def unpack(cls, slot: bytes, mark: bytes) -> "LogEntry | None":
        """The entry in a slot; None where it is not whole, or has another mark."""
        entry = slot[: cls.BYTES]
        found, epochs, _ = _HEAD.unpack_from(entry)
        body = entry[_HEAD.size : -CRC_BYTES]
        numbers = (int.from_bytes(body[k : k + _NUMBER_BYTES], "little") for k in range(0, len(body), _NUMBER_BYTES))
        result = cls(epochs, *numbers)
        return result if found == mark and result.pack(mark) == entry else None


def log_entries(log: bytes, mark: bytes) -> Iterator[LogEntry]:
    """The whole entries with this mark in a log, or in the beginning of one, from the oldest one on. What was not
    written to its end is left out."""
    for start in range(0, len(log), SLOT_BYTES):
        slot = log[start : start + SLOT_BYTES]
        if is_erased(slot):
            return
        entry = LogEntry.unpack(slot, mark)
        if entry is not None:
            yield entry


def is_erased(slot: bytes) -> bool:
    """Whether nothing has been written in a slot."""
    return slot == bytes([ERASED]) * SLOT_BYTES
