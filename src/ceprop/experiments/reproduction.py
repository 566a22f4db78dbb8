"""Runs of the paper's experiments, each with a checkpoint, so that an interrupted reproduction goes on."""

import statistics
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from ceprop.common.errors import CepropError
from ceprop.common.locks import only_on
from ceprop.common.report import Advance
from ceprop.model import DivergenceError, Images
from ceprop.model.reference import PaperRow, ReferenceRow, Settings, resume_run, save_run

_MNIST = "5a4d4600f9ae243d0ab9ee1ff6d948035e6f85a423fdfacf899262ac3ca6f325"
"""`Images.sha256` of MNIST, the data of the paper's figures."""


@dataclass(frozen=True)
class Run:
    """One run: its name, which names the checkpoint's file, its settings, and its length."""

    name: str
    settings: Settings
    epochs: int

    def of_seed(self, seed: int) -> "Run":
        """Return the same run with another seed."""
        return replace(self, settings=self.settings.but(seed=seed))

    def checkpoint(self, folder: Path) -> Path:
        """Return the path of the run's checkpoint."""
        return folder / f"{self.name}-seed{self.settings.seed}.npz"


def fitted(settings: Settings, images: Images, **changes: Any) -> Settings:
    """Return the settings with an input layer as wide as the data and an output layer of as many units as the data has
    classes."""
    pixels, classes = images.train[0].shape[1], int(images.train[1].max()) + 1
    return settings.but(layers=(pixels, *settings.layers[1:-1], classes), **changes)


def scaled(settings: Settings, factor: float) -> Settings:
    """Return the settings with all rates times `factor`."""
    return settings.but(rates=tuple(rate * factor for rate in settings.rates))


def resized(settings: Settings, hidden: int) -> Settings:
    """Return the settings with `hidden` units in every hidden layer."""
    first, *middle, last = settings.layers
    return settings.but(layers=(first, *(hidden for _ in middle), last))


def run_to_end(run: Run, images: Images, folder: Path, progress: Advance) -> list[ReferenceRow]:
    """Learn the missing epochs of a run, with a checkpoint in `folder` after each, and return the history of the run.

    Raises :class:`DivergenceError` where learning diverges; the checkpoint of the last good epoch is kept. Raises
    :class:`CepropError` where the checkpoint is of another run or at a later epoch, or where another process works on
    it.
    """
    path = run.checkpoint(folder)
    with only_on(path):
        return _run_to_end(run, images, path, progress)


def _run_to_end(run: Run, images: Images, path: Path, progress: Advance) -> list[ReferenceRow]:
    state = resume_run(run.settings, images, path)
    if len(state.history) > run.epochs:
        raise CepropError(f"checkpoint {path}: already at {len(state.history)} epochs, more than {run.epochs}")
    samples = len(images.train[1])
    while len(state.history) < run.epochs:
        before = len(state.history) * samples
        state.run_epoch(lambda done, _, before=before: progress(before + done, run.epochs * samples))
        save_run(state, path)
    return state.history


def history(run: Run, images: Images, folder: Path) -> list[ReferenceRow]:
    """Return the finished epochs of a run, from its checkpoint."""
    return resume_run(run.settings, images, run.checkpoint(folder)).history


def run_seeds(
    run: Run,
    seeds: Sequence[int],
    images: Images,
    folder: Path,
    progress: Callable[[int], AbstractContextManager[Advance]],
) -> dict[str, Any]:
    """Learn a run over seeds; return means and sample standard deviations of the last epoch's errors, as shares, and
    all histories.

    Seeds whose learning diverged are listed under `diverged` and are left out of the means. None stands for the
    deviation of a single seed, and for all figures where no seed is left. `progress` opens a progress display for a
    seed.
    """
    histories: dict[int, list[ReferenceRow]] = {}
    diverged: dict[int, str] = {}
    for seed in seeds:
        with progress(seed) as advance:
            try:
                histories[seed] = run_to_end(run.of_seed(seed), images, folder, advance)
            except DivergenceError as error:
                diverged[seed] = str(error)
                histories[seed] = history(run.of_seed(seed), images, folder)
    last = [rows[-1] for seed, rows in histories.items() if seed not in diverged]
    test = [row.test_error for row in last]
    return {
        "seeds": [seed for seed in histories if seed not in diverged],
        "diverged": {str(seed): message for seed, message in diverged.items()},
        "test_error": statistics.fmean(test) if last else None,
        "test_deviation": statistics.stdev(test) if len(test) > 1 else None,
        "train_error": statistics.fmean(row.train_error for row in last) if last else None,
        "test_unsettled": statistics.fmean(row.test_unsettled for row in last) if last else None,
        "histories": {str(seed): [asdict(row) for row in rows] for seed, rows in histories.items()},
    }


def beside_paper(row: PaperRow, run: Run, images: Images, result: dict[str, Any]) -> dict[str, Any]:
    """Return a row's result on `images` together with the paper's figures for MNIST.

    `paper` is None for other data. `within_deviation` is None for other data and for runs that are shorter than the
    paper's, and False where the learning of a seed diverged.
    """
    paper, within = None, None
    if images.sha256 == _MNIST:
        paper = {"test_error": row.test / 100, "test_deviation": row.deviation / 100, "train_error": row.train / 100}
    if paper is not None and run.epochs == row.epochs:
        found = result["test_error"]
        near = found is not None and abs(found - paper["test_error"]) <= paper["test_deviation"]
        within = near and not result["diverged"]
    return {
        "epochs": run.epochs,
        "paper_epochs": row.epochs,
        "paper": paper,
        "within_deviation": within,
        "settings": run.settings.model_dump(exclude={"seed"}),
        **result,
    }
