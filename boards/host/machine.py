"""What learns: a board, or the golden model in its place."""

from typing import Protocol

import numpy as np

from ceprop.boards.host.results import Predictions
from ceprop.boards.host.sequence import Batch
from ceprop.common.report import Advance
from ceprop.model import Network, Records, run_samples
from ceprop.specification import Specification


def unwatched(done: int, total: int) -> None:
    """For a caller that shows no progress."""


class Machine(Protocol):
    """A network that learns somewhere; the same calls give the same bits everywhere."""

    def load(self, network: Network, advance: Advance = unwatched) -> None:
        """Replace weights, biases and generators."""
        ...

    def read_back(self, advance: Advance = unwatched) -> Network:
        """The network as it is now."""
        ...

    def learn(self, batch: Batch, advance: Advance = unwatched) -> Predictions:
        """Learn from a batch, sample after sample; the predictions before each."""
        ...

    def infer(self, inputs: np.ndarray, advance: Advance = unwatched) -> Predictions:
        """Predictions for quantised `inputs` (n, n_0); the network stays as it is."""
        ...


class ModelMachine:
    """The golden model as a :class:`Machine`."""

    def __init__(self, specification: Specification):
        self._network = Network.initial(specification)

    def load(self, network: Network, advance: Advance = unwatched) -> None:
        """As :class:`Machine` describes."""
        self._network = network.copy()

    def read_back(self, advance: Advance = unwatched) -> Network:
        """As :class:`Machine` describes."""
        return self._network.copy()

    def learn(self, batch: Batch, advance: Advance = unwatched) -> Predictions:
        """As :class:`Machine` describes."""
        return predictions_of(learn_with_model(self._network, batch))

    def infer(self, inputs: np.ndarray, advance: Advance = unwatched) -> Predictions:
        """As :class:`Machine` describes."""
        return predictions_of(infer_with_model(self._network, inputs))


def learn_with_model(network: Network, batch: Batch) -> Records:
    """Let `network` learn from a batch in the golden model."""
    return run_samples(network, batch.inputs, batch.labels, shifts=batch.shifts, negatives=batch.negatives)


def infer_with_model(network: Network, inputs: np.ndarray) -> Records:
    """Show the golden model quantised `inputs` (n, n_0)."""
    return run_samples(network, inputs, None, shifts=network.specification.largest_shifts)


def predictions_of(records: Records) -> Predictions:
    """What a board says of the same samples."""
    return Predictions(records.predictions, records.ties.astype(bool))
