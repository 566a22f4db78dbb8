"""Packed samples and the image of a data set for flash (docs/protocol.md)."""

import struct
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from ceprop.boards.protocol import Flash, check_value, data_set_mark
from ceprop.common.errors import CepropError
from ceprop.common.reading import read_up_to
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


def check_data_set(path: Path, specification: Specification | None = None) -> tuple[int, bytes]:
    """How many samples a data set's file has, and its content.

    With a specification the file must also have its mark, and its inputs and classes. Raises :class:`CepropError` for a
    file that is not whole, is no data set, holds other samples than it counts, or was packed for another network."""
    try:
        content = read_up_to(path, Flash.BYTES)
    except OSError as error:
        raise CepropError(f"data set {path}: {error.strerror}") from None
    if not _is_whole(content):
        raise CepropError(f"data set {path}: not a whole one; `ceprop pack SPEC FILE` without --contents makes it")
    mark, samples, _ = _FILE_HEAD.unpack_from(content)
    packed = content[_FILE_HEAD.size : -_CRC.size]
    if specification is None:
        if not any(_counts(packed, size) == samples for size in (1, 2)):
            raise CepropError(f"data set {path}: it counts {samples} samples and holds another number")
        return samples, content
    if mark != data_set_mark(specification.layers[0], specification.formats.input_bits, specification.classes):
        raise CepropError(f"data set {path}: it was packed for a network of other inputs, input bits or classes")
    if _counts(packed, value_bytes(specification), specification.layers[0], specification.classes) != samples:
        raise CepropError(f"data set {path}: it counts {samples} samples and does not hold as many whole ones")
    return samples, content


def _is_whole(content: bytes) -> bool:
    """Whether a file has the length that it names, and its CRC."""
    least = _FILE_HEAD.size + _CRC.size
    if len(content) < least or len(content) != least + _FILE_HEAD.unpack_from(content)[2]:
        return False
    return check_value(content[: -_CRC.size]) == _CRC.unpack(content[-_CRC.size :])[0]


def _counts(packed: bytes, size: int, inputs: int = 1 << 15, classes: int = 1 << 15) -> int | None:
    """How many samples `packed` holds, values taking `size` bytes each; None where it does not end with a sample, or
    where a sample has an input or a label that the network has not."""
    place = samples = 0
    while place < len(packed):
        if place + _HEAD.size > len(packed):
            return None
        entries, label = _HEAD.unpack_from(packed, place)
        end = place + _HEAD.size + entries * (1 + size)
        if end > len(packed) or label >= classes:
            return None
        steps = np.frombuffer(packed[place + _HEAD.size : end : 1 + size], np.uint8)
        if np.where(steps == 0, _LONGEST_STEP, steps).sum(dtype=np.int64) > inputs:
            return None
        place, samples = end, samples + 1
    return samples
