"""Inference over a set of samples, and the counts of its results."""

from dataclasses import dataclass

import numpy as np

from ceprop.model.fast import run_samples
from ceprop.model.network import Network
from ceprop.model.record import FreeEnd


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The counts of an inference over a set of samples.

    `confusion` is int64 (classes, classes); its rows are the labels and its columns the predictions. `settled`,
    `period_2` and `open` are the numbers of free phases that ended in each way. `settled_errors`, `period_2_errors` and
    `open_errors` are the numbers of wrong predictions among them.
    """

    samples: int
    errors: int
    confusion: np.ndarray
    ties: int
    settled: int
    period_2: int
    open: int
    settled_errors: int
    period_2_errors: int
    open_errors: int

    @property
    def error(self) -> float:
        """The share of wrong predictions, from 0 to 1."""
        return self.errors / self.samples


def evaluate(network: Network, inputs: np.ndarray, labels: np.ndarray) -> Evaluation:
    """Return the counts of an inference over quantised `inputs`, uint16 (n, n_0), with `labels`, int64 (n,)."""
    records = run_samples(network, inputs, None, shifts=network.specification.largest_shifts)
    classes = network.specification.classes
    confusion = np.bincount(labels * classes + records.predictions, minlength=classes * classes)
    wrong = records.predictions != labels
    ends = np.bincount(records.free_ends, minlength=len(FreeEnd))
    wrong_ends = np.bincount(records.free_ends[wrong], minlength=len(FreeEnd))
    return Evaluation(
        samples=len(labels),
        errors=int(np.count_nonzero(wrong)),
        confusion=confusion.reshape(classes, classes),
        ties=int(records.ties.sum()),
        settled=int(ends[FreeEnd.SETTLED]),
        period_2=int(ends[FreeEnd.PERIOD_2]),
        open=int(ends[FreeEnd.OPEN]),
        settled_errors=int(wrong_ends[FreeEnd.SETTLED]),
        period_2_errors=int(wrong_ends[FreeEnd.PERIOD_2]),
        open_errors=int(wrong_ends[FreeEnd.OPEN]),
    )
