"""The hand-written BPTT against central finite differences, step by step."""

from collections.abc import Callable
from itertools import product

import numpy as np
import pytest

from ceprop.model.reference.bptt import backpropagate, contribution, free_trajectory, truncated_gradient
from ceprop.model.reference.dynamics import States, begin, input_drive, signals, step
from ceprop.model.reference.network import ReferenceNetwork
from ceprop.model.reference.settings import Settings

STEPS, BATCH, DELTA = 5, 2, 1e-6
SHAPES = ((4, 3), (3, 4, 4, 2), (3, 3, 4, 3, 2))
KINDS = list(
    product(
        ("prototypical", "energy-based", "consistent"),
        ("sigmoid", "hard-sigmoid", "tanh"),
        ("c-ep", "c-vf"),
        (False, True),
    )
)


def network_of(setting: str, activation: str, rule: str, clip: bool, layers: tuple[int, ...]) -> ReferenceNetwork:
    settings = Settings.of(
        layers=layers, setting=setting, activation=activation, rule=rule, clip=clip, free_steps=STEPS, nudged_steps=1,
        beta=1, rates=(0,) * (len(layers) - 1), dt=1 if setting == "prototypical" else 0.3, precision="float64",
        angle=70 if rule == "c-vf" else 0, seed=3,
    )  # fmt: skip
    return ReferenceNetwork.initial(settings)


def loss_from(networks: list[ReferenceNetwork], states: States, targets: np.ndarray) -> float:
    """The loss at the end of one step a network from `states`."""
    for network in networks:
        states = step(network, input_drive(network, states), states, signals(network, states))
    return 0.5 * float(np.sum((targets - states[-1]) ** 2))


def finite_difference(loss: Callable[[], float], array: np.ndarray) -> np.ndarray:
    """The gradient of `loss` with respect to an array that it reads."""
    found = np.zeros_like(array)
    for index in np.ndindex(array.shape):
        kept = array[index]
        values = []
        for moved in (kept + DELTA, kept - DELTA):
            array[index] = moved
            values.append(loss())
        array[index] = kept
        found[index] = (values[0] - values[1]) / (2 * DELTA)
    return found


def trajectory_of(network: ReferenceNetwork, random: np.random.Generator) -> list[States]:
    """A free phase from the middle of the activations, where hard ones have a slope too."""
    layers = network.settings.layers
    states = begin(network, random.uniform(0, 1, (BATCH, layers[0])))
    states = [states[0], *(random.uniform(0.2, 0.8, (BATCH, units)) for units in layers[1:])]
    trajectory = [states]
    for _ in range(STEPS):
        states = step(network, input_drive(network, states), states, signals(network, states))
        trajectory.append(states)
    return trajectory


@pytest.mark.parametrize("layers", SHAPES, ids=str)
@pytest.mark.parametrize(("setting", "activation", "rule", "clip"), KINDS)
def test_every_step(setting: str, activation: str, rule: str, clip: bool, layers: tuple[int, ...]) -> None:
    network = network_of(setting, activation, rule, clip, layers)
    random = np.random.default_rng(1)
    trajectory, targets = trajectory_of(network, random), random.uniform(0, 1, (BATCH, layers[-1]))
    pasts = list(backpropagate(network, trajectory, targets))
    assert len(pasts) == STEPS
    for t, past in enumerate(pasts):
        # A network of its own in step T - 1 - t, whose weights no other step reads.
        alone = network_of(setting, activation, rule, clip, layers)
        before, later = trajectory[STEPS - 1 - t], [network] * t
        found = contribution(network, [past])
        for l in network.settings.connections:
            after = [state.copy() for state in trajectory[STEPS - t]]
            numeric = finite_difference(lambda after=after, later=later: loss_from(later, after, targets), after[l])
            # On a corner of the hard sigmoid, where clipping puts states, there is no derivative to compare with.
            smooth = (after[l] > 0) & (after[l] < 1) if clip else np.full(after[l].shape, True)
            np.testing.assert_allclose(past.states[l - 1][smooth], numeric[smooth], atol=1e-8)

            def loss(alone: ReferenceNetwork = alone, later=later, before=before) -> float:
                return loss_from([alone, *later], before, targets)

            for name in ("forward", "biases", *(("backward",) if network.settings.asymmetric else ())):
                numeric = finite_difference(loss, getattr(alone, name)[l - 1])
                np.testing.assert_allclose(
                    getattr(found, name)[l - 1], numeric, atol=1e-8, err_msg=f"{name} {l}, t {t}"
                )


@pytest.mark.parametrize("setting", ["prototypical", "energy-based", "consistent"])
def test_total_gradient(setting: str) -> None:
    network = network_of(setting, "tanh", "c-ep", False, (4, 5, 3))
    random = np.random.default_rng(2)
    inputs, targets = random.uniform(0, 1, (BATCH, 4)), random.uniform(0, 1, (BATCH, 3))
    found = truncated_gradient(network, inputs, targets)
    for l in (1, 2):
        numeric = finite_difference(
            lambda: loss_from([network] * STEPS, begin(network, inputs), targets), network.forward[l - 1]
        )
        np.testing.assert_allclose(found.forward[l - 1], numeric, atol=1e-8)
        assert np.array_equal(found.backward[l - 1], found.forward[l - 1].T)


def test_truncated_gradient_sums_the_last_steps() -> None:
    network = network_of("prototypical", "sigmoid", "c-ep", False, (4, 5, 3))
    inputs, targets = np.full((1, 4), 0.3), np.eye(3)[:1]
    pasts = list(backpropagate(network, free_trajectory(network, inputs, STEPS), targets))
    for steps in (1, 3, STEPS):
        shares = [contribution(network, [past]).forward[0] for past in pasts[:steps]]
        np.testing.assert_allclose(truncated_gradient(network, inputs, targets, steps).forward[0], sum(shares))
    assert len(free_trajectory(network, inputs, 3)) == 4
