"""The file of a data set in flash (`docs/protocol.md`)."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ceprop.boards.data_set_form import SIGNS_IN_WORD, DataSetHead, data_set_mark, plan_record_bytes
from ceprop.boards.host.packing import pack_samples, unpack_samples
from ceprop.boards.protocol import Flash, check_value
from ceprop.boards.snapshot_form import SnapshotPlaces
from ceprop.common.errors import CepropError
from ceprop.common.reading import read_up_to
from ceprop.model import Dataset
from ceprop.model.order import epoch_order, epoch_signs, order_numbers
from ceprop.specification import Geometry, Specification

_FILE_HEAD = struct.Struct("<4sII")
_CRC = struct.Struct("<I")
_ADDRESS_BYTES = DataSetHead.ADDRESS_BYTES

_LEAST_SAMPLE = 2
"""Bytes that a packed sample takes at least: its label and a mask."""


@dataclass(frozen=True)
class PackedDataSet:
    """The file of a data set: its bytes, and how many samples and epochs it has."""

    content: bytes
    samples: int
    held_out: int
    epochs: int


def data_set_image(specification: Specification, dataset: Dataset, epochs: int) -> bytes:
    """The file of a data set that flash holds at `Flash.DATA_SET`, so that the board learns from it by itself: the
    training samples of `dataset`, its test samples, which are evaluated after each epoch, and the plan of the first
    `epochs` epochs.

    Raises :class:`CepropError` where flash has no room for so many, beside the snapshots where the array is known."""
    return _image(specification, dataset, _orders(specification, epochs, len(dataset.train_labels)))


def excerpt_image(specification: Specification, dataset: Dataset, epoch: int, samples: int) -> bytes:
    """The file of a data set with only those samples that `epoch` of `dataset` visits first, so many, in this order.
    Its plan has the epochs until this one, each with its own rates, and each visits the samples as they lie. It is
    for a measurement: :func:`check_data_set` refuses this plan, which is not that of the specification.

    Raises :class:`CepropError` as :func:`data_set_image` does."""
    order = epoch_order(specification, epoch, len(dataset.train_labels))[:samples]
    inputs, labels = dataset.train_inputs[order], dataset.train_labels[order]
    excerpt = replace(dataset.first(0, 0), train_inputs=inputs, train_labels=labels)
    return _image(specification, excerpt, [(0, 1)] * (epoch + 1))


def _room(specification: Specification) -> int:
    """The address up to which a data set may reach. Where the array is not known, nor are the snapshots."""
    return SnapshotPlaces.of(Geometry(specification)).data_set_end if specification.array else Flash.BYTES


def _orders(specification: Specification, epochs: int, count: int) -> list[tuple[int, int]]:
    """The number of the first of `count` samples, and the stride to each next one, of the first epochs."""
    return [order_numbers(specification, epoch, count) for epoch in range(epochs)]


def _image(specification: Specification, dataset: Dataset, orders: Sequence[tuple[int, int]]) -> bytes:
    """The file of a data set with epochs of these orders in its plan."""
    count, held_out = len(dataset.train_labels), len(dataset.test_labels)
    packed = [
        *pack_samples(specification, dataset.train_inputs, dataset.train_labels),
        *pack_samples(specification, dataset.test_inputs, dataset.test_labels),
    ]
    first = Flash.DATA_SET + Flash.HEAD_BYTES + DataSetHead.BYTES + _ADDRESS_BYTES * (len(packed) + 1)
    addresses = np.cumsum([first, *map(len, packed)])
    address = int(addresses[-1])
    plan = _plan(specification, orders, count, address)
    end = address + len(plan) + _CRC.size
    room = _room(specification)
    if end > room:
        fits = (room - first) * len(packed) // (address - first)
        taken = f"{len(packed):,} samples take {end - Flash.DATA_SET:,} bytes"
        raise CepropError(f"data set: {taken}, room is for about {fits:,}")
    body = b"".join(
        (
            DataSetHead(address, held_out, len(orders)).pack(),
            addresses.astype("<u4").view(np.uint8).reshape(-1, 4)[:, :_ADDRESS_BYTES].tobytes(),
            *packed,
            plan,
        )
    )
    content = _FILE_HEAD.pack(_mark(specification), count, len(body)) + body
    return content + _CRC.pack(check_value(content))


def _plan(specification: Specification, orders: Sequence[tuple[int, int]], count: int, address: int) -> bytes:
    """The plan of `count` samples, which lies at `address`: a record of each epoch, then the signs of each epoch where
    they change."""
    changes = specification.sign_changes
    signs = [_signs(specification, epoch, count) for epoch in range(len(orders))] if changes else []
    place = address + len(orders) * _record_bytes(specification)
    records: list[bytes] = []
    for epoch, order in enumerate(orders):
        numbers = [*order, place + sum(map(len, signs[:epoch]))] if changes else order
        records.append(b"".join(number.to_bytes(_ADDRESS_BYTES, "little") for number in numbers))
        records.append(bytes(specification.shifts_at(epoch)))
    return b"".join((*records, *signs))


def _plan_bytes(specification: Specification, epochs: int, count: int) -> int:
    """Bytes of the plan of so many epochs with `count` samples."""
    signs = _ADDRESS_BYTES * _sign_words(count) if specification.sign_changes else 0
    return epochs * (_record_bytes(specification) + signs)


def _record_bytes(specification: Specification) -> int:
    return plan_record_bytes(len(specification.connections), sign_changes=specification.sign_changes)


def _sign_words(count: int) -> int:
    return -(-count // SIGNS_IN_WORD)


def _signs(specification: Specification, epoch: int, count: int) -> bytes:
    """The signs of an epoch's nudges, in words of `_ADDRESS_BYTES`."""
    words = _sign_words(count)
    bits = np.zeros((words, SIGNS_IN_WORD + 1), np.uint8)
    padded = np.zeros(words * SIGNS_IN_WORD, np.uint8)
    padded[:count] = epoch_signs(specification, epoch, count)
    bits[:, :-1], bits[:, -1] = padded.reshape(words, SIGNS_IN_WORD), 1
    return np.packbits(bits, axis=1)[:, ::-1].tobytes()


