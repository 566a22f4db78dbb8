"""One run of a study. It is learned once, kept in a file of its own, and read when the study runs again."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ceprop.common.errors import CepropError
from ceprop.common.records import read_record, write_record
from ceprop.model import Network, Trainer, load_dataset
from ceprop.model.datasets import load_images
from ceprop.model.reference import ReferenceRun, float_network, float_settings
from ceprop.specification import Specification

_KIND = "study result"

EpochDone = Callable[[], None]
EpochLearner = Callable[[int], dict[str, Any]]
"""Learns an epoch, and returns its row of the history."""


@dataclass(frozen=True)
class Run:
    """Everything that determines a result: the specification with its seed, the data, the epochs, and whether it is
    learned in floating point."""

    specification: Specification
    data: str
    dataset_sha256: str
    epochs: int
    reference: bool

    @property
    def identity(self) -> dict[str, Any]:
        """Return what determines the result, as JSON has it."""
        return {
            "learning_digest": self.specification.learning_digest,
            "dataset_sha256": self.dataset_sha256,
            "epochs": self.epochs,
            "reference": self.reference,
        }

    def file(self, folder: Path) -> Path:
        """Return the path of the result. Equal runs of different variants and studies share a file."""
        kind = "float" if self.reference else "integer"
        return folder / f"{kind}-{self.specification.learning_digest[:16]}-{self.epochs}.json"


def result_of(run: Run, folder: Path, epoch_done: EpochDone) -> dict[str, Any]:
    """Return the kept result of a run; learn it now if there is none.

    `history` has one entry per epoch: `test_error` and `train_error` after the epoch, `online_error` of the predictions
    made while learning, and, in an integer run, the counters of :class:`ceprop.model.EpochRow`. Learning that diverges
    is a result too: `diverged` has the reason.
    """
    path = run.file(folder)
    if path.exists():
        return _read(path, run)
    learn_epoch = _float_learner(run) if run.reference else _integer_learner(run)
    history: list[dict[str, Any]] = []
    diverged = None
    for epoch in range(run.epochs):
        try:
            history.append(learn_epoch(epoch))
        except CepropError as error:
            diverged = str(error)
            break
        epoch_done()
    result = {**run.identity, "diverged": diverged, "history": history}
    write_record(path, _KIND, result)
    return result


def _read(path: Path, run: Run) -> dict[str, Any]:
    result = read_record(path, _KIND)
    if any(result.get(key) != value for key, value in run.identity.items()):
        raise CepropError(f"{_KIND} {path}: of a run on other data; give another --out")
    return result


def _integer_learner(run: Run) -> EpochLearner:
    trainer = Trainer.start(run.specification, load_dataset(run.specification, run.data))

    def learn_epoch(epoch: int) -> dict[str, Any]:
        trainer.run_epochs(epoch + 1)
        return asdict(trainer.history[-1])

    return learn_epoch


def _float_learner(run: Run) -> EpochLearner:
    """Return the learner of the same network, from the same weights, in floating point."""
    specification = run.specification
    images = load_images(run.data, specification.seed)
    settings = float_settings(specification).but(
        seed=specification.seed, random_sign=specification.nudge.sign == "random"
    )
    reference = ReferenceRun(settings, images, float_network(Network.initial(specification)))

    def learn_epoch(epoch: int) -> dict[str, Any]:
        reference.network.settings = float_settings(specification, epoch)
        row = reference.run_epoch()
        return {
            "epoch": row.epoch,
            "test_error": row.test_error,
            "train_error": reference.training_error(),
            "online_error": row.train_error,
        }

    return learn_epoch
