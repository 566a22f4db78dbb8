"""Whole runs of a board beside the golden model, and how fast they were."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from ceprop.boards.host.driver import HostDriver
from ceprop.boards.host.proof import Proof
from ceprop.boards.host.results import Predictions
from ceprop.boards.host.sequence import Batch, batches
from ceprop.model import Counters, Network, Trainer
from ceprop.replay import Span
from ceprop.report import Advance

_BUSY = 0.8
"""Share of the time that a core works when it is what binds: the host's questions take a little of the rest."""

_BITS_A_BYTE = 10
"""On a UART: start bit, data, stop bit."""


def train_beside(driver: HostDriver, trainer: Trainer, samples: int, advance: Advance) -> Proof:
    """Load the trainer's network into the board, let both learn from the next `samples` samples, and compare all
    predictions and memories. The trainer is at the position behind them then; its history lacks the epochs between."""
    driver.reset()
    driver.load(trainer.network)
    proof = Proof(driver, trainer.network)
    data = trainer.dataset
    sequence = batches(
        trainer.specification, data.train_inputs, data.train_labels, samples, trainer.epoch, trainer.sample
    )
    for batch in sequence:
        trainer.counters.add(proof.learn(batch, samples, advance), batch.labels)
        trainer.sample += len(batch.labels)
        if trainer.sample == trainer.epoch_samples:
            trainer.epoch, trainer.sample, trainer.counters = trainer.epoch + 1, 0, Counters()
    proof.compare_memories()
    return proof


def train_from_flash_beside(driver: HostDriver, trainer: Trainer, samples: int, passes: int, advance: Advance) -> Proof:
    """Load the trainer's network into the board, let it learn from the data set in its flash, which holds the first
    `samples` samples of the first epoch, and the model from the same; compare the last predictions and all memories."""
    driver.reset()
    driver.load(trainer.network)
    proof = Proof(driver, trainer.network)
    proof.learn_from_flash(first_batch(trainer, samples), passes, advance)
    proof.compare_memories()
    return proof


def first_batch(trainer: Trainer, samples: int) -> Batch:
    """The first `samples` samples of the first epoch, as a data set in flash has them; raises :class:`CepropError`
    where there are fewer."""
    Span(0, 0, samples).check(trainer.dataset)
    data = trainer.dataset
    return next(batches(trainer.specification, data.train_inputs, data.train_labels, samples))


def infer_beside(
    driver: HostDriver, network: Network | None, inputs: np.ndarray, advance: Advance
) -> tuple[Proof, Predictions]:
    """Show board and model quantised `inputs` (n, n_0) and compare predictions and memories; with `network`, or with
    what the board holds."""
    driver.reset()
    if network is None:
        network = driver.read_back()
    else:
        driver.load(network)
    proof = Proof(driver, network)
    predictions = proof.infer(inputs, advance)
    proof.compare_memories()
    return proof, predictions


@dataclass(frozen=True)
class Speed:
    """How fast samples were learned, in samples a second: from end to end, by the clock on the wall or in simulation by
    the board's own; as fast as the core's count of cycles allows at its clock; and as fast as the line carries the
    bytes. `bound` is what binds: `core`, `line`, or `flash`."""

    seconds: float
    samples_per_second: float
    cycles: int
    clock_hz: int
    core_samples_per_second: float
    line_samples_per_second: float
    bound: str

    @classmethod
    def of(cls, proof: Proof) -> Self:
        """Of the samples that a board has learned from."""
        learned, driver = proof.learned, proof.driver
        clock_hz, baud = driver.identity.clock_hz, driver.link.baud
        whole = learned.samples / learned.seconds
        core = learned.samples * clock_hz / learned.cycles
        line = learned.samples * baud / (_BITS_A_BYTE * max(learned.bytes_sent, learned.bytes_received))
        source = "flash" if learned.from_flash else "line"
        return cls(
            seconds=learned.seconds,
            samples_per_second=whole,
            cycles=learned.cycles,
            clock_hz=clock_hz,
            core_samples_per_second=core,
            line_samples_per_second=line,
            bound="core" if whole > _BUSY * core else source,
        )

    def rows(self) -> list[tuple[str, str]]:
        """For a table."""
        return [
            ("samples a second, end to end", f"{self.samples_per_second:,.1f}"),
            ("of the core alone", f"{self.core_samples_per_second:,.1f} at {self.clock_hz / 1e6:g} MHz"),
            ("of the line alone", f"{self.line_samples_per_second:,.1f}"),
            ("bound by", self.bound),
        ]
