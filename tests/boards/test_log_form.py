"""The log of results as bytes: what power that fails leaves of an entry, and entries of another network."""

import random

from ceprop.boards.log_form import SLOT_BYTES, LogEntry, log_entries

_MARK = b"mark"
_ENTRIES = [LogEntry(k, 10 + k, 60_000, 2**24 - 1 - k, 10_000) for k in range(1, 4)]


def _slot(entry: LogEntry, mark: bytes = _MARK) -> bytes:
    return entry.pack(mark).ljust(SLOT_BYTES, b"\xff")


def test_an_entry_has_the_form_of_a_file() -> None:
    content = LogEntry(5, 1, 2, 3, 4).pack(_MARK)
    assert content[:-4] == _MARK + bytes([5, 0, 0, 0, 12, 0, 0, 0, 1, 0, 0, 2, 0, 0, 3, 0, 0, 4, 0, 0])
    assert len(content) == LogEntry.BYTES <= SLOT_BYTES


def test_entries_up_to_the_first_erased_slot() -> None:
    log = b"".join(map(_slot, _ENTRIES))
    other = _slot(_ENTRIES[0], b"else")
    erased = b"\xff" * SLOT_BYTES
    assert list(log_entries(log + erased + log, _MARK)) == _ENTRIES
    assert list(log_entries(other + log + other, _MARK)) == _ENTRIES
    assert list(log_entries(erased + log, _MARK)) == []


def test_what_is_left_of_an_entry_is_no_entry() -> None:
    """Whichever bits were programmed before power failed."""
    whole, draw = _slot(_ENTRIES[1]), random.Random(1)
    cuts = [whole[:cut].ljust(SLOT_BYTES, b"\xff") for cut in range(1, LogEntry.BYTES)]
    some = [bytes(byte | draw.randrange(256) for byte in whole) for _ in range(200)]
    for left in (*cuts, *some):
        expected = [_ENTRIES[0], *([_ENTRIES[1]] if left[: LogEntry.BYTES] == whole[: LogEntry.BYTES] else [])]
        found = list(log_entries(_slot(_ENTRIES[0]) + left + _slot(_ENTRIES[2]), _MARK))
        assert found == [*expected, _ENTRIES[2]], left.hex()
