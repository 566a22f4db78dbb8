"""A training run of the command line: up to a position, with checkpoints on the way."""

import os
import time
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ceprop.common.errors import CepropError
from ceprop.common.files import write_aside
from ceprop.common.locks import only_on
from ceprop.common.paths import StrPath
from ceprop.common.report import Advance
from ceprop.model import (
    Dataset,
    DivergenceError,
    Evaluation,
    Trainer,
    evaluate,
    load_checkpoint,
    load_dataset,
    save_checkpoint,
)
from ceprop.specification import Specification

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


def train(
    specification: Specification | StrPath,
    data: Dataset | StrPath = "digits",
    *,
    epochs: int | None = None,
    samples: int | None = None,
    checkpoint: StrPath | None = None,
    resume: bool = False,
    progress: Advance | None = None,
) -> TrainingResult:
    """Train the golden model of a specification.

    Parameters
    ----------
    specification : Specification or path
        The network, or the TOML file that describes it.
    data : Dataset or path
        Quantised data; "digits"; or a folder with the four IDX files of MNIST.
    epochs, samples : int
        Learn until so many epochs, or so many samples, in total. One of the two must be given.
    checkpoint : path
        File that keeps the run at every epoch's end, at least every 30 s, and at the end.
    resume : bool
        Go on from the checkpoint. The run ends with the same bits as one that was not interrupted.
    progress : callable
        Is called with the samples that are learned and the samples in total.

    Raises
    ------
    CepropError
        The specification, the data or the checkpoint cannot be used.
    DivergenceError
        Learning saturates the network.
    """
    if (epochs is None) == (samples is None):
        raise CepropError("train: give one of epochs and samples")
    if not isinstance(specification, Specification):
        specification = Specification.load(specification)
    path = None if checkpoint is None else Path(checkpoint)
    check_checkpoint(path, resume=resume)
    with nullcontext() if path is None else only_on(path):
        dataset = data if isinstance(data, Dataset) else load_dataset(specification, os.fspath(data))
        begin = load_checkpoint(specification, dataset, path) if resume and path else None
        trainer = begin or Trainer.start(specification, dataset)
        target = samples if samples is not None else (epochs or 0) * trainer.epoch_samples
        if position(trainer) > target:
            raise CepropError(
                f"checkpoint {checkpoint}: already at {position(trainer)} samples (epoch {trainer.epoch}), more than "
                f"the {target} asked for"
            )
        return train_to(trainer, target, path, progress or (lambda _done, _total: None))


def check_checkpoint(path: Path | None, *, resume: bool) -> None:
    """Check that a run may write its checkpoint to `path`. Raises :class:`CepropError` with one line."""
    if path is None:
        if resume:
            raise CepropError("--resume needs --checkpoint FILE")
        return
    if resume and not path.is_file():
        raise CepropError(f"checkpoint {path}: no such file, so there is nothing to --resume")
    if not resume and path.exists():
        raise CepropError(f"checkpoint {path}: exists already; give --resume, remove the file, or name another one")


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
    good: bytes | None = None  # the checkpoint of the last epoch that this call finished

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
