r"""A training run in one file.

The file consists of the mark `CEPROP\r\n`, the length of the file, the length of the header, the header in JSON, the
arrays, and the SHA-256 of everything before it. The lengths are unsigned 64-bit integers, little-endian.
"""

import hashlib
import json
import struct
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from ceprop.common.errors import CepropError
from ceprop.common.files import write_aside
from ceprop.common.reading import read_up_to
from ceprop.model.datasets import Dataset
from ceprop.model.network import Network
from ceprop.model.training import Counters, EpochRow, Trainer
from ceprop.specification import Specification

FORMAT = 2
"""Version of the layout of the file."""

_LARGEST_HISTORY = 1 << 26
_MAGIC = b"CEPROP\r\n"
_LENGTHS = struct.Struct("<QQ")
_DIGEST = hashlib.sha256().digest_size


def save_checkpoint(trainer: Trainer, path: Path) -> None:
    """Write the whole state of `trainer` to `path`. After a crash, the file is either the old one or the new one, and
    always complete.

    Raises :class:`CepropError` if the file cannot be written.
    """
    header = {
        "format": FORMAT,
        "learning_digest": trainer.specification.learning_digest,
        "dataset": trainer.dataset.name,
        "dataset_sha256": trainer.dataset.sha256,
        "epoch": trainer.epoch,
        "sample": trainer.sample,
        "counters": asdict(trainer.counters),
        "history": [asdict(row) for row in trainer.history],
    }
    text = json.dumps(header, sort_keys=True).encode()
    arrays = b"".join(array.astype(kind).tobytes() for array, kind in _arrays(trainer.network))
    length = len(_MAGIC) + _LENGTHS.size + len(text) + len(arrays) + _DIGEST
    body = _MAGIC + _LENGTHS.pack(length, len(text)) + text + arrays
    write_aside(path, body + hashlib.sha256(body).digest())


def load_checkpoint(specification: Specification, dataset: Dataset, path: Path) -> Trainer:
    """Return the trainer that was saved at `path`. The run then goes on to the same bits.

    Raises :class:`CepropError` if the file is missing, is no checkpoint, is truncated or is damaged, and if it was made
    with another specification or with other data.
    """
    header, content = _read(path, _most_bytes(specification))
    if header["learning_digest"] != specification.learning_digest:
        raise CepropError(f"checkpoint {path}: made with another specification (its learning digest differs)")
    if header["dataset_sha256"] != dataset.sha256:
        raise CepropError(f"checkpoint {path}: made with other data ({header['dataset']}, not this {dataset.name})")
    network = Network.initial(specification)
    for array, kind in _arrays(network):
        size = array.size * np.dtype(kind).itemsize
        array[:] = np.frombuffer(content[:size], kind).reshape(array.shape)
        content = content[size:]
    return Trainer(
        specification,
        network,
        dataset,
        epoch=header["epoch"],
        sample=header["sample"],
        counters=Counters(**header["counters"]),
        history=[EpochRow(**row) for row in header["history"]],
    )


def _most_bytes(specification: Specification) -> int:
    """Return an upper bound of the size of a checkpoint of this network: two weight sets, biases, generators and
    history."""
    layers = specification.layers
    return sum(4 * neurons * (2 * below + 2) for below, neurons in pairwise(layers)) + _LARGEST_HISTORY


def _read(path: Path, most: int) -> tuple[dict[str, Any], bytes]:
    """Return the header and the bytes of the arrays. Raises :class:`CepropError` unless the file is complete and has at
    most `most` bytes."""
    try:
        content = read_up_to(path, most)
    except OSError as error:
        raise CepropError(f"checkpoint {path}: {error.strerror}") from None
    if len(content) > most:
        raise CepropError(f"checkpoint {path}: more than {most:,} bytes, which no run of this network has")
    start = len(_MAGIC) + _LENGTHS.size
    if not content.startswith(_MAGIC):
        raise CepropError(f"checkpoint {path}: not a checkpoint of ceprop")
    if len(content) < start + _DIGEST:
        raise CepropError(f"checkpoint {path}: truncated, {len(content)} bytes")
    length, header_length = _LENGTHS.unpack(content[len(_MAGIC) : start])
    if len(content) != length:
        raise CepropError(
            f"checkpoint {path}: truncated or damaged, {len(content)} bytes where it should have {length}"
        )
    if hashlib.sha256(content[:-_DIGEST]).digest() != content[-_DIGEST:]:
        raise CepropError(f"checkpoint {path}: damaged, its SHA-256 differs")
    header = json.loads(content[start : start + header_length])
    if header["format"] != FORMAT:
        raise CepropError(f"checkpoint {path}: format {header['format']}, this version reads {FORMAT}")
    return header, content[start + header_length : -_DIGEST]


def _arrays(network: Network) -> list[tuple[np.ndarray, str]]:
    """Return the arrays of the network in their order in the file, each with its type in the file."""
    weights = [(array, "<i4") for array in (*network.weights, *network.biases, *network.backward)]
    return [*weights, *((array, "<u4") for array in network.generators)]
