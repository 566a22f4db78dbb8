"""Whole runs of a board beside the golden model, and how fast they were."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from ceprop.boards.host.driver import HostDriver
from ceprop.boards.host.proof import Learned, Proof
from ceprop.boards.host.results import Predictions
from ceprop.boards.host.sequence import batches
from ceprop.common.errors import CepropError
from ceprop.common.report import Advance, percent
from ceprop.model import Counters, Dataset, Network, Trainer

_BITS_A_BYTE = 10
"""On a UART: start bit, data, stop bit."""


def train_beside(driver: HostDriver, trainer: Trainer, samples: int, advance: Advance) -> Proof:
    """Load the trainer's network into the board, let both learn from the next `samples` samples, and compare all
    predictions and memories. The trainer is then at the position after them; its history lacks the epochs between."""
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


def train_from_flash_beside(driver: HostDriver, trainer: Trainer, epochs: int, advance: Advance) -> Proof:
    """Load the trainer's network into the board, let it learn so many epochs from the data set in its flash, which was
    packed from the trainer's data set, and the model from the same; compare the last predictions and all memories. The
    trainer is then at the position after them; its history lacks the epochs between.

    Raises :class:`CepropError` for a trainer in the middle of an epoch."""
    if trainer.sample:
        raise CepropError(
            f"sample {trainer.sample} of epoch {trainer.epoch}: a board learns whole epochs from its flash"
        )
    driver.reset()
    driver.load(trainer.network)
    proof = Proof(driver, trainer.network)
    proof.learn_from_flash(trainer.dataset, trainer.epoch, epochs, advance)
    proof.compare_memories()
    trainer.epoch, trainer.counters = trainer.epoch + epochs, Counters()
    return proof


def epoch_from_flash_beside(
    driver: HostDriver, network: Network, dataset: Dataset, epoch: int, samples: int | None, advance: Advance
) -> Proof:
    """Load `network` into the board, let it learn one epoch from its flash, and let `network` itself learn the same in
    the model; compare the last predictions and all memories.

    Flash holds all of `dataset`, or where `samples` is given only those samples that the epoch visits first
    (:func:`ceprop.boards.host.data_sets.excerpt_image`)."""
    driver.reset()
    driver.load(network)
    proof = Proof(driver, network)
    proof.learn_from_flash(dataset, epoch, 1, advance, samples=samples)
    proof.compare_memories()
    return proof


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
    """How fast samples were learned, and what was at work meanwhile.

    `samples_per_second` counts all `seconds`, by the clock on the wall or, in simulation, by the board's own. Before
    the first sample `start_seconds` passed, in which a board that learns from its flash reads the whole data set for
    its CRC; `samples_per_second_after_start` leaves them out. `core_samples_per_second` is what the core's count of
    cycles allows at its clock, `line_samples_per_second` what the line can carry.

    `busy` has the share of the time after the start in which `core`, `line` and `flash` were at work. Those of core
    and, in simulation, of line and flash are measured; that of a real board's line is the length of its bytes, and
    that of its flash is None. `bound` is the one that was at work longest."""

    seconds: float
    start_seconds: float
    samples_per_second: float
    samples_per_second_after_start: float
    cycles: int
    clock_hz: int
    core_samples_per_second: float
    line_samples_per_second: float
    busy: dict[str, float | None]
    bound: str

    @classmethod
    def of_proof(cls, proof: Proof) -> Self:
        """Rates of the samples that a board with a link has learned from."""
        return cls.of(proof.learned, proof.driver.identity.core_clock_hz, proof.driver.link.baud)

    @classmethod
    def of(cls, learned: Learned, clock_hz: int, baud: int) -> Self:
        """Rates of samples at a core's clock, with so many bits per second on the line."""
        line_seconds = _BITS_A_BYTE * max(learned.bytes_sent, learned.bytes_received) / baud
        working = {
            "core": learned.cycles / clock_hz,
            "line": line_seconds if learned.line_seconds is None else learned.line_seconds,
            "flash": learned.flash_seconds,
        }
        after_start = learned.seconds - learned.start_seconds
        busy = {name: None if seconds is None else seconds / after_start for name, seconds in working.items()}
        return cls(
            seconds=learned.seconds,
            start_seconds=learned.start_seconds,
            samples_per_second=learned.samples / learned.seconds,
            samples_per_second_after_start=learned.samples / after_start,
            cycles=learned.cycles,
            clock_hz=clock_hz,
            core_samples_per_second=learned.samples * clock_hz / learned.cycles,
            line_samples_per_second=learned.samples / line_seconds,
            busy=busy,
            bound=max(busy, key=lambda name: busy[name] or 0),
        )

    def rows(self) -> list[tuple[str, str]]:
        """The rates for a table."""
        shares = ", ".join(f"{name} {'unknown' if s is None else percent(s)}" for name, s in self.busy.items())
        after = f"{self.start_seconds:.3f} s: {self.samples_per_second_after_start:,.1f} per second"
        return [
            ("samples per second, whole board", f"{self.samples_per_second:,.1f}"),
            *([("after a start of", after)] if self.start_seconds else []),
            ("samples per second, core alone", f"{self.core_samples_per_second:,.1f} at {self.clock_hz / 1e6:g} MHz"),
            ("samples per second, line alone", f"{self.line_samples_per_second:,.1f}"),
            ("at work after the start", shares),
            ("bound by", self.bound),
        ]
