"""Packed samples and the image of a data set for flash (docs/protocol.md)."""

import struct
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from ceprop.boards.protocol import Flash, check_value, data_set_mark
from ceprop.errors import CepropError
from ceprop.specification import Specification

_LONGEST_STEP = 255
"""Inputs that an entry can move on; one of step 0 moves as far and sets nothing."""

_HEAD = struct.Struct("<HH")
_FILE_HEAD = struct.Struct("<4sII")
_CRC = struct.Struct("<I")


def value_bytes(specification: Specification) -> int:
    """Bytes of an input's value."""
    return 1 if specification.formats.input_bits <= 8 else 2


def pack_sample(inputs: np.ndarray, label: int, size: int) -> bytes:
    """A sample of quantised `inputs`, integers (n_0,), as bytes; values take `size` bytes each."""
    (places,) = np.nonzero(inputs)
    steps = np.diff(places, prepend=-1)
    escapes = (steps - 1) // _LONGEST_STEP
    own = np.cumsum(escapes + 1) - 1
    entries = np.zeros((int(escapes.sum()) + len(places), 1 + size), np.uint8)
    entries[own, 0] = steps - _LONGEST_STEP * escapes
    entries[own, 1:] = np.asarray(inputs)[places].astype("<u2").view(np.uint8).reshape(-1, 2)[:, :size]
    return _HEAD.pack(len(entries), label) + entries.tobytes()


def pack_samples(specification: Specification, inputs: np.ndarray, labels: np.ndarray) -> Iterable[bytes]:
    """Every sample of quantised `inputs` (n, n_0) with `labels` (n,), packed."""
    size = value_bytes(specification)
    return (pack_sample(row, int(label), size) for row, label in zip(inputs, labels, strict=True))


def data_set_image(specification: Specification, inputs: np.ndarray, labels: np.ndarray) -> bytes:
    """The file of a data set that flash holds at `Flash.DATA_SET`, so that the board learns from it by itself:
    quantised `inputs` (n, n_0) and `labels` (n,) in the order in which they are learned.

    Raises :class:`CepropError` where flash has no room for so many."""
    packed = b"".join(pack_samples(specification, inputs, labels))
    mark = data_set_mark(specification.layers[0], specification.formats.input_bits, specification.classes)
    content = _FILE_HEAD.pack(mark, len(labels), len(packed)) + packed
    room = Flash.BYTES - Flash.DATA_SET - _CRC.size
    if len(content) > room:
        fits = len(labels) * room // len(content)
        raise CepropError(f"data set: {len(labels):,} samples take {len(content):,} bytes, room is for about {fits:,}")
    return content + _CRC.pack(check_value(content))


def check_data_set(path: Path) -> int:
    """The samples of a data set's file; raises :class:`CepropError` where it is not whole, or not one."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CepropError(f"data set {path}: {error.strerror}") from None
    least = _FILE_HEAD.size + _CRC.size
    if len(content) >= least:
        _, samples, length = _FILE_HEAD.unpack_from(content)
        if (
            len(content) == least + length
            and check_value(content[: -_CRC.size]) == _CRC.unpack(content[-_CRC.size :])[0]
        ):
            return samples
    raise CepropError(f"data set {path}: not a whole one; `ceprop pack SPEC FILE` without --contents makes it")
