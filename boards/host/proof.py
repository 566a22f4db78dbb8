"""A board beside the golden model: what the one does the other does, and every integer is compared."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from ceprop.boards.host.clock import Moment
from ceprop.boards.host.driver import HostDriver
from ceprop.boards.host.flash import wait_for_flash
from ceprop.boards.host.machine import infer_with_model, learn_with_model, predictions_of, unwatched
from ceprop.boards.host.results import Predictions
from ceprop.boards.host.sequence import Batch, batches
from ceprop.common.report import Advance
from ceprop.model import Dataset, Network, Records
from ceprop.sim.check import Checker, compare_networks
from ceprop.sim.job import Outcome
from ceprop.specification import REGISTER_BITS

_FIRST_BLOCK = 200
_LONGEST_BLOCK_SECONDS = 2.0
"""Blocks of samples grow until they take so long: the cycle counter, read after each, must not wrap within one."""


@dataclass
class Learned:
    """What a run of samples took.

    `errors` counts wrong predictions before learning from the sample. `cycles` are those in which the core was at work
    on a sample. `seconds` are those of the driver's clock; `start_seconds` of them passed before the first sample,
    while the board read its data set once for the CRC. `bytes_sent` and `bytes_received` went over the line; where the
    samples are `from_flash` they came beside it. `line_seconds` and `flash_seconds` are the times after the start in
    which the line and the flash were at work; None where the driver cannot say. `board_seconds` and `host_seconds` are
    the time until the host saw that all was done, by the driver's clock and by the host's own."""

    samples: int = 0
    errors: int = 0
    cycles: int = 0
    seconds: float = 0.0
    start_seconds: float = 0.0
    bytes_sent: int = 0
    bytes_received: int = 0
    line_seconds: float | None = None
    flash_seconds: float | None = None
    from_flash: bool = False
    board_seconds: float = 0.0
    host_seconds: float = 0.0

    def add_times(self, start: Moment, begin: Moment, end: Moment) -> None:
        """Add a run that was asked for at `start` and whose samples were at work from `begin` to `end`."""
        self.seconds += end.seconds - start.seconds
        self.start_seconds += begin.seconds - start.seconds
        if begin.line is not None and end.line is not None:
            self.line_seconds = (self.line_seconds or 0) + end.line - begin.line
        if begin.flash is not None and end.flash is not None:
            self.flash_seconds = (self.flash_seconds or 0) + end.flash - begin.flash


@dataclass
class Proof:
    """Drives a board and the golden model from the same network, which becomes the model's.

    `found` is the board's network when its memories were compared last, before that the model's; `mismatches` counts
    what differs, and `first_mismatch` names the first place with both values."""

    driver: HostDriver
    network: Network
    learned: Learned = field(default_factory=Learned)
    found: Network = field(init=False)

    def __post_init__(self) -> None:
        self.found = self.network
        self._outcome = Outcome()
        self._checker = Checker(self.driver.geometry, self._outcome)

    @property
    def mismatches(self) -> int:
        """How many integers differ."""
        return self._outcome.mismatches

    @property
    def first_mismatch(self) -> str | None:
        """The first of them; None where there is none."""
        return self._outcome.first_mismatch

    def learn(self, batch: Batch, total: int, advance: Advance = unwatched) -> Records:
        """Learn from a batch, of `total` samples in all, on both sides and compare the predictions; the model's
        records."""
        begun = self.learned.samples
        predictions = self._on_board(batch, total, advance)
        records = learn_with_model(self.network, batch)
        self._compare(predictions, predictions_of(records), begun)
        self.learned.errors += int(np.count_nonzero(predictions.classes != batch.labels))
        return records

    def learn_from_flash(
        self,
        dataset: Dataset,
        first_epoch: int,
        epochs: int,
        advance: Advance = unwatched,
        *,
        samples: int | None = None,
    ) -> None:
        """Let the board learn so many epochs from its own data set, which was packed from `dataset`, and the model
        beside it. Where `samples` is given, the epoch is one and has only its first samples, of which the board's data
        set is the excerpt. Compares the last predictions, and the numbers of wrong ones in the last epoch and its
        evaluation."""
        total = epochs * len(dataset.train_labels) if samples is None else samples
        self.learned.from_flash = True
        with self._measured(total) as not_begun:

            def watch(done: int, most: int) -> None:
                if most == 0:  # the board still reads the data set for its CRC
                    not_begun()
                advance(done, most)

            self.driver.run_from_flash(first_epoch, epochs)
            last = first_epoch + epochs
            failure = f"its flash holds no whole data set for this specification whose plan reaches epoch {last}"
            wait_for_flash(self.driver, failure, watch)
        expected, wrong = self._run_model(dataset, first_epoch, total)
        status = self.driver.status()
        self.compare_number("epochs", status.epochs, epochs)
        self.compare_number("training errors", status.training_errors, wrong)
        if len(dataset.test_labels):
            expected = predictions_of(infer_with_model(self.network, dataset.test_inputs))
            errors = int(np.count_nonzero(expected.classes != dataset.test_labels))
            self.compare_number("held-out errors", status.held_out_errors, errors)
        found = self.driver.last_results(len(expected.classes))
        self._compare(found, expected.last(len(found.classes)), len(expected.classes) - len(found.classes))

    def _run_model(self, dataset: Dataset, first_epoch: int, samples: int) -> tuple[Predictions, int]:
        """Let the model learn as the board does; the predictions of the last epoch, and how many of them are wrong."""
        specification = self.network.specification
        expected, wrong = Predictions(np.zeros(0, np.int64), np.zeros(0, bool)), 0
        for batch in batches(specification, dataset.train_inputs, dataset.train_labels, samples, first_epoch):
            expected = predictions_of(learn_with_model(self.network, batch))
            wrong = int(np.count_nonzero(expected.classes != batch.labels))
            self.learned.errors += wrong
        return expected, wrong

    def infer(self, inputs: np.ndarray, advance: Advance = unwatched) -> Predictions:
        """Show both sides quantised `inputs` (n, n_0) and compare the predictions; the board's."""
        predictions = self.driver.infer(inputs, advance)
        self._compare(predictions, predictions_of(infer_with_model(self.network, inputs)), 0)
        return predictions

    def compare_memories(self, advance: Advance = unwatched) -> None:
        """Compare every weight, bias and generator."""
        self.found = self.driver.read_back(advance)
        self._checker.sample = self.learned.samples
        compare_networks(self._checker, self.found, self.network)

    def compare_number(self, what: str, found: int, expected: int) -> None:
        """Compare one number."""
        self._checker.number(what, found, expected)

    def _on_board(self, batch: Batch, total: int, advance: Advance) -> Predictions:
        parts: list[Predictions] = []
        start, size = 0, _FIRST_BLOCK
        while start < len(batch.labels):
            block = batch.part(start, start + size)
            before = self.learned.samples

            def shift(done: int, _: int, before: int = before) -> None:
                advance(before + done, total)

            began = time.monotonic()
            with self._measured(len(block.labels)):
                parts.append(self.driver.learn(block, shift))
            start += size
            size *= 2 if time.monotonic() - began < _LONGEST_BLOCK_SECONDS else 1
        return Predictions.joined(parts)

    @contextmanager
    def _measured(self, samples: int) -> Iterator[Callable[[], None]]:
        """What learning from so many samples takes. The context's value is called for as long as the board has not done
        with the first of them."""
        statistics, learned, clock = self.driver.link.statistics, self.learned, self.driver.clock
        cycles = self.driver.read_register("cycles")
        sent, received = statistics.bytes_sent, statistics.bytes_received
        clock.forget_samples()
        start, host_start = clock.now(), time.monotonic()
        begin = start

        def not_begun() -> None:
            nonlocal begin
            begin = clock.now()

        yield not_begun
        end = clock.now()
        learned.board_seconds += end.seconds - start.seconds
        learned.host_seconds += time.monotonic() - host_start
        if learned.from_flash:
            # The host asks only now and then, and would find the beginning and the end too late.
            begin, end = clock.samples() or (begin, end)
        learned.add_times(start, begin, end)
        learned.bytes_sent += statistics.bytes_sent - sent
        learned.bytes_received += statistics.bytes_received - received
        learned.cycles += (self.driver.read_register("cycles") - cycles) % 2**REGISTER_BITS
        learned.samples += samples

    def _compare(self, found: Predictions, expected: Predictions, before: int) -> None:
        differing = (found.classes != expected.classes) | (found.ties != expected.ties)
        for number in np.flatnonzero(differing).tolist():
            self._checker.sample = before + number
            for what in ("classes", "ties"):
                values = (int(getattr(side, what)[number]) for side in (found, expected))
                self._checker.number({"classes": "prediction", "ties": "tie"}[what], *values)
