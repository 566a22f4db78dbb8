"""Samples in their packed form, and back (`docs/protocol.md`)."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from ceprop.boards.protocol import BLOCK_INPUTS, label_bytes
from ceprop.common.errors import CepropError
from ceprop.specification import Specification

_INPUTS_AT_ONCE = 1 << 20
"""Inputs of the samples that are packed or unpacked together, or more where a single sample has more."""

_BEHIND = 3
"""Bytes of zeros that are put behind packed samples. A value of 16 bits lies in three bytes, wherever it begins."""


class _Form(NamedTuple):
    """Numbers of the packed samples of a network: inputs, blocks, bits of a value, bits of a label, and classes."""

    inputs: int
    blocks: int
    value_bits: int
    label_bits: int
    classes: int

    @classmethod
    def of(cls, specification: Specification) -> "_Form":
        inputs, classes = specification.layers[0], specification.classes
        blocks = -(-inputs // BLOCK_INPUTS)
        return cls(inputs, blocks, specification.formats.input_bits, 8 * label_bytes(classes), classes)

    @property
    def at_once(self) -> int:
        """Samples that are packed or unpacked together."""
        return max(1, _INPUTS_AT_ONCE // self.inputs)


def pack_samples(specification: Specification, inputs: np.ndarray, labels: np.ndarray) -> Iterator[bytes]:
    """Yield every sample of quantised `inputs` (n, n_0) with `labels` (n,) in its packed form."""
    form = _Form.of(specification)
    for start in range(0, len(labels), form.at_once):
        part = slice(start, start + form.at_once)
        content, sizes = _pack(form, np.asarray(inputs[part]), np.asarray(labels[part]))
        ends = np.cumsum(sizes)
        for first, end in zip((ends - sizes).tolist(), ends.tolist(), strict=True):
            yield content[first:end]


def _pack(form: _Form, inputs: np.ndarray, labels: np.ndarray) -> tuple[bytes, np.ndarray]:
    """Return samples one after the other, and the bytes of each, int64 (n,).

    Every input first gets all bits that it could have. Then the bits of the values that are zero are left out."""
    count = len(labels)
    padded = np.zeros((count, form.blocks * BLOCK_INPUTS), np.uint16)
    padded[:, : form.inputs] = inputs
    padded = padded.reshape(count, form.blocks, BLOCK_INPUTS)
    present = padded != 0
    values = _bits(padded, form.value_bits).reshape(count, form.blocks, -1)
    blocks = np.concatenate([present, values], axis=2).reshape(count, -1)
    kept = np.concatenate([np.ones_like(present), np.repeat(present, form.value_bits, axis=2)], axis=2)
    kept = kept.reshape(count, -1)
    lengths = form.label_bits + kept.sum(axis=1)
    padding = np.arange(7) < (-lengths % 8)[:, None]
    bits = np.concatenate([_bits(labels.astype(np.uint16), form.label_bits), blocks, np.zeros_like(padding)], axis=1)
    chosen = np.concatenate([np.ones((count, form.label_bits), np.bool_), kept, padding], axis=1)
    return np.packbits(bits[chosen], bitorder="little").tobytes(), -(-lengths // 8)


def _bits(words: np.ndarray, count: int) -> np.ndarray:
    """Return the lowest `count` bits of uint16 `words` (...), bool (..., count), bit 0 first."""
    single = words.astype("<u2")[..., None].view(np.uint8)
    return np.unpackbits(single, axis=-1, count=count, bitorder="little").view(np.bool_)


def unpack_samples(specification: Specification, packed: bytes) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the inputs, uint16 (n, n_0), and the labels, uint16 (n,), of some samples of `packed` after the other.

    Raises :class:`CepropError` where `packed` is no row of whole samples of the network, exactly as
    :func:`pack_samples` writes them. The message names the first sample that is wrong."""
    form = _Form.of(specification)
    data = packed + bytes(_BEHIND)
    place, number, whole = 0, 0, True
    while whole and place < len(packed):
        labels, masks, ends = [], [], []
        while whole and place < len(packed) and len(labels) < form.at_once:
            its_masks, end = _find_masks(form, data, 8 * place + form.label_bits)
            whole = end <= 8 * len(packed)
            if whole:
                labels.append(place)
                masks += its_masks
                ends.append(end)
                place = -(-end // 8)
        if labels:
            yield _unpack(form, np.frombuffer(data, np.uint8), number, *map(np.array, (labels, masks, ends)))
        number += len(labels)
    if not whole:
        raise CepropError(f"sample {number + 1} is not whole")


def _find_masks(form: _Form, data: bytes, place: int) -> tuple[list[int], int]:
    """Return the bits at which the masks of a sample begin, the first of them at bit `place`, and the bit behind the
    last value. This one lies behind the data where the sample is not whole."""
    masks = []
    most = 8 * (len(data) - _BEHIND)
    for _ in range(form.blocks):
        if place >= most:
            return masks, most + 1
        masks.append(place)
        byte = place >> 3
        mask = (data[byte] | data[byte + 1] << 8) >> (place & 7) & 0xFF
        place += BLOCK_INPUTS + form.value_bits * mask.bit_count()
    return masks, place


def _unpack(
    form: _Form, data: np.ndarray, number: int, labels: np.ndarray, masks: np.ndarray, ends: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return inputs and labels of samples whose labels begin at the bytes `labels` (n,) and whose masks begin at the
    bits `masks` (n blocks,). They end before the bits `ends` (n,). `number` samples came before."""
    count = len(labels)
    found = _words(data, 8 * labels, form.label_bits)
    present = np.unpackbits(_words(data, masks, 8).astype(np.uint8)[:, None], axis=1, bitorder="little")
    before = np.cumsum(present, axis=1, dtype=np.int64) - present
    blocks, bits = np.nonzero(present)
    places = masks[blocks] + BLOCK_INPUTS + form.value_bits * before[blocks, bits]
    words = np.zeros(present.shape, np.uint16)
    words[blocks, bits] = _words(data, places, form.value_bits)
    words, present = (array.reshape(count, -1) for array in (words, present))
    tests = {
        "its label is not below the number of classes": found >= form.classes,
        "a value is zero": ((words == 0) & (present != 0)).any(axis=1),
        "it has a value behind the last input": present[:, form.inputs :].any(axis=1),
        "its last bits are not zero": _words(data, ends, 8) & ((1 << (-ends % 8)) - 1) != 0,
    }
    faults = [(int(where.argmax()), fault) for fault, where in tests.items() if where.any()]
    if faults:
        first, fault = min(faults)
        raise CepropError(f"sample {number + first + 1}: {fault}")
    return words[:, : form.inputs], found


def _words(data: np.ndarray, places: np.ndarray, bits: int) -> np.ndarray:
    """Return the words of `bits` bits, uint16 (n,), that begin at the bits `places` (n,) of `data`."""
    first = places >> 3
    three = data[first] | data[first + 1].astype(np.int64) << 8 | data[first + 2].astype(np.int64) << 16
    return (three >> (places & 7) & ((1 << bits) - 1)).astype(np.uint16)
