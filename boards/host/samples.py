"""Samples and labels as scikit-learn has them, for a network in integers; what is said of one that learned little."""

import warnings
from numbers import Integral

import numpy as np

from ceprop.common.errors import CepropError, CepropWarning
from ceprop.model import Evaluation

_LARGEST = 2**31


def whole_numbers(raw: np.ndarray) -> np.ndarray:
    """Samples as int64. Raises :class:`CepropError` where they are not whole, or too large for a quantiser."""
    if np.any(np.abs(raw) > _LARGEST) or np.any(raw != np.rint(raw)):
        raise CepropError(
            "samples must be whole numbers, as the specification's quantiser takes them, and not beyond 2^31"
        )
    return raw.astype(np.int64)


def numbers_of(y: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Labels as numbers of the sorted `classes`, int64. Raises :class:`CepropError` for one that is not among them."""
    unknown = np.setdiff1d(y, classes)
    if len(unknown):
        raise CepropError(f"label {unknown[0]}: not among the classes that were named first")
    return np.searchsorted(classes, y).astype(np.int64)


def checked_epochs(epochs: object) -> int:
    """A number of passes. Raises :class:`CepropError` for anything but a whole number from 1."""
    if isinstance(epochs, bool) or not isinstance(epochs, Integral) or epochs < 1:
        raise CepropError(f"epochs = {epochs!r}: must be a whole number from 1")
    return int(epochs)


def warn_unlearned(found: Evaluation) -> None:
    """Warn of a network that the most frequent class alone, for every sample, would match; `found` is its evaluation on
    the samples that it learned from."""
    right, most = found.samples - found.errors, int(found.confusion.sum(axis=1).max())
    if right <= most:
        warnings.warn(
            f"the network is right for {right} of {found.samples} samples that it learned from, and the most frequent "
            f"class alone would be for {most}: more epochs, other update.shifts or another quantiser may help",
            CepropWarning,
            stacklevel=3,
        )
