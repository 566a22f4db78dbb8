"""MNIST's IDX files: a magic number, big-endian sizes, then bytes."""

import gzip
import math
import zlib
from pathlib import Path

import numpy as np

from ceprop.errors import CepropError


def read_images(folder: Path, stem: str) -> np.ndarray:
    """Images of `<stem>-images-idx3-ubyte`, uint8 (n, pixels); raises :class:`CepropError` for anything unreadable."""
    images = _read(_find(folder, stem, "images", 3), 3)
    return images.reshape(len(images), math.prod(images.shape[1:]))


def read_labels(folder: Path, stem: str) -> np.ndarray:
    """Labels of `<stem>-labels-idx1-ubyte`, uint8 (n,); raises :class:`CepropError` for anything unreadable."""
    return _read(_find(folder, stem, "labels", 1), 1)


def _find(folder: Path, stem: str, kind: str, dimensions: int) -> Path:
    if not folder.is_dir():
        raise CepropError(f"--data {folder}: no such folder")
    names = [f"{stem}-{kind}{dot}idx{dimensions}-ubyte{end}" for dot in "-." for end in ("", ".gz")]
    for name in names:
        if (folder / name).is_file():
            return folder / name
    raise CepropError(f"--data {folder}: has no file {names[0]} (or {names[1]})")


def _read(path: Path, dimensions: int) -> np.ndarray:
    try:
        content = path.read_bytes()
        if path.suffix == ".gz":
            content = gzip.decompress(content)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise CepropError(f"{path}: not a whole gzip file: {error}") from None
    except OSError as error:
        raise CepropError(f"{path}: {error.strerror}") from None
    magic = content[:4]
    if magic != bytes([0, 0, 8, dimensions]):
        raise CepropError(f"{path}: begins with {magic.hex() or 'nothing'}, not with {8:06x}{dimensions:02x} as IDX")
    header = 4 + 4 * dimensions
    shape = tuple(int.from_bytes(content[k : k + 4], "big") for k in range(4, header, 4))
    if len(content) < header or len(content) - header < math.prod(shape):
        raise CepropError(
            f"{path}: truncated, {len(content)} bytes where its header asks for {header + math.prod(shape)}"
        )
    if len(content) - header > math.prod(shape):
        raise CepropError(f"{path}: {len(content)} bytes where its header asks for {header + math.prod(shape)}")
    return np.frombuffer(content, np.uint8, offset=header).reshape(shape)
