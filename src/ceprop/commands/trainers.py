"""The trainer that a verb begins with: a fresh one, or that of a checkpoint."""

from pathlib import Path
from typing import TYPE_CHECKING

from ceprop.specification import Specification

if TYPE_CHECKING:
    from ceprop.model import Dataset, Trainer


def trainer_from(specification: Specification, dataset: "Dataset", checkpoint: Path | None) -> "Trainer":
    """Return a trainer at the position of `checkpoint`, or at the beginning where it is None.

    Raises :class:`CepropError` where the checkpoint is damaged or belongs to another run.
    """
    from ceprop.model import Trainer, load_checkpoint

    if checkpoint is None:
        return Trainer.start(specification, dataset)
    return load_checkpoint(specification, dataset, checkpoint)
