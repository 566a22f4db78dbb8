"""Training runs with flips, and after them: the error, what learning repairs, and what the counters show."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ceprop.experiments.faults.bit_flips import flip_weight_bits, weight_bits_of
from ceprop.experiments.faults.state_flips import StateFlips, run_sample
from ceprop.model import Dataset, DivergenceError, Records, SampleRecord, Trainer, epoch_order, epoch_signs
from ceprop.specification import Specification

Row = dict[str, Any]


def weight_flips(specification: Specification, dataset: Dataset, epochs: int, repair: int, rate: float) -> Row:
    """Learn `epochs` epochs while every bit of the weights and biases flips with probability `rate` per sample, and
    then `repair` epochs without flips."""
    trainer = Trainer.start(specification, dataset)
    random = np.random.default_rng(specification.seed)
    flips = 0

    def with_flips() -> None:
        nonlocal flips
        samples = epochs * trainer.epoch_samples
        counts = random.binomial(weight_bits_of(trainer.network), rate, samples)
        learned, flips = 0, int(counts.sum())
        for sample in np.flatnonzero(counts).tolist():
            trainer.run(sample - learned)
            flip_weight_bits(trainer.network, int(counts[sample]), random)
            learned = sample
        trainer.run(samples - learned)

    return {"rate": rate, **_run(trainer, with_flips, epochs + repair), "flips": flips}


def state_flips(specification: Specification, dataset: Dataset, epochs: int, repair: int, rate: float) -> Row:
    """Learn `epochs` epochs while every bit of the states flips with probability `rate` between two steps, and then
    `repair` epochs without flips. `test_error_with_flips` is the error of inference while states flip, between the
    two."""
    flips = StateFlips(rate, np.random.default_rng(specification.seed))
    trainer = _StateTrainer.start(specification, dataset)
    trainer.flips = flips
    shown: dict[str, float] = {}

    def with_flips() -> None:
        trainer.run_epochs(epochs)
        found = [run_sample(trainer.network, x, None, flips, shifts=()).prediction for x in dataset.test_inputs]
        shown["test_error_with_flips"] = float(np.mean(np.array(found) != dataset.test_labels))
        trainer.flips = None

    row = _run(trainer, with_flips, epochs + repair)
    return {"rate": rate, **row, **shown, "flips": flips.count}


def burst(specification: Specification, dataset: Dataset, epochs: int, repair: int, share: float) -> Row:
    """Learn `epochs` epochs, flip a share of all bits of the weights and biases at once, and learn `repair` epochs.
    `test_error_after_burst` is the error between the two."""
    trainer = Trainer.start(specification, dataset)
    shown: dict[str, Any] = {}

    def with_burst() -> None:
        trainer.run_epochs(epochs)
        shown["flips"] = round(share * weight_bits_of(trainer.network))
        flip_weight_bits(trainer.network, shown["flips"], np.random.default_rng(specification.seed))
        shown["test_error_after_burst"] = trainer.evaluate().error

    return {"share": share, **_run(trainer, with_burst, epochs + repair), **shown}


def _run(trainer: Trainer, first: Callable[[], None], epochs: int) -> Row:
    """Do the first part of a run, and learn up to `epochs` epochs in all. Returns the history, or the reason where
    learning diverged."""
    diverged = None
    try:
        first()
        trainer.run_epochs(epochs)
    except DivergenceError as error:
        diverged = str(error)
    columns = ("test_error", "train_error", "saturations", "ties", "settled", "period_2", "open")
    history = [{name: getattr(row, name) for name in columns} for row in trainer.history]
    return {"diverged": diverged, "history": history}


@dataclass
class _StateTrainer(Trainer):
    """A trainer whose states flip while it learns, where it has flips."""

    flips: StateFlips | None = field(default=None)

    def _learn(self, count: int) -> None:
        if self.flips is None:
            super()._learn(count)
            return
        here = slice(self.sample, self.sample + count)
        order = epoch_order(self.specification, self.epoch, self.epoch_samples)[here]
        negatives = epoch_signs(self.specification, self.epoch, self.epoch_samples)[here]
        shifts, labels = self.specification.shifts_at(self.epoch), self.dataset.train_labels[order]
        records = [
            run_sample(self.network, x, int(label), self.flips, shifts=shifts, negative=bool(negative))
            for x, label, negative in zip(self.dataset.train_inputs[order], labels, negatives, strict=True)
        ]
        self.counters.add(_columns(records), labels)
        self.sample += count


def _columns(records: list[SampleRecord]) -> Records:
    """Return the outcomes of samples as those of a block."""
    names = (
        "prediction",
        "tie",
        "free_steps",
        "free_end",
        "nudged_steps",
        "first_nudged_steps",
        "nudged_settled",
        "saturations",
    )
    return Records(*(np.array([int(getattr(record, name)) for record in records]) for name in names))
