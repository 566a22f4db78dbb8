"""The energy of the prototypical setting in floating point: every alternating free half-step lowers it."""

from itertools import pairwise

import numpy as np
import pytest

from ceprop.model.reference import ReferenceNetwork, Settings
from ceprop.model.reference.dynamics import States, begin, free_half_steps, input_drive


def network_of(activation: str, layers: tuple[int, ...], size: float, order: str = "alternating") -> ReferenceNetwork:
    """A network whose weights are `size` times the usual ones."""
    settings = Settings.of(
        layers=layers, activation=activation, free_steps=300, nudged_steps=1, beta=0.5, rates=(0,) * (len(layers) - 1),
        precision="float64", seed=6, order=order,
    )  # fmt: skip
    network = ReferenceNetwork.initial(settings)
    for array in (*network.forward, *network.biases):
        array *= size
    return network


def cost(activation: str, s: np.ndarray) -> np.ndarray:
    """`R` of every state, the integral of the inverse of the activation from 0."""
    if activation == "hard-sigmoid":
        return s * s / 2
    # The limits at the ends of the range are taken with the smallest number above 0.
    tiny = np.finfo(float).tiny
    if activation == "tanh":
        up, down = np.maximum(1 + s, tiny), np.maximum(1 - s, tiny)
        return (up * np.log(up) + down * np.log(down)) / 2
    s, rest = np.maximum(s, tiny), np.maximum(1 - s, tiny)
    return s / 2 + (s * np.log(s) + rest * np.log(rest)) / 4


def energy_of(network: ReferenceNetwork, states: States) -> float:
    total = 0.0
    for l, (weights, biases) in enumerate(zip(network.forward, network.biases, strict=True), 1):
        total += float(cost(network.settings.activation, states[l]).sum() - (states[l] @ biases).sum())
        total -= float(np.sum(states[l] * (states[l - 1] @ weights.T)))
    return total


def run(network: ReferenceNetwork) -> tuple[np.ndarray, np.ndarray]:
    """The energies before the phase and after every half-step of it, and the squared change of the states in each."""
    start = begin(network, np.random.default_rng(2).random((1, network.settings.layers[0])))
    states = [start, *free_half_steps(network, input_drive(network, start), start)]
    changes = [sum(float(np.sum((a - b) ** 2)) for a, b in zip(*pair, strict=True)) for pair in pairwise(states)]
    return np.array([energy_of(network, one) for one in states]), np.array(changes)


@pytest.mark.parametrize("activation", ["sigmoid", "hard-sigmoid", "tanh"])
@pytest.mark.parametrize("layers", [(8, 12, 5), (8, 12, 9, 5), (8, 12, 9, 7, 5)], ids=str)
@pytest.mark.parametrize("size", [1.0, 4.0, 20.0])
def test_a_half_step_lowers_the_energy_by_half_the_square_of_its_change(
    activation: str, layers: tuple[int, ...], size: float
) -> None:
    """The slope of all three activations is at most 1, so the curvature of the energy along a state is at least 1."""
    energies, changes = run(network_of(activation, layers, size))
    assert (energies[:-1] - energies[1:] >= changes / 2 - 1e-12 * np.abs(energies).max()).all()
    assert changes.sum() > 1e-2
    # What is lowered is bounded, so the changes tend to 0.
    assert changes[-2:].max() < 1e-6 * changes.max()


def test_in_synchronous_order_the_energy_rises() -> None:
    rises = {}
    for order in ("synchronous", "alternating"):
        energies, _ = run(network_of("hard-sigmoid", (8, 12, 5), 20.0, order))
        rises[order] = float(np.diff(energies).max())
    assert rises["synchronous"] > 1e-3
    assert rises["alternating"] <= 1e-9
