"""A check that stops a training run whose learning has diverged. A network that is saturated everywhere does not
recover."""

import numpy as np

from ceprop.common.errors import CepropError
from ceprop.model.evaluation import Evaluation
from ceprop.model.fast import run_sample
from ceprop.model.network import Network

_SHARE = 0.5
"""Share of the weights of a connection that must be at their limits."""

_SAMPLES = 100
"""Number of samples for which the states of the hidden layers are compared."""


class DivergenceError(CepropError):
    """Learning has saturated the network. The message names the epoch and the likely cause."""


def check_divergence(network: Network, inputs: np.ndarray, test: Evaluation, epoch: int) -> None:
    """Raise :class:`DivergenceError` if the network after `epoch` neither predicts nor can learn.

    `test` is the evaluation of the quantised `inputs`, uint16 (n, n_0). An error is raised if both of these conditions
    hold:

    - The network makes at least as many errors as a network that predicts the same class for every sample. Many weights
      of a narrow format lie at their limits in normal operation, so saturated weights alone do not prove divergence.
    - Half the weights of a connection are at their limits, or a hidden layer has the same states for every sample and
      all of them are at their limits. A network that has merely learnt little shows neither.

    The output layer is not examined, because its states may be equal at the beginning. The nudge changes them.
    """
    if test.errors < test.samples - test.confusion.sum(axis=1).max():
        return
    found = _saturated(network) or _dead(network, inputs[:_SAMPLES], test)
    if found:
        raise DivergenceError(
            f"learning diverged in epoch {epoch}: {found}; a larger update.shifts (a smaller rate) or more "
            "formats.weight_bits may help"
        )


def _saturated(network: Network) -> str:
    """Return a description of the first connection with too many weights at their limits, or an empty text if there is
    none."""
    limit = 1 << (network.specification.formats.weight_bits - 1)
    for connection, weights in enumerate(network.weights, 1):
        share = np.count_nonzero((weights == -limit) | (weights == limit - 1)) / weights.size
        if share >= _SHARE:
            return f"{100 * share:.0f} % of the weights of connection {connection} are at their limits"
    return ""


def _dead(network: Network, inputs: np.ndarray, test: Evaluation) -> str:
    """Return a description of the first hidden layer whose states do not depend on the inputs, or an empty text if
    there is none."""
    if np.count_nonzero(test.confusion.sum(axis=0)) > 1:
        return ""
    specification = network.specification
    records = [run_sample(network, x, None, shifts=specification.largest_shifts, trace=True) for x in inputs]
    states = np.array([record.states[-1] for record in records if record.states is not None])
    hidden = np.split(states, np.cumsum(specification.layers[1:-1]), axis=1)[:-1]
    for layer, block in enumerate(hidden, 1):
        if np.all(block == block[0]) and np.all((block == 0) | (block == (1 << specification.formats.state_bits) - 1)):
            return f"the states of layer {layer} are at their limits, the same for every sample"
    return ""
