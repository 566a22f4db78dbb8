"""A classifier in scikit-learn's form, whose network learns on a board, in a simulated one, or in the golden model."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from ceprop.boards.host.machine import Machine
from ceprop.boards.host.samples import checked_epochs, numbers_of, warn_unlearned, whole_numbers
from ceprop.boards.host.sequence import Batch, batches
from ceprop.boards.host.session import BAUD
from ceprop.boards.host.workplace import MODEL, Workplace, place_of
from ceprop.common.errors import CepropError
from ceprop.model import Evaluation, Network, epoch_signs, evaluate, quantise
from ceprop.model.divergence import check_divergence
from ceprop.model.quantiser import warn_outside_range
from ceprop.specification import Specification
from ceprop.specification.bundled import bundled_specification

# Fewer samples in a call of partial_fit say little about how well the network learns.
_TELLING = 100


class CepClassifier(ClassifierMixin, BaseEstimator):
    """A network that learns by Equilibrium Propagation; the same bits on every machine.

    Samples are raw, whole numbers (n, n_0), which the specification's quantiser takes, in as many classes as the
    network has outputs. A board is opened by the first call that needs it and kept until :meth:`close`; the object is
    a context manager that closes it. A call that fails leaves what was learned before as it was.

    Raises :class:`CepropError` for parameters, samples, classes, or a board that do not suit the specification, and
    :class:`ceprop.model.DivergenceError` where learning saturated the network. Warns with :class:`CepropWarning` of
    values outside the quantiser's range, and of a network that is no better than one class for every sample.

    Parameters
    ----------
    specification : Specification, path or None
        The network; None is the bundled digits example. A new one takes effect with the next :meth:`fit`.
    port : str
        `model`, `sim`, the device of a serial port, or the URL of an adapter for SPI.
    board, baud, line_noise, build
        As :class:`Place` has them. New ones, and a new `port`, take effect with the next call.
    epochs : int
        Passes of :meth:`fit` over the samples, each in the order that the specification's seed gives.

    Attributes
    ----------
    classes_ : array
        The labels that were learned, sorted; output `k` of the network stands for the `k`-th.
    n_features_in_ : int
        Inputs.
    n_epochs_ : int
        Passes so far, those of :meth:`partial_fit` included.
    network_ : Network
        Weights, biases and generators after the last call that learned.
    """

    def __init__(
        self,
        specification: Specification | Path | str | None = None,
        port: str = MODEL,
        *,
        board: str | None = None,
        epochs: int = 1,
        baud: int = BAUD,
        line_noise: float = 0.0,
        build: Path | str = "build/run",
    ):
        self.specification = specification
        self.port = port
        self.board = board
        self.epochs = epochs
        self.baud = baud
        self.line_noise = line_noise
        self.build = build

    _workplace: Workplace | None = None

    def fit(self, X: Any, y: Any) -> Self:  # noqa: N803 (scikit-learn's name)
        """Learn from the beginning: `epochs` passes over samples `X` (n, n_0) with labels `y` (n,)."""
        epochs = checked_epochs(self.epochs)
        with self._all_or_nothing():
            raw, y = _validated(self, X, y)
            inputs, labels = self._begin(raw, y, y)
            passes = batches(self.network_.specification, inputs, labels, epochs * len(labels))
            found = self._learn(passes, inputs, labels)
        warn_unlearned(found)
        return self

    def partial_fit(self, X: Any, y: Any, classes: Any = None) -> Self:  # noqa: N803
        """Learn once from samples `X` (n, n_0) with labels `y` (n,), in their order, at the rates of the next epoch.

        The first call needs all `classes`, unless `y` has them; a later one may name the same again."""
        first = not hasattr(self, "network_")
        with self._all_or_nothing():
            raw, y = _validated(self, X, y, reset=first)
            if first:
                inputs, labels = self._begin(raw, y, y if classes is None else np.asarray(classes))
            else:
                self._check_the_same(classes)
                inputs, labels = self._quantised(raw), numbers_of(y, self.classes_)
            specification = self.network_.specification
            signs = epoch_signs(specification, self.n_epochs_, len(labels))
            once = Batch(inputs, labels, specification.shifts_at(self.n_epochs_), signs)
            found = self._learn([once], inputs, labels)
        if len(labels) >= _TELLING:
            warn_unlearned(found)
        return self

    def predict(self, X: Any) -> np.ndarray:  # noqa: N803
        """Labels for samples `X` (n, n_0)."""
        check_is_fitted(self)
        raw: Any = validate_data(self, X, reset=False)
        inputs = self._quantised(raw)
        machine = self._machine()
        try:
            return self.classes_[machine.infer(inputs).classes]
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Give the board back. A later call opens it again, with what was learned."""
        if self._workplace is not None:
            self._workplace.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __getstate__(self) -> dict[str, Any]:
        # A copy opens the board for itself.
        state: dict[str, Any] = super().__getstate__()  # pyright: ignore[reportAssignmentType] (object, it says)
        return {name: value for name, value in state.items() if name != "_workplace"}

    @contextmanager
    def _all_or_nothing(self) -> Iterator[None]:
        """Where the block fails, the fitted attributes are again those before it, and a machine that had begun to learn
        is given back: the next call opens it and loads what they hold."""
        before = self._fitted()
        try:
            yield
        except BaseException:
            for name in self._fitted():
                delattr(self, name)
            vars(self).update(before)
            if self._workplace is not None:
                self._workplace.give_up_learning()
            raise

    def _fitted(self) -> dict[str, Any]:
        """scikit-learn's fitted attributes."""
        return {name: value for name, value in vars(self).items() if name.endswith("_")}

    def _begin(self, raw: np.ndarray, y: np.ndarray, classes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Begin with the network before the first sample; quantised inputs, and labels as numbers of outputs."""
        self.classes_ = np.unique(classes)
        self.n_epochs_ = 0
        self.network_ = Network.initial(self._wanted())
        inputs = self._quantised(raw)
        outputs = self.network_.specification.classes
        if len(self.classes_) != outputs:
            raise CepropError(f"labels of {len(self.classes_)} classes: the network has {outputs} outputs, one a class")
        return inputs, numbers_of(y, self.classes_)

    def _learn(self, passes: Iterable[Batch], inputs: np.ndarray, labels: np.ndarray) -> Evaluation:
        """Learn, and keep what was learned; how well the network knows the same samples now."""
        workplace = self._workplace = self._workplace or Workplace()
        machine = self._machine()
        workplace.begin_to_learn()
        for batch in passes:
            machine.learn(batch)
            self.n_epochs_ += 1
        # A board's network has the board's array in its specification; what was learned is the same on all.
        network = replace(machine.read_back(), specification=self.network_.specification)
        found = evaluate(network, inputs, labels)
        # Of samples of one class even the best network says the same.
        if np.ptp(labels) > 0:
            check_divergence(network, inputs, found, self.n_epochs_ - 1)
        self.network_ = network
        workplace.holds(network)
        return found

    def _machine(self) -> Machine:
        """The machine where the parameters say, holding the network as it is now."""
        workplace = self._workplace = self._workplace or Workplace()
        place = place_of(self.port, self.board, self.baud, self.line_noise, self.build)
        return workplace.machine(place, self.network_)

    def _wanted(self) -> Specification:
        """The specification that the parameter names."""
        if isinstance(self.specification, Specification):
            return self.specification
        return Specification.load(Path(self.specification or bundled_specification("digits")))

    def _check_the_same(self, classes: Any) -> None:
        """Refuse to go on with other classes, or with another network, than learning began with."""
        if classes is not None and not np.array_equal(np.unique(classes), self.classes_):
            named = np.unique(classes).tolist()
            raise CepropError(f"classes = {named}: learning began with {self.classes_.tolist()}; fit begins anew")
        if self._wanted().learning_digest != self.network_.specification.learning_digest:
            raise CepropError("specification: another one than learning began with; fit begins anew")

    def _quantised(self, raw: np.ndarray) -> np.ndarray:
        """Raw samples as inputs of the network."""
        whole = self._whole(raw)
        inputs = quantise(self.network_.specification, whole)
        warn_outside_range(self.network_.specification, whole)
        return inputs

    def _whole(self, raw: np.ndarray) -> np.ndarray:
        return whole_numbers(raw)


def _validated(learner: CepClassifier, x: Any, y: Any, *, reset: bool = True) -> tuple[Any, Any]:
    """Samples and labels, checked as scikit-learn checks them."""
    raw, labels = validate_data(learner, x, y, reset=reset)
    check_classification_targets(labels)
    return raw, labels
