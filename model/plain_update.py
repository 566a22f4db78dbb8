"""The learning rules of the readable golden model (docs/numerics.md, 5): one update of all weights and biases from two
sets of states."""

from collections.abc import Sequence

import numpy as np

from ceprop.model.network import Network
from ceprop.model.numbers import input_pattern, update, update_bias

States = list[np.ndarray]
"""States of layers 1 to L, int64 (n_l,) each."""


def learn(network: Network, x: np.ndarray, old: States, new: States, shifts: Sequence[int], negative: bool) -> int:
    """Update all weights and biases from the states `old` and `new`. Returns the number of saturations.

    With continual learning, these are the states before and after one step. Otherwise they are the states at the end of
    the free phase and at the end of the nudged phase. `x` are the n_0 inputs, `shifts` the rate shifts of the
    connections, and `negative` tells whether the nudge is negative.
    """
    specification = network.specification
    sign = -1 if negative else 1
    generators = [generator.astype(np.int64) for generator in network.generators]
    pattern = input_pattern(specification, np.arange(len(x)))
    saturations = 0
    for connection, shift in zip(specification.connections, shifts, strict=True):
        here = connection - 1
        constant = sign * (new[here] - old[here]) << specification.formats.state_bits
        moved, lost = update_bias(
            specification, connection, network.biases[here].astype(np.int64), constant, generators[here], shift
        )
        network.biases[here][:] = moved
        saturations += int(np.count_nonzero(lost))
        dither = np.bitwise_xor.outer(generators[here], generators[here - 1] if here else pattern)
        for weights, difference in _differences(network, connection, x, old, new):
            moved, lost = update(specification, connection, weights.astype(np.int64), sign * difference, dither, shift)
            weights[:] = moved
            saturations += int(np.count_nonzero(lost))
    return saturations


def _differences(
    network: Network, connection: int, x: np.ndarray, old: States, new: States
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the weight sets of a connection, each (n_l, n_{l-1}), with their `D` of the same shape."""
    here, below = connection - 1, connection - 2
    weights = network.weights[here]
    if connection == 1:
        return [(weights, np.multiply.outer(new[here] - old[here], x))]
    if network.backward:
        forward = np.multiply.outer(new[here] - old[here], old[below])
        backward = np.multiply.outer(old[here], new[below] - old[below])
        return [(weights, forward), (network.backward[below], backward)]
    return [(weights, np.multiply.outer(new[here], new[below]) - np.multiply.outer(old[here], old[below]))]
