"""Data sets, quantised and split (docs/numerics.md, 2 and 7)."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from ceprop.errors import CepropError
from ceprop.model.idx import read_images, read_labels
from ceprop.model.quantiser import quantise
from ceprop.model.streams import Purpose, Stream
from ceprop.specification import Specification


@dataclass(frozen=True, eq=False)
class Dataset:
    """Inputs uint16 (n, n_0), quantised for one specification, and labels int64 (n,)."""

    name: str
    train_inputs: np.ndarray
    train_labels: np.ndarray
    test_inputs: np.ndarray
    test_labels: np.ndarray

    @cached_property
    def sha256(self) -> str:
        """SHA-256, in hexadecimal, over the shapes and contents of all four arrays."""
        digest = hashlib.sha256()
        for array in (self.train_inputs, self.train_labels, self.test_inputs, self.test_labels):
            digest.update(repr(array.shape).encode())
            digest.update(array.astype("<i4").tobytes())
        return digest.hexdigest()


def load_dataset(specification: Specification, source: str | Path) -> Dataset:
    """`digits` (scikit-learn's 8x8 digits) or a folder with MNIST's four IDX files, gzipped or not.

    Raises :class:`CepropError` with one line where files are missing or damaged or do not fit the specification."""
    if str(source) == "digits":
        return _digits(specification)
    folder = Path(source)
    train = read_images(folder, "train"), read_labels(folder, "train")
    test = read_images(folder, "t10k"), read_labels(folder, "t10k")
    for stem, (images, labels) in (("train", train), ("t10k", test)):
        if len(images) != len(labels):
            raise CepropError(f"--data {folder}: {stem} has {len(images)} images but {len(labels)} labels")
        if not len(images):
            raise CepropError(f"--data {folder}: {stem} has no images")
    return _quantised(specification, folder.resolve().name, train, test, "change layers")


def held_out(seed: int, labels: np.ndarray) -> np.ndarray:
    """Which of the samples (bool, as `labels`) are the test set of data that has none: a fifth, class by class."""
    classes, sizes = np.unique(labels, return_counts=True)
    quotas = sizes // 5
    missing = -(-len(labels) // 5) - int(quotas.sum())
    # Stable, so that among equal remainders the lowest class comes first.
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


def _digits(specification: Specification) -> Dataset:
    from sklearn.datasets import load_digits  # imported late: it takes a second, and MNIST does not need it

    raw, labels = load_digits(return_X_y=True)
    test = held_out(specification.seed, labels)
    images = raw.astype(np.int64)
    remedy = "give --data FOLDER or change layers"
    return _quantised(specification, "digits", (images[~test], labels[~test]), (images[test], labels[test]), remedy)


def _quantised(
    specification: Specification,
    name: str,
    train: tuple[np.ndarray, np.ndarray],
    test: tuple[np.ndarray, np.ndarray],
    remedy: str,
) -> Dataset:
    units = specification.layers[0]
    for images, labels in (train, test):
        if images.shape[1] != units:
            raise CepropError(f"layer 0 has {units} units but {name} has {images.shape[1]} inputs; {remedy}")
        if labels.max() >= specification.classes:
            raise CepropError(
                f"the last layer has {specification.classes} units but {name} has a label {labels.max()}; change layers"
            )
    return Dataset(
        name,
        quantise(specification, train[0]),
        train[1].astype(np.int64),
        quantise(specification, test[0]),
        test[1].astype(np.int64),
    )
