"""The form of a data set in flash: its mark, its head, and its plan of the epochs (`docs/protocol.md`)."""

import zlib
from dataclasses import dataclass

DATA_SET_FORM = 2
"""Version of the form of a data set and of its packed samples."""


@dataclass(frozen=True)
class DataSetHead:
    """The first bytes of a data set's content. An index follows: an address for each sample, those for training first,
    and one for the end of the last sample.

    Fields
    ------
    plan : int
        Address of the plan in flash, three bytes.
    held_out : int
        Samples that are evaluated after each epoch, three bytes.
    epochs : int
        Epochs in the plan, two bytes.
    """

    plan: int
    held_out: int
    epochs: int

    BYTES = 8
    ADDRESS_BYTES = 3
    """Bytes of an address, of a number of samples, and of a number of a sample."""

    def pack(self) -> bytes:
        """The bytes."""
        addresses = (number.to_bytes(self.ADDRESS_BYTES, "little") for number in (self.plan, self.held_out))
        return b"".join(addresses) + self.epochs.to_bytes(2, "little")

    @classmethod
    def unpack(cls, content: bytes) -> "DataSetHead":
        """The head at the beginning of a content."""
        size = cls.ADDRESS_BYTES
        parts = content[:size], content[size : 2 * size], content[2 * size : cls.BYTES]
        return cls(*(int.from_bytes(part, "little") for part in parts))


SIGNS_IN_WORD = 23
"""Signs of nudges in a word of 24 bits, from its highest bit on, 1 for a negative nudge. Its lowest bit is 1. So what
is left of it, shifted up, is 0 only when no sign is left."""


def plan_record_bytes(connections: int, *, sign_changes: bool) -> int:
    """Bytes of an epoch in the plan of a data set: the number of its first sample, and the stride from each sample to
    the next one, three bytes each; where the sign of the nudge changes, the address of the epoch's signs, three bytes;
    then the rate shift of each connection, a byte each (docs/numerics.md, 4 and 7)."""
    return (2 + sign_changes) * DataSetHead.ADDRESS_BYTES + connections


def data_set_mark(learning_digest: str) -> bytes:
    """The 4 bytes by which a board knows a data set that was packed for its specification."""
    return zlib.crc32(f"form {DATA_SET_FORM}, {learning_digest}".encode()).to_bytes(4, "little")
