"""Test errors of a specification's golden model over seeds. An interrupted run goes on from its checkpoints."""

import statistics
from dataclasses import dataclass
from pathlib import Path

from ceprop.common.report import Advance
from ceprop.experiments.training_run import train_to
from ceprop.model import Trainer, load_checkpoint, load_dataset
from ceprop.specification import Specification


@dataclass(frozen=True)
class GoldenErrors:
    """Test error after the last epoch, a share, by seed."""

    epochs: int
    errors: dict[int, float]

    @property
    def mean(self) -> float:
        """Mean over the seeds."""
        return statistics.fmean(self.errors.values())


def golden_errors(
    specification: Specification, data: str, epochs: int, seeds: tuple[int, ...], folder: Path, advance: Advance
) -> GoldenErrors:
    """Train the golden model once per seed. The checkpoints stay in `folder`."""
    errors: dict[int, float] = {}
    for number, seed in enumerate(seeds):
        run = specification.override(f"seed={seed}")
        dataset = load_dataset(run, data)
        checkpoint = folder / f"{run.learning_digest[:12]}-{dataset.sha256[:12]}.checkpoint"
        here = checkpoint.exists()
        trainer = load_checkpoint(run, dataset, checkpoint) if here else Trainer.start(run, dataset)
        total = epochs * trainer.epoch_samples

        def step(done: int, total: int, number: int = number) -> None:
            advance(number * total + done, len(seeds) * total)

        if trainer.epoch < epochs:
            train_to(trainer, total, checkpoint, step)
        step(total, total)
        errors[seed] = trainer.history[epochs - 1].test_error
    return GoldenErrors(epochs, errors)
