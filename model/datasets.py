"""Data sets: loading, quantisation and the split into training and test set (docs/numerics.md, 2 and 7)."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from ceprop.common.errors import CepropError
from ceprop.model.idx import read_images, read_labels
from ceprop.model.quantiser import quantise, warn_outside_range
from ceprop.model.streams import Purpose, Stream
from ceprop.specification import Specification


@dataclass(frozen=True, eq=False)
class Dataset:
    """Samples that are quantised for one specification. Inputs are uint16 (n, n_0), labels are int64 (n,)."""

    name: str
    train_inputs: np.ndarray
    train_labels: np.ndarray
    test_inputs: np.ndarray
    test_labels: np.ndarray

    def first(self, samples: int, test_samples: int) -> "Dataset":
        """Return a data set of the first training samples and the first test samples of this one.

        Raises :class:`CepropError` where it has fewer.
        """
        for wanted, labels, kind in (
            (samples, self.train_labels, "training"),
            (test_samples, self.test_labels, "test"),
        ):
            if wanted > len(labels):
                raise CepropError(f"{wanted} samples: {self.name} has {len(labels)} {kind} samples")
        return Dataset(
            self.name,
            self.train_inputs[:samples],
            self.train_labels[:samples],
            self.test_inputs[:test_samples],
            self.test_labels[:test_samples],
        )

    @cached_property
    def sha256(self) -> str:
        """The SHA-256, in hexadecimal, of the shapes and contents of all four arrays."""
        return _sha256((self.train_inputs, self.train_labels, self.test_inputs, self.test_labels), "<i4")


@dataclass(frozen=True, eq=False)
class Images:
    """Samples as their files hold them. `train` and `test` are pairs of images, uint8 (n, pixels) with values from 0 to
    `largest`, and labels, uint8 (n,)."""

    name: str
    largest: int
    train: tuple[np.ndarray, np.ndarray]
    test: tuple[np.ndarray, np.ndarray]

    @cached_property
    def sha256(self) -> str:
        """The SHA-256, in hexadecimal, of the shapes and contents of all four arrays."""
        return _sha256((*self.train, *self.test))


def load_images(source: str | Path, seed: int) -> Images:
    """Return the images of `source`.

    `source` is `digits` or a folder. `digits` stands for the 8x8 digits of scikit-learn, which are split by `seed`. A
    folder has the four IDX files of MNIST, compressed with gzip or not. Raises :class:`CepropError` with a message of
    one line if files are missing or damaged.
    """
    if str(source) == "digits":
        return _digits(seed)
    folder = Path(source)
    train = read_images(folder, "train"), read_labels(folder, "train")
    test = read_images(folder, "t10k"), read_labels(folder, "t10k")
    for stem, (images, labels) in (("train", train), ("t10k", test)):
        if len(images) != len(labels):
            raise CepropError(f"--data {folder}: {stem} has {len(images)} images but {len(labels)} labels")
        if not images.size:
            raise CepropError(f"--data {folder}: {stem} has no {'pixels' if len(images) else 'images'}")
    return Images(folder.resolve().name, 255, train, test)


def check_fit(images: Images, layers: tuple[int, ...]) -> None:
    """Raise :class:`CepropError` if a network with these layers cannot take the data."""
    remedy = "give --data FOLDER or change layers" if images.name == "digits" else "change layers"
    for pixels, labels in (images.train, images.test):
        if pixels.shape[1] != layers[0]:
            raise CepropError(f"layer 0 has {layers[0]} units but {images.name} has {pixels.shape[1]} inputs; {remedy}")
        if labels.max() >= layers[-1]:
            raise CepropError(
                f"the last layer has {layers[-1]} units but {images.name} has a label {labels.max()}; change layers"
            )


def load_dataset(specification: Specification, source: str | Path) -> Dataset:
    """Return the images of :func:`load_images`, quantised for `specification`.

    Raises :class:`CepropError` with a message of one line if files are missing or damaged, or do not fit the
    specification. Warns with :class:`CepropWarning` if values lie outside the range of the quantiser.
    """
    images = load_images(source, specification.seed)
    check_fit(images, specification.layers)
    warn_outside_range(specification, images.train[0], images.test[0])
    return Dataset(
        images.name,
        quantise(specification, images.train[0]),
        images.train[1].astype(np.int64),
        quantise(specification, images.test[0]),
        images.test[1].astype(np.int64),
    )


def held_out(seed: int, labels: np.ndarray) -> np.ndarray:
    """Return which samples form the test set of data that has none, bool with the shape of `labels`.

    The test set is a fifth of the samples, taken class by class with random numbers from `seed` (docs/numerics.md, 7).
    """
    classes, sizes = np.unique(labels, return_counts=True)
    quotas = sizes // 5
    missing = -(-len(labels) // 5) - int(quotas.sum())
    # The sort is stable, so that among equal remainders the lowest class comes first.
    quotas[np.argsort(-(sizes % 5), kind="stable")[:missing]] += 1
    chosen = np.zeros(len(labels), bool)
    for label, quota in zip(classes, quotas, strict=True):
        numbers = np.flatnonzero(labels == label)
        stream = Stream(seed, Purpose.SPLIT, int(label))
        for k in range(len(numbers) - 1, 0, -1):
            other = stream.below(k + 1)
            numbers[k], numbers[other] = numbers[other], numbers[k]
        chosen[numbers[:quota]] = True
    return chosen


def _sha256(arrays: tuple[np.ndarray, ...], kind: str = "u1") -> str:
    """Return the SHA-256, in hexadecimal, of shapes and contents. Each value is written as a number of the
    type `kind`."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(repr(array.shape).encode())
        digest.update(array.astype(kind).tobytes())
    return digest.hexdigest()


def _digits(seed: int) -> Images:
    """Return the digits of scikit-learn, split by `seed`."""
    from sklearn.datasets import load_digits  # This import takes a second, and MNIST does not need it.

    raw, labels = load_digits(return_X_y=True)
    test = held_out(seed, labels)
    images = raw.astype(np.uint8)
    return Images("digits", 16, (images[~test], labels[~test]), (images[test], labels[test]))
