"""The file of a data set in flash (`docs/protocol.md`)."""

import struct
from pathlib import Path

import numpy as np

from ceprop.boards.host.packing import pack_samples, unpack_samples
from ceprop.boards.protocol import Flash, check_value, data_set_mark
from ceprop.common.errors import CepropError
from ceprop.common.reading import read_up_to
from ceprop.specification import Specification

_FILE_HEAD = struct.Struct("<4sII")
_CRC = struct.Struct("<I")

_LEAST_SAMPLE = 2
"""Bytes that a packed sample takes at least: its label and a mask."""


def data_set_image(specification: Specification, inputs: np.ndarray, labels: np.ndarray) -> bytes:
    """The file of a data set that flash holds at `Flash.DATA_SET`, so that the board learns from it by itself:
    quantised `inputs` (n, n_0) and `labels` (n,) in the order in which they are learned.

    Raises :class:`CepropError` where flash has no room for so many."""
    packed = b"".join(pack_samples(specification, inputs, labels))
    content = _FILE_HEAD.pack(_mark(specification), len(labels), len(packed)) + packed
    room = Flash.BYTES - Flash.DATA_SET - _CRC.size
    if len(content) > room:
        fits = len(labels) * room // len(content)
        raise CepropError(f"data set: {len(labels):,} samples take {len(content):,} bytes, room is for about {fits:,}")
    return content + _CRC.pack(check_value(content))


def check_data_set(path: Path, specification: Specification | None = None) -> tuple[int, bytes]:
    """How many samples a data set's file has, and its content.

    With a specification, the file must also have the mark of its network, and all of its samples are unpacked. Without
    one, nobody knows where a sample ends. Raises :class:`CepropError` for a file that is not whole, is no data set,
    holds other samples than it counts, or was packed for another network."""
    try:
        content = read_up_to(path, Flash.BYTES)
    except OSError as error:
        raise CepropError(f"data set {path}: {error.strerror}") from None
    if not _is_whole(content):
        raise CepropError(f"data set {path}: not a whole one; `ceprop pack SPEC FILE` without --contents makes it")
    mark, samples, size = _FILE_HEAD.unpack_from(content)
    if samples * _LEAST_SAMPLE > size or (size > 0) != (samples > 0):
        raise CepropError(f"data set {path}: it counts {samples} samples, and its {size} bytes are not so many")
    if specification is not None:
        if mark != _mark(specification):
            raise CepropError(
                f"data set {path}: it was packed for a network of other inputs, input bits or classes, or by another "
                "version of ceprop"
            )
        found = _count(path, specification, content[_FILE_HEAD.size : -_CRC.size])
        if found != samples:
            raise CepropError(f"data set {path}: it counts {samples} samples and holds {found}")
    return samples, content


def _mark(specification: Specification) -> bytes:
    return data_set_mark(specification.layers[0], specification.formats.input_bits, specification.classes)


def _is_whole(content: bytes) -> bool:
    """Whether a file has the length that it names, and its CRC."""
    least = _FILE_HEAD.size + _CRC.size
    if len(content) < least or len(content) != least + _FILE_HEAD.unpack_from(content)[2]:
        return False
    return check_value(content[: -_CRC.size]) == _CRC.unpack(content[-_CRC.size :])[0]


def _count(path: Path, specification: Specification, packed: bytes) -> int:
    """How many samples `packed` holds. Raises :class:`CepropError` where one is not as it must be."""
    try:
        return sum(len(labels) for _, labels in unpack_samples(specification, packed))
    except CepropError as error:
        raise CepropError(f"data set {path}: {error}") from None
