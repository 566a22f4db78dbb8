"""Files in the IDX format of MNIST: a magic number, sizes as big-endian 32-bit integers, then one byte per value."""

import gzip
import math
import zlib
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ceprop.common.errors import CepropError

LARGEST_BYTES = 1 << 30
"""Largest accepted content of one file, in bytes. The largest file of EMNIST has 0.6 of this size."""


def read_images(folder: Path, stem: str) -> np.ndarray:
    """Return the images of `<stem>-images-idx3-ubyte` in `folder`, uint8 (n, pixels).

    The file may be compressed with gzip (`.gz`). Raises :class:`CepropError` if it cannot be read.
    """
    images = _read(_find(folder, stem, "images", 3), 3)
    return images.reshape(len(images), math.prod(images.shape[1:]))


def read_labels(folder: Path, stem: str) -> np.ndarray:
    """Return the labels of `<stem>-labels-idx1-ubyte` in `folder`, uint8 (n,).

    The file may be compressed with gzip (`.gz`). Raises :class:`CepropError` if it cannot be read.
    """
    return _read(_find(folder, stem, "labels", 1), 1)


def _find(folder: Path, stem: str, kind: str, dimensions: int) -> Path:
    """Return the path of a file of a data set, by each of the names under which it is published."""
    if not folder.is_dir():
        raise CepropError(f"--data {folder}: no such folder")
    names = [f"{stem}-{kind}{dot}idx{dimensions}-ubyte{end}" for dot in "-." for end in ("", ".gz")]
    for name in names:
        if (folder / name).is_file():
            return folder / name
    raise CepropError(f"--data {folder}: has no file {names[0]} (or {names[1]})")


def _read(path: Path, dimensions: int) -> np.ndarray:
    """Return the array of a file."""
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            return _read_open(path, file, dimensions)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise CepropError(f"{path}: not a whole gzip file: {error}") from None
    except OSError as error:
        raise CepropError(f"{path}: {error.strerror}") from None


def _read_open(path: Path, file: BinaryIO | gzip.GzipFile, dimensions: int) -> np.ndarray:
    """Return the array of an open file. No more bytes are read than the header asks for, because a small compressed
    file may unpack to any size."""
    magic = file.read(4)
    if magic != bytes([0, 0, 8, dimensions]):
        raise CepropError(f"{path}: begins with {magic.hex() or 'nothing'}, not with {8:06x}{dimensions:02x} as IDX")
    sizes = file.read(4 * dimensions)
    shape = tuple(int.from_bytes(sizes[k : k + 4], "big") for k in range(0, len(sizes), 4))
    asked = math.prod(shape)
    header = len(magic) + 4 * dimensions
    if asked > LARGEST_BYTES:
        raise CepropError(f"{path}: its header asks for {asked:,} bytes, more than {LARGEST_BYTES:,}")
    content = file.read(asked + 1)
    if len(sizes) < 4 * dimensions or len(content) < asked:
        found = len(magic) + len(sizes) + len(content)
        raise CepropError(f"{path}: truncated, {found} bytes where its header asks for {header + asked}")
    if len(content) > asked:
        raise CepropError(f"{path}: at least {header + asked + 1} bytes where its header asks for {header + asked}")
    return np.frombuffer(content, np.uint8, asked).reshape(shape)
