"""Training of the float reference over the epochs of a data set."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from threadpoolctl import threadpool_limits

from ceprop.common.errors import CepropError
from ceprop.model.datasets import Images, check_fit
from ceprop.model.divergence import DivergenceError
from ceprop.model.reference.activations import slope
from ceprop.model.reference.dynamics import signals
from ceprop.model.reference.learning import learn_batch, predict
from ceprop.model.reference.network import ReferenceNetwork
from ceprop.model.reference.settings import Settings

Progress = Callable[[int, int], None]
"""A callback with two arguments: the number of samples of the current epoch that were used so far, and the number of
all its samples."""

_STILL = 1e-3
_SAME = 1e-6
# For a layer at the limits of its activation, states that differ by less than this count as the same.
_SAME_AT_LIMITS = 1e-3
_SLOPE_AT_LIMITS = 5e-3
_EVALUATION_BATCH = 500
_PROGRESS_BATCHES = 100


@dataclass(frozen=True)
class ReferenceRow:
    """The figures of one finished epoch. Epochs are counted from 0.

    Errors are shares from 0 to 1. `train_error` counts the predictions made during learning, as in the authors' code.
    `test_unsettled` is the share of test samples of which a state still changed by more than 0.001 in the last free
    step. `seconds` is the time of the epoch.
    """

    epoch: int
    test_error: float
    train_error: float
    test_unsettled: float
    seconds: float


@dataclass
class ReferenceRun:
    """A network of the float reference that is trained over epochs."""

    settings: Settings
    images: Images
    network: ReferenceNetwork
    history: list[ReferenceRow] = field(default_factory=list)

    @classmethod
    def start(cls, settings: Settings, images: Images) -> Self:
        """Return a run before its first sample.

        Raises :class:`CepropError` for images that do not fit the layers, and for a hard sigmoid in real time, with
        which no hidden unit would ever change.
        """
        check_fit(images, settings.layers)
        if settings.activation == "hard-sigmoid" and settings.real_time and not settings.asymmetric:
            raise CepropError(
                f"activation = hard-sigmoid in the {settings.setting} setting: hidden units begin at 0, where its "
                "slope is 0, and stay there; take sigmoid or tanh, or the prototypical setting"
            )
        return cls(settings, images, ReferenceNetwork.initial(settings))

    def run_epoch(self, progress: Progress | None = None) -> ReferenceRow:
        """Learn from every training sample once, in an order that depends on the epoch, and evaluate the network.

        Raises :class:`DivergenceError` if learning diverges. The history of the run then has no row for this epoch.
        """
        start = time.perf_counter()
        epoch = len(self.history)
        # The matrices of a batch are small. Several threads would only wait for each other.
        with threadpool_limits(1):
            train_error = self._learn(epoch, progress)
            self._check_finite(epoch)
            test_error, unsettled = self._evaluate(epoch)
        row = ReferenceRow(epoch, test_error, train_error, unsettled, time.perf_counter() - start)
        self.history.append(row)
        return row

    def training_error(self) -> float:
        """Return the share of wrong predictions of the present network on the training set."""
        images, labels = self.images.train
        wrong = 0
        with threadpool_limits(1):
            for k in range(0, len(labels), _EVALUATION_BATCH):
                here = slice(k, k + _EVALUATION_BATCH)
                found, _, _ = predict(self.network, self._scaled(images[here]))
                wrong += int(np.count_nonzero(found != labels[here]))
        return wrong / len(labels)

    def _learn(self, epoch: int, progress: Progress | None) -> float:
        """Learn from every training sample. Returns the share of wrong predictions made before learning."""
        settings = self.settings
        images, labels = self.images.train
        # The random numbers depend on the epoch alone, so that a resumed run gives the same bits.
        random = np.random.default_rng([settings.seed, 1 + epoch])
        order = random.permutation(len(labels))
        batches = [order[k : k + settings.batch] for k in range(0, len(order), settings.batch)]
        signs = random.choice([-1.0, 1.0], len(batches)) if settings.random_sign else np.ones(len(batches))
        targets = np.eye(settings.layers[-1], dtype=settings.precision)
        wrong = 0
        # An overflow is found in the weights after the epoch.
        with np.errstate(over="ignore", invalid="ignore"):
            for done, (batch, sign) in enumerate(zip(batches, signs, strict=True)):
                beta = float(sign) * settings.beta
                found = learn_batch(self.network, self._scaled(images[batch]), targets[labels[batch]], beta)
                wrong += int(np.count_nonzero(found != labels[batch]))
                if progress is not None and done % _PROGRESS_BATCHES == 0:
                    progress(done * settings.batch, len(order))
        return wrong / len(labels)

    def _evaluate(self, epoch: int) -> tuple[float, float]:
        """Return `(error, unsettled)` on the test set, as shares."""
        images, labels = self.images.test
        wrong = unsettled = 0
        classes: set[int] = set()
        for k in range(0, len(labels), _EVALUATION_BATCH):
            here = slice(k, k + _EVALUATION_BATCH)
            found, states, motion = predict(self.network, self._scaled(images[here]))
            wrong += int(np.count_nonzero(found != labels[here]))
            unsettled += int(np.count_nonzero(motion > _STILL))
            classes.update(found.tolist())
            if k == 0 and len(found) > 1:
                self._check_alive(epoch, states)
        self._check_memory(epoch, wrong / len(labels), len(classes))
        return wrong / len(labels), unsettled / len(labels)

    def _scaled(self, images: np.ndarray) -> np.ndarray:
        """Return the images as inputs from 0 to 1."""
        return images.astype(self.settings.precision) / self.images.largest

    def _check_memory(self, epoch: int, error: float, classes: int) -> None:
        """Raise :class:`DivergenceError` if a network that had learnt now predicts the same class for every sample.
        Such a network has lost its weights for good."""
        best = min((row.test_error for row in self.history), default=1.0)
        if classes == 1 and best < error / 2:
            raise _diverged(epoch, f"every test sample gets the same class, after an error of {best:.2%}")

    def _check_alive(self, epoch: int, states: list[np.ndarray]) -> None:
        """Raise :class:`DivergenceError` if a layer has the same states for every sample, from which it cannot learn.
        At the limits of the activation, a larger difference counts as the same, because there is no slope to recover
        by."""
        for l, (state, sent) in enumerate(zip(states[1:], signals(self.network, states)[1:], strict=True), 1):
            difference = np.ptp(state, axis=0).max()
            at_limits = slope(self.settings.activation, sent).max() < _SLOPE_AT_LIMITS
            if difference < (_SAME_AT_LIMITS if at_limits else _SAME):
                raise _diverged(epoch, f"layer {l} is saturated: its states are the same for every sample")

    def _check_finite(self, epoch: int) -> None:
        """Raise :class:`DivergenceError` if a weight or a bias is not finite."""
        for name, array in self.network.parameters().items():
            if not np.isfinite(array).all():
                raise _diverged(epoch, f"{name} is not finite")


def _diverged(epoch: int, what: str) -> DivergenceError:
    """Return the error for a run that diverged in `epoch`."""
    return DivergenceError(f"learning diverged in epoch {epoch}: {what}; smaller rates or a larger beta may help")
