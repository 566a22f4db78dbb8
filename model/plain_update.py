"""The learning rules of the readable golden model (docs/numerics.md, 5): one update of all weights and biases from two
sets of states."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ceprop.model.network import Network
from ceprop.model.numbers import input_pattern, update, update_bias

States = list[np.ndarray]
"""States of layers 1 to L, int64 (n_l,) each."""


@dataclass(frozen=True)
class Update:
    """One update of a set of weights, or of the biases of a layer.

    Fields
    ------
    connection : int
        The connection of the weights, or the layer of the biases.
    kind : "weights", "backward weights" or "biases"
        What is updated.
    values : array
        The values before the update, int32: the array of the network itself.
    moved, lost : array
        The values after the update, int64, and which of them were saturated, bool.
    """

    connection: int
    kind: Literal["weights", "backward weights", "biases"]
    values: np.ndarray
    moved: np.ndarray
    lost: np.ndarray


def learn(network: Network, x: np.ndarray, old: States, new: States, shifts: Sequence[int], negative: bool) -> int:
    """Update all weights and biases from the states `old` and `new`. Returns the number of saturations. The arguments
    are those of :func:`updates`."""
    saturations = 0
    for each in updates(network, x, old, new, shifts, negative):
        each.values[:] = each.moved
        saturations += int(np.count_nonzero(each.lost))
    return saturations


def updates(
    network: Network, x: np.ndarray, old: States, new: States, shifts: Sequence[int], negative: bool
) -> Iterator[Update]:
    """Yield the updates of all weights and biases from the states `old` and `new`, without changing the network.

    With continual learning, these are the states before and after one step. Otherwise they are the states at the end of
    the free phase and at the end of the nudged phase. `x` are the n_0 inputs, `shifts` the rate shifts of the
    connections, and `negative` tells whether the nudge is negative.
    """
    specification = network.specification
    sign = -1 if negative else 1
    generators = [generator.astype(np.int64) for generator in network.generators]
    pattern = input_pattern(specification, np.arange(len(x)))
    for connection, shift in zip(specification.connections, shifts, strict=True):
        here = connection - 1
        constant = sign * (new[here] - old[here]) << specification.formats.state_bits
        biases = network.biases[here]
        moved, lost = update_bias(specification, connection, biases.astype(np.int64), constant, generators[here], shift)
        yield Update(connection, "biases", biases, moved, np.asarray(lost))
        dither = np.bitwise_xor.outer(generators[here], generators[here - 1] if here else pattern)
        kinds: tuple[Literal["weights"], Literal["backward weights"]] = ("weights", "backward weights")
        for kind, (weights, difference) in zip(kinds, _differences(network, connection, x, old, new), strict=False):
            moved, lost = update(specification, connection, weights.astype(np.int64), sign * difference, dither, shift)
            yield Update(connection, kind, weights, moved, np.asarray(lost))


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
