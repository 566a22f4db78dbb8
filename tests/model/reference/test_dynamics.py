"""States of the float reference against the paper's equations, written out unit by unit."""

import math
from typing import Any

import numpy as np
import pytest

from ceprop import Specification
from ceprop.model.reference import ReferenceNetwork, Settings, dynamics
from ceprop.model.reference.activations import activate, curvature, slope
from ceprop.model.reference.dynamics import begin, free_end, free_phase, input_drive, signals, step

KINDS = ("sigmoid", "hard-sigmoid", "tanh")
# The layers, the order, whether the step is nudged, and the layers that are then computed together, in order.
HALVES = (
    ((4, 3, 5, 2), "synchronous", True, ((1, 2, 3),)),
    ((4, 3, 5, 2), "alternating", True, ((1, 3), (2,))),
    ((4, 3, 5, 2), "alternating", False, ((1, 3), (2,))),
    ((4, 3, 5, 3, 2), "alternating", True, ((2, 4), (1, 3))),
    ((4, 3, 5, 3, 2), "alternating", False, ((1, 3), (2, 4))),
    ((4, 3, 2), "alternating", True, ((2,), (1,))),
    ((4, 2), "alternating", True, ((1,),)),
)


def rho(kind: str, a: float) -> float:
    """The activations as the paper writes them."""
    if kind == "sigmoid":
        return 1 / (1 + math.exp(-4 * (a - 0.5)))
    return min(max(a, 0.0), 1.0) if kind == "hard-sigmoid" else math.tanh(a)


