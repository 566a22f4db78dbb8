"""A training run of the command line: up to a position, with checkpoints on the way."""

import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ceprop.common.files import write_aside
from ceprop.common.report import Advance
from ceprop.model import DivergenceError, Evaluation, Trainer, evaluate, save_checkpoint

_CHECKPOINT_SECONDS = 30.0


@dataclass(frozen=True)
class TrainingResult:
    """A finished run: its duration in seconds, the samples that it learned from, and the errors of the network now."""

    trainer: Trainer
    samples: int
    seconds: float
    test: Evaluation
    train: Evaluation

    def as_dict(self) -> dict[str, Any]:
        """Return the result as JSON has it."""
        trainer = self.trainer
        return {
            "test_error": self.test.error,
            "train_error": self.train.error,
            "epochs": trainer.epoch,
            "samples": position(trainer),
            "weights_sha256": trainer.network.weights_sha256(),
            "learning_digest": trainer.specification.learning_digest,
            "dataset": trainer.dataset.name,
            "samples_learned_now": self.samples,
            "seconds": self.seconds,
            "samples_per_second": self.samples / self.seconds if self.samples else 0.0,
            "test_confusion": self.test.confusion.tolist(),
            "history": [asdict(row) for row in trainer.history],
        }


def position(trainer: Trainer) -> int:
    """Return the samples that a trainer has learned from since its first epoch."""
    return trainer.epoch * trainer.epoch_samples + trainer.sample


def train_to(trainer: Trainer, samples: int, checkpoint: Path | None, advance: Advance) -> TrainingResult:
    """Learn until `samples` samples in all.

    The checkpoint is written at the end of every epoch, at least every 30 s in between, and at the end. Where learning
    diverges, the checkpoint goes back to the end of the last good epoch, and :class:`DivergenceError` is raised.
    """
    start, first = time.perf_counter(), position(trainer)
    saved = start
    good: bytes | None = None  # the checkpoint of the last epoch that ended here

    def step(now: Trainer) -> None:
        nonlocal saved, good
        advance(position(now), samples)
        if checkpoint is not None and (now.sample == 0 or time.perf_counter() - saved > _CHECKPOINT_SECONDS):
            save_checkpoint(now, checkpoint)
            saved = time.perf_counter()
            if now.sample == 0:
                good = checkpoint.read_bytes()

    try:
        trainer.run(samples - first, step)
    except DivergenceError:
        if checkpoint is not None and good is not None:
            write_aside(checkpoint, good)
        raise
    if checkpoint is not None:
        save_checkpoint(trainer, checkpoint)
    seconds = time.perf_counter() - start
    data = trainer.dataset
    train = evaluate(trainer.network, data.train_inputs, data.train_labels)
    return TrainingResult(trainer, samples - first, seconds, trainer.evaluate(), train)
