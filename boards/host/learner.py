"""A classifier in scikit-learn's form, whose network learns on a board, in a simulated one, or in the golden model."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from ceprop.boards.host.machine import Machine, ModelMachine
from ceprop.boards.host.sequence import Batch, batches
from ceprop.boards.host.session import BAUD, Place, open_board
from ceprop.bundled import bundled_specification
from ceprop.errors import CepropError
from ceprop.model import Network, epoch_signs, quantise
from ceprop.specification import Specification

MODEL = "model"
"""In place of a port: the golden model alone."""


_OPEN = ("_machine", "_resources")


class CepClassifier(ClassifierMixin, BaseEstimator):
    """A network that learns by Equilibrium Propagation; the same bits on every machine.

    Samples are raw, whole numbers (n, n_0), which the specification's quantiser takes, in as many classes as the
    network has outputs. A board is opened by the first call that needs it and kept until :meth:`close`; the object is
    a context manager that closes it. Raises :class:`CepropError` for samples, classes, or a board that do not suit the
    specification.

    Parameters
    ----------
    specification : Specification, path or None
        The network; None is the bundled digits example.
    port : str
        `model`, `sim`, the device of a serial port, or the URL of an adapter for SPI.
    board, baud, line_noise, build
        As :class:`Place` has them.
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

    _machine: Machine | None = None
    _resources: ExitStack | None = None

    def fit(self, X: Any, y: Any) -> Self:  # noqa: N803 (scikit-learn's name)
        """Learn from the beginning: `epochs` passes over samples `X` (n, n_0) with labels `y` (n,)."""
        raw, y = validate_data(self, X, y)
        inputs, labels = self._quantised(raw), self._begin(y, np.unique(y))
        for batch in batches(self._network, inputs, labels, self.epochs * len(labels)):
            self._learn(batch)
        return self._learned()

    def partial_fit(self, X: Any, y: Any, classes: Any = None) -> Self:  # noqa: N803
        """Learn once from samples `X` (n, n_0) with labels `y` (n,), in their order, at the rates of the next epoch.

        The first call needs all `classes`, unless `y` has them."""
        first = not hasattr(self, "network_")
        raw, y = validate_data(self, X, y, reset=first)
        inputs = self._quantised(raw)
        labels = self._begin(y, np.unique(y if classes is None else classes)) if first else self._numbers(y)
        signs = epoch_signs(self._network, self.n_epochs_, len(labels))
        self._learn(Batch(inputs, labels, self._network.shifts_at(self.n_epochs_), signs))
        return self._learned()

    def predict(self, X: Any) -> np.ndarray:  # noqa: N803
        """Labels for samples `X` (n, n_0)."""
        check_is_fitted(self)
        inputs = self._quantised(validate_data(self, X, reset=False))
        return self.classes_[self._opened().infer(inputs).classes]

    def close(self) -> None:
        """Give the board back. A later call opens it again, with what was learned."""
        if self._resources is not None:
            self._resources.close()
        self._machine = self._resources = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __getstate__(self) -> dict[str, Any]:
        # A copy opens the board for itself.
        state: dict[str, Any] = super().__getstate__()  # pyright: ignore[reportAssignmentType] (object, it says)
        return {name: value for name, value in state.items() if name not in _OPEN}

    # --- the network and its machine

    @property
    def _network(self) -> Specification:
        if isinstance(self.specification, Specification):
            return self.specification
        return Specification.load(Path(self.specification or bundled_specification("digits")))

    def _opened(self) -> Machine:
        """The machine, opened and loaded where it is not yet."""
        if self._machine is None:
            self._resources = ExitStack()
            self._machine = self._open(self._resources)
            self._machine.load(self.network_)
        return self._machine

    def _open(self, resources: ExitStack) -> Machine:
        if self.port == MODEL:
            return ModelMachine(self._network)
        place = Place(self.port, self.board, self.baud, self.line_noise, build=Path(self.build))
        driver = resources.enter_context(open_board(self._network, place))
        driver.reset()
        return driver

    def _begin(self, y: np.ndarray, classes: np.ndarray) -> np.ndarray:
        """Begin with the network before the first sample; the labels as numbers of outputs."""
        outputs = self._network.classes
        if len(classes) != outputs:
            raise CepropError(f"labels of {len(classes)} classes: the network has {outputs} outputs, one a class")
        self.classes_ = classes
        self.n_epochs_ = 0
        self.network_ = Network.initial(self._network)
        if self._machine is not None:
            self._machine.load(self.network_)
        return self._numbers(y)

    def _learn(self, batch: Batch) -> None:
        self._opened().learn(batch)
        self.n_epochs_ += 1

    def _learned(self) -> Self:
        self.network_ = self._opened().read_back()
        return self

    # --- samples

    def _quantised(self, raw: Any) -> np.ndarray:
        whole = raw.astype(np.int64)
        if not np.array_equal(whole, raw):
            raise CepropError("samples must be whole numbers, as the specification's quantiser takes them")
        return quantise(self._network, whole)

    def _numbers(self, y: np.ndarray) -> np.ndarray:
        """Labels as numbers of outputs, int64."""
        unknown = np.setdiff1d(y, self.classes_)
        if len(unknown):
            raise CepropError(f"label {unknown[0]}: not among the classes that were named first")
        return np.searchsorted(self.classes_, y).astype(np.int64)