@pytest.mark.parametrize("kind", KINDS)
def test_activations_and_their_derivatives(kind: str) -> None:
    a = np.linspace(-1.95, 2.95, 50)
    value = activate(kind, a.copy())
    np.testing.assert_allclose(value, [rho(kind, x) for x in a], atol=1e-15)
    h = 1e-4
    above, below = activate(kind, a + h), activate(kind, a - h)
    np.testing.assert_allclose(slope(kind, value), (above - below) / (2 * h), atol=1e-6)
    np.testing.assert_allclose(curvature(kind, value), (above - 2 * value + below) / h**2, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("setting", ["prototypical", "energy-based", "consistent"])
@pytest.mark.parametrize("rule", ["c-ep", "c-vf"])
@pytest.mark.parametrize("clip", [False, True])
@pytest.mark.parametrize(("layers", "order", "nudged", "halves"), HALVES)
def test_a_step_is_the_papers(
    kind: str, setting: str, rule: str, clip: bool, layers: tuple[int, ...], order: str, nudged: bool, halves: Any
) -> None:
    """Layers that are computed together read the same states. Those of the second half read the states that the first
    half has just taken, and the nudge reads the outputs before the step."""
    last = len(layers) - 1
    settings = Settings.of(
        layers=layers, rule=rule, setting=setting, activation=kind, clip=clip, free_steps=3, nudged_steps=1, beta=0.5,
        dt=0.3, rates=(0.1,) * last, angle=60.0 if rule == "c-vf" else 0.0, precision="float64", seed=3, order=order,
    )  # fmt: skip
    network = ReferenceNetwork.initial(settings)
    random = np.random.default_rng(5)
    inputs, targets = random.random((2, 4)), np.eye(2)
    states = begin(network, inputs)
    states[1:] = [random.random(state.shape) for state in states[1:]]
    drive = input_drive(network, states)
    nudge = settings.beta * (targets - states[-1]) if nudged else None
    found = step(network, drive, states, signals(network, states), nudge)
    for sample in range(2):
        s = [inputs[sample], *(state[sample] for state in states[1:])]
        for half in halves:
            new = list(s)
            for l in half:
                pull = np.zeros(layers[l]) if nudge is None or l < last else nudge[sample]
                new[l] = np.array([one_unit(network, s, l, i, pull[i]) for i in range(layers[l])])
            s = new
        for l in range(1, last + 1):
            np.testing.assert_allclose(found[l][sample], s[l], atol=1e-14)


def one_unit(network: ReferenceNetwork, s: list[np.ndarray], l: int, i: int, nudge: float) -> float:
    """The new state of unit `i` of layer `l`, one sum at a time."""
    settings = network.settings
    prototypical, kind = settings.setting == "prototypical", settings.activation

    def sent(state: float) -> float:
        return state if prototypical else rho(kind, state)

    total = network.biases[l - 1][i]
    total += sum(network.forward[l - 1][i, j] * sent(s[l - 1][j]) for j in range(len(s[l - 1])))
    if l + 1 < len(s):
        above = network.backward[l] if settings.asymmetric else network.forward[l].T
        total += sum(above[i, k] * sent(s[l + 1][k]) for k in range(len(s[l + 1])))
    if prototypical:
        new = rho(kind, total) + nudge
    else:
        plain = settings.asymmetric or (l == len(s) - 1 and settings.setting == "energy-based")
        gain = 1.0 if plain else float(slope(kind, np.array(rho(kind, s[l][i]))))
        new = s[l][i] + settings.dt * (-s[l][i] + gain * total + nudge)
    return min(max(new, 0.0), 1.0) if settings.clip else new


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("steps", [1, 2, 3, 9, 10, 11, 18, 19, 60, 61])
@pytest.mark.parametrize("order", ["synchronous", "alternating"])
def test_a_free_phase_that_ends_early_ends_in_the_same_bits(precision: str, steps: int, order: str) -> None:
    settings = Settings.of(
        layers=(30, 20, 10), free_steps=steps, nudged_steps=1, beta=0.5, rates=(0.1, 0.1), precision=precision, seed=2,
        order=order,
    )  # fmt: skip
    network = ReferenceNetwork.initial(settings)
    states = begin(network, np.random.default_rng(1).random((4, 30)))
    drive = input_drive(network, states)
    every = [states, *free_phase(network, drive, states)]
    for found, expected in zip(free_end(network, drive, states), (every[-1], every[-2]), strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(found, expected, strict=True))


def test_a_free_phase_of_period_2_keeps_the_parity_of_its_last_step() -> None:
    swinging = []
    for steps in (40, 41):
        settings = Settings.of(
            layers=(3, 1, 1), free_steps=steps, nudged_steps=1, beta=0.5, rates=(0.1, 0.1), activation="hard-sigmoid",
            precision="float64",
        )  # fmt: skip
        network = ReferenceNetwork.initial(settings)
        network.forward[1][:] = -4.0
        for biases in network.biases:
            biases[:] = 2.5
        states = begin(network, np.zeros((1, 3)))
        drive = input_drive(network, states)
        *_, expected = free_phase(network, drive, states)
        found, _ = free_end(network, drive, states)
        assert [a.tolist() for a in found[1:]] == [b.tolist() for b in expected[1:]]
        swinging.append(found[1][0, 0])
    assert swinging[0] != swinging[1]


def test_an_alternating_free_phase_ends_early(monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes about half the steps of the synchronous one, and then no further step is computed."""
    taken = {}
    for order in ("synchronous", "alternating"):
        settings = Settings.of(layers=(30, 20, 10), free_steps=500, nudged_steps=1, beta=0.5, rates=(0, 0), order=order)
        network = ReferenceNetwork.initial(settings)
        states = begin(network, np.random.default_rng(1).random((4, 30)))
        steps = []
        monkeypatch.setattr(dynamics, "step", lambda *a, steps=steps: steps.append(a) or step(*a))
        free_end(network, input_drive(network, states), states)
        taken[order] = len(steps)
    assert taken["alternating"] <= taken["synchronous"] / 2 + 1
    assert taken["synchronous"] < 100


@pytest.mark.parametrize("layers", [(4, 2), (4, 3, 2), (4, 3, 3, 2), (4, 3, 3, 3, 2)])
@pytest.mark.parametrize("order", ["synchronous", "alternating"])
def test_the_halves_are_those_of_a_specification(layers: tuple[int, ...], order: str) -> None:
    rates = (0.1,) * (len(layers) - 1)
    ours = Settings.of(layers=layers, free_steps=3, nudged_steps=1, beta=0.5, rates=rates, order=order)
    shifts = [8] * len(rates)
    theirs = Specification.from_mapping({"layers": layers, "phases": {"order": order}, "update": {"shifts": shifts}})
    assert (ours.alternating, ours.free_halves, ours.nudged_halves) == (
        theirs.alternating, theirs.free_halves, theirs.nudged_halves
    )  # fmt: skip
