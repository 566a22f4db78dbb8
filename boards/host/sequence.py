"""The samples of a training run in the order in which they are learned, an epoch at a time."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ceprop.model import epoch_order, epoch_signs
from ceprop.specification import Specification


@dataclass(frozen=True, eq=False)
class Batch:
    """Samples of one epoch, learned one after the other.

    Fields
    ------
    inputs, labels : array
        Quantised, (n, n_0), and (n,).
    shifts : tuple of int
        Rate shift of each connection.
    negatives : array
        Whether each one's nudge is negative, bool (n,).
    """

    inputs: np.ndarray
    labels: np.ndarray
    shifts: tuple[int, ...]
    negatives: np.ndarray

    def part(self, start: int, end: int) -> "Batch":
        """Some of its samples."""
        here = slice(start, end)
        return Batch(self.inputs[here], self.labels[here], self.shifts, self.negatives[here])


def batches(
    specification: Specification, inputs: np.ndarray, labels: np.ndarray, samples: int, epoch: int = 0, sample: int = 0
) -> Iterator[Batch]:
    """The next `samples` samples of a run over `inputs` (n, n_0) and `labels` (n,) from a position on, one batch an
    epoch."""
    count = len(labels)
    while samples > 0:
        here = slice(sample, min(count, sample + samples))
        order = epoch_order(specification, epoch, count)[here]
        signs = epoch_signs(specification, epoch, count)[here]
        yield Batch(inputs[order], labels[order], specification.shifts_at(epoch), signs)
        samples -= len(order)
        epoch, sample = epoch + 1, 0