def check_data_set(path: Path, specification: Specification | None = None) -> PackedDataSet:
    """What the file of a data set has.

    With a specification, the file must also have its mark and its plan, and all samples are unpacked. Without one,
    nobody knows where a sample ends. Raises :class:`CepropError` for a file that is not whole, is no data set, holds
    other samples than it counts, was packed for another specification, or does not fit beside the snapshots."""
    try:
        content = read_up_to(path, Flash.BYTES)
    except OSError as error:
        raise CepropError(f"data set {path}: {error.strerror}") from None
    if not _is_whole(content):
        raise CepropError(f"data set {path}: not a whole one; `ceprop pack SPEC FILE` without --contents makes it")
    mark, samples, size = _FILE_HEAD.unpack_from(content)
    body = content[_FILE_HEAD.size : -_CRC.size]
    head = DataSetHead.unpack(body) if size >= DataSetHead.BYTES else DataSetHead(0, 0, 0)
    found = PackedDataSet(content, samples, head.held_out, head.epochs)
    least = DataSetHead.BYTES + (_ADDRESS_BYTES + _LEAST_SAMPLE) * (samples + head.held_out) + _ADDRESS_BYTES
    if size < least:
        raise CepropError(
            f"data set {path}: it counts {samples + head.held_out} samples, and its {size} bytes are not so many"
        )
    if specification is not None:
        if mark != _mark(specification):
            raise CepropError(
                f"data set {path}: it was packed for another specification, or by another version of ceprop"
            )
        room = _room(specification) - Flash.DATA_SET
        if len(content) > room:
            taken = f"takes {len(content):,} bytes"
            raise CepropError(f"data set {path}: {taken}, beside snapshots of {specification.name} fit {room:,}")
        _check_content(path, specification, found, head, body)
    return found


def _check_content(
    path: Path, specification: Specification, found: PackedDataSet, head: DataSetHead, body: bytes
) -> None:
    """Raises :class:`CepropError` where index, samples or plan are not as they must be."""
    count = found.samples + found.held_out
    index_end = DataSetHead.BYTES + _ADDRESS_BYTES * (count + 1)
    start, plan = Flash.DATA_SET + Flash.HEAD_BYTES, head.plan - Flash.DATA_SET - Flash.HEAD_BYTES
    if not index_end <= plan <= len(body) or not _has_plan(specification, found, head.plan, body[plan:]):
        raise CepropError(f"data set {path}: its plan is not that of {specification.name}")
    raw = np.frombuffer(body[DataSetHead.BYTES : index_end], np.uint8).reshape(-1, _ADDRESS_BYTES)
    index = raw.astype(np.int64) @ (1 << 8 * np.arange(_ADDRESS_BYTES))
    packed, sizes = _unpacked(path, specification, body[index_end:plan])
    if packed != count:
        raise CepropError(f"data set {path}: it counts {count} samples and holds {packed}")
    if not np.array_equal(index, np.cumsum([start + index_end, *sizes])):
        raise CepropError(f"data set {path}: its index does not point to its samples")


def _has_plan(specification: Specification, found: PackedDataSet, address: int, plan: bytes) -> bool:
    """Whether `plan`, which lies at `address`, is that of the specification. A file that counts more epochs than it has
    bytes for must not take long."""
    if len(plan) != _plan_bytes(specification, found.epochs, found.samples):
        return False
    orders = _orders(specification, found.epochs, found.samples)
    return plan == _plan(specification, orders, found.samples, address)


def _unpacked(path: Path, specification: Specification, packed: bytes) -> tuple[int, list[int]]:
    """How many samples `packed` holds, and the bytes of each. Raises :class:`CepropError` where one is not as it must
    be."""
    sizes: list[int] = []
    try:
        for inputs, labels in unpack_samples(specification, packed):
            sizes += map(len, pack_samples(specification, inputs, labels))
    except CepropError as error:
        raise CepropError(f"data set {path}: {error}") from None
    return len(sizes), sizes


def _mark(specification: Specification) -> bytes:
    return data_set_mark(specification.learning_digest)


def _is_whole(content: bytes) -> bool:
    """Whether a file has the length that it names, and its CRC."""
    least = _FILE_HEAD.size + _CRC.size
    if len(content) < least or len(content) != least + _FILE_HEAD.unpack_from(content)[2]:
        return False
    return check_value(content[: -_CRC.size]) == _CRC.unpack(content[-_CRC.size :])[0]
