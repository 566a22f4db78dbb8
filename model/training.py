"""Training over epochs, sample by sample, from any position."""

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Self

import numpy as np

from ceprop.model.datasets import Dataset
from ceprop.model.divergence import check_divergence
from ceprop.model.evaluation import Evaluation, evaluate
from ceprop.model.fast import Records, run_samples
from ceprop.model.network import Network
from ceprop.model.order import epoch_order, epoch_signs
from ceprop.model.record import FreeEnd
from ceprop.specification import Specification

_BLOCK_SAMPLES, _BLOCK_PRODUCTS = 2000, 2**33
"""Greatest number of samples, and approximate greatest number of products, between two calls of a progress callback.
They take a few seconds."""


@dataclass
class Counters:
    """Sums over the training samples of the current epoch. The fields are counts of samples, steps and saturations."""

    samples: int = 0
    errors: int = 0
    ties: int = 0
    settled: int = 0
    period_2: int = 0
    open: int = 0
    free_steps: int = 0
    nudged_steps: int = 0
    nudged_settled: int = 0
    saturations: int = 0

    def add(self, records: Records, labels: np.ndarray) -> None:
        """Add the counts of a block of samples."""
        ends = np.bincount(records.free_ends, minlength=len(FreeEnd))
        block = Counters(
            samples=len(labels),
            errors=int(np.count_nonzero(records.predictions != labels)),
            ties=int(records.ties.sum()),
            settled=int(ends[FreeEnd.SETTLED]),
            period_2=int(ends[FreeEnd.PERIOD_2]),
            open=int(ends[FreeEnd.OPEN]),
            free_steps=int(records.free_steps.sum()),
            nudged_steps=int(records.nudged_steps.sum()),
            nudged_settled=int(records.nudged_settled.sum()),
            saturations=int(records.saturations.sum()),
        )
        for item in fields(self):
            setattr(self, item.name, getattr(self, item.name) + getattr(block, item.name))


@dataclass(frozen=True)
class EpochRow:
    """The figures of one finished epoch. Epochs are counted from 0.

    Errors are shares from 0 to 1. `test_error` and `train_error` are those of the network after the epoch.
    `online_error` is that of the predictions made during learning. Counts that are named `test_` are those of the test
    set, as in :class:`Evaluation`. The other counts are those of the training samples.
    """

    epoch: int
    test_error: float
    train_error: float
    online_error: float
    test_ties: int
    test_settled: int
    test_period_2: int
    test_open: int
    test_period_2_errors: int
    test_open_errors: int
    ties: int
    settled: int
    period_2: int
    open: int
    saturations: int
    mean_free_steps: float
    mean_nudged_steps: float


@dataclass
class Trainer:
    """A network that is trained over the epochs of a data set.

    `epoch` and `sample` are the position of the next sample. `counters` are those of the current epoch, and `history`
    has a row for each finished epoch. After an exception during a run, this object is not valid, and training has to be
    resumed from a checkpoint.
    """

    specification: Specification
    network: Network
    dataset: Dataset
    epoch: int = 0
    sample: int = 0
    counters: Counters = field(default_factory=Counters)
    history: list[EpochRow] = field(default_factory=list)

    @classmethod
    def start(cls, specification: Specification, dataset: Dataset) -> Self:
        """Return a trainer before the first sample, with the initial network of the specification."""
        return cls(specification, Network.initial(specification), dataset)

    @property
    def epoch_samples(self) -> int:
        """The number of samples per epoch."""
        return len(self.dataset.train_labels)

    def run(self, samples: int, progress: Callable[["Trainer"], None] | None = None) -> None:
        """Learn from the next `samples` samples, over as many epochs as they take. At the end of an epoch, the network
        is evaluated and a row is added to `history`.

        `progress` is called after every block of samples, when the trainer can be saved as a checkpoint. A block has at
        most 2,000 samples, and fewer if the network is large. Raises :class:`DivergenceError` at the end of an epoch
        that left a network which cannot learn.
        """
        specification = self.specification
        steps = specification.phases.free_steps + specification.phases.nudged_steps
        longest = max(1, min(_BLOCK_SAMPLES, _BLOCK_PRODUCTS // (steps * specification.weights)))
        while samples > 0:
            block = min(samples, longest, self.epoch_samples - self.sample)
            self._learn(block)
            samples -= block
            if self.sample == self.epoch_samples:
                self._finish_epoch()
            if progress is not None:
                progress(self)

    def run_epochs(self, epochs: int, progress: Callable[["Trainer"], None] | None = None) -> None:
        """Learn until `epochs` epochs are finished in total."""
        self.run((epochs - self.epoch) * self.epoch_samples - self.sample, progress)

    def evaluate(self) -> Evaluation:
        """Return the counts of an inference over the test set. The network is not changed."""
        return evaluate(self.network, self.dataset.test_inputs, self.dataset.test_labels)

    def _learn(self, count: int) -> None:
        """Learn from the next `count` samples, which lie within the current epoch."""
        here = slice(self.sample, self.sample + count)
        order = epoch_order(self.specification, self.epoch, self.epoch_samples)[here]
        negatives = epoch_signs(self.specification, self.epoch, self.epoch_samples)[here]
        labels = self.dataset.train_labels[order]
        shifts = self.specification.shifts_at(self.epoch)
        inputs = self.dataset.train_inputs[order]
        records = run_samples(self.network, inputs, labels, shifts=shifts, negatives=negatives)
        self.counters.add(records, labels)
        self.sample += count

    def _finish_epoch(self) -> None:
        """Evaluate the network, add a row to the history, and begin the next epoch."""
        test = self.evaluate()
        check_divergence(self.network, self.dataset.test_inputs, test, self.epoch)
        train = evaluate(self.network, self.dataset.train_inputs, self.dataset.train_labels)
        counters = self.counters
        row = EpochRow(
            epoch=self.epoch,
            test_error=test.error,
            train_error=train.error,
            online_error=counters.errors / counters.samples,
            test_ties=test.ties,
            test_settled=test.settled,
            test_period_2=test.period_2,
            test_open=test.open,
            test_period_2_errors=test.period_2_errors,
            test_open_errors=test.open_errors,
            ties=counters.ties,
            settled=counters.settled,
            period_2=counters.period_2,
            open=counters.open,
            saturations=counters.saturations,
            mean_free_steps=counters.free_steps / counters.samples,
            mean_nudged_steps=counters.nudged_steps / counters.samples,
        )
        self.history.append(row)
        self.counters = Counters()
        self.epoch, self.sample = self.epoch + 1, 0
