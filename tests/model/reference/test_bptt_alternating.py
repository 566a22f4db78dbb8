"""The hand-written BPTT in alternating order against PyTorch's own differentiation, half-step by half-step."""

from itertools import product
from typing import Any

import numpy as np
import pytest
import torch

from ceprop.model.reference.bptt import backpropagate, contribution, free_trajectory, truncated_gradient
from ceprop.model.reference.dynamics import States, begin, free_phase, half_step, input_drive, signals
from ceprop.model.reference.network import ReferenceNetwork
from ceprop.model.reference.settings import Settings

STEPS, BATCH = 3, 2
SHAPES = ((4, 5, 3), (3, 4, 4, 2), (3, 3, 4, 3, 2))
KINDS = list(
    product(
        ("prototypical", "energy-based", "consistent"),
        ("sigmoid", "hard-sigmoid", "tanh"),
        ("c-ep", "c-vf"),
        (False, True),
    )
)


def network_of(
    layers: tuple[int, ...], setting: str, activation: str = "tanh", rule: str = "c-ep", clip: bool = False
) -> ReferenceNetwork:
    settings = Settings.of(
        layers=layers, setting=setting, activation=activation, rule=rule, clip=clip, free_steps=STEPS, nudged_steps=1,
        beta=1, rates=(0,) * (len(layers) - 1), dt=1 if setting == "prototypical" else 0.3, precision="float64",
        angle=70 if rule == "c-vf" else 0, seed=3, order="alternating",
    )  # fmt: skip
    return ReferenceNetwork.initial(settings)


def rho(kind: str, a: torch.Tensor) -> torch.Tensor:
    return {"sigmoid": lambda: torch.sigmoid(4 * a - 2), "hard-sigmoid": lambda: a.clamp(0, 1), "tanh": a.tanh}[kind]()


def gain(kind: str, s: torch.Tensor) -> torch.Tensor:
    """The slope of the activation at `s`, of which a gradient can be taken."""
    if kind == "hard-sigmoid":
        return ((s > 0) & (s < 1)).to(s.dtype)
    return 1 - s.tanh() ** 2 if kind == "tanh" else 4 * rho(kind, s) * (1 - rho(kind, s))


class Unrolled:
    """A free phase from given states, of which every half-step has parameters of its own. `made[k]` are the new states
    of half-step `k` by layer, and `parameters[k]` are its forward weights, backward weights and biases."""

    def __init__(self, network: ReferenceNetwork, start: States, half_steps: int) -> None:
        self.settings = network.settings
        odd_layers = list(range(1, len(start), 2))
        even_layers = list(range(2, len(start), 2))
        self.start = [torch.tensor(state).requires_grad_() for state in start]
        self.trajectory = [start]
        self.made: list[dict[int, torch.Tensor]] = []
        self.parameters: list[list[list[torch.Tensor]]] = []
        states = self.start
        for k in range(half_steps):
            kinds = (network.forward, network.backward, network.biases)
            self.parameters.append([[torch.tensor(one).requires_grad_() for one in kind] for kind in kinds])
            half = even_layers if k % 2 else odd_layers
            self.made.append({l: self._new(states, l, *self.parameters[-1]) for l in half})
            for state in self.made[-1].values():
                state.retain_grad()
            states = [self.made[-1].get(l, state) for l, state in enumerate(states)]
            self.trajectory.append([state.detach().numpy() for state in states])

    def _new(self, s: list[torch.Tensor], l: int, forward: Any, backward: Any, biases: Any) -> torch.Tensor:
        chosen = self.settings
        kind, prototypical = chosen.activation, chosen.setting == "prototypical"

        def sent(m: int) -> torch.Tensor:
            return s[m] if prototypical or m == 0 else rho(kind, s[m])

        total = sent(l - 1) @ forward[l - 1].T + biases[l - 1]
        if l + 1 < len(s):
            total = total + sent(l + 1) @ backward[l].T
        if prototypical:
            new = rho(kind, total)
        else:
            plain = chosen.rule == "c-vf" or (l == len(s) - 1 and chosen.setting == "energy-based")
            new = s[l] + chosen.dt * (-s[l] + (1 if plain else gain(kind, s[l])) * total)
        return new.clamp(0, 1) if chosen.clip else new

    def contribution_of(self, half_steps: list[int]) -> list[list[np.ndarray]]:
        """The gradients of the parameters of some half-steps together."""
        found = []
        for kind in range(3):
            lists = [self.parameters[k][kind] for k in half_steps]
            found.append([sum(gradient_of(one) for one in ones) for ones in zip(*lists, strict=True)])
        return found


def gradient_of(tensor: torch.Tensor) -> np.ndarray:
    return np.zeros(tensor.shape) if tensor.grad is None else tensor.grad.numpy()


@pytest.mark.parametrize("layers", SHAPES, ids=str)
@pytest.mark.parametrize(("setting", "activation", "rule", "clip"), KINDS)
def test_every_half_step(setting: str, activation: str, rule: str, clip: bool, layers: tuple[int, ...]) -> None:
    """Pairs of half-steps run backwards from the last one that computes the outputs. With odd outputs, the phase ends
    with a half-step that has no influence, and the last pair is completed by the initial states."""
    network = network_of(layers, setting, activation, rule, clip)
    random = np.random.default_rng(1)
    start = [*begin(network, random.uniform(0, 1, (BATCH, layers[0])))[:1]]
    # The middle of the activations, where hard ones have a slope too.
    start += [random.uniform(0.2, 0.8, (BATCH, units)) for units in layers[1:]]
    targets = random.uniform(0, 1, (BATCH, layers[-1]))
    unrolled = Unrolled(network, start, 2 * STEPS)
    last = len(layers) - 1
    end = 2 * STEPS - (1 if last % 2 == 0 else 2)
    assert last in unrolled.made[end]
    (0.5 * ((torch.tensor(targets) - unrolled.made[end][last]) ** 2).sum()).backward()
    pasts = list(backpropagate(network, unrolled.trajectory, targets))
    assert len(pasts) == STEPS
    for t, past in enumerate(pasts):
        pair = [k for k in (end - 2 * t, end - 2 * t - 1) if k >= 0]
        made = dict(enumerate(unrolled.start))
        for k in pair:
            made |= unrolled.made[k]
        for l in network.settings.connections:
            np.testing.assert_allclose(past.states[l - 1], gradient_of(made[l]), atol=1e-12, err_msg=f"t {t}, {l}")
        found, expected = contribution(network, [past]), unrolled.contribution_of(pair)
        if not network.settings.asymmetric:
            expected[0] = [one + other.T for one, other in zip(expected[0], expected[1], strict=True)]
            expected[1] = [both.T for both in expected[0]]
        for name, arrays in zip(("forward", "backward", "biases"), expected, strict=True):
            for one, other in zip(getattr(found, name), arrays, strict=True):
                np.testing.assert_allclose(one, other, atol=1e-12, err_msg=f"{name}, t {t}")
        if activation != "hard-sigmoid" and not clip:
            assert all(any(gradient_of(state).any() for state in unrolled.made[k].values()) for k in pair)


@pytest.mark.parametrize("layers", SHAPES, ids=str)
@pytest.mark.parametrize("setting", ["prototypical", "energy-based", "consistent"])
def test_the_gradient_of_all_steps_is_that_of_the_whole_phase(setting: str, layers: tuple[int, ...]) -> None:
    network = network_of(layers, setting)
    random = np.random.default_rng(2)
    inputs, targets = random.uniform(0, 1, (BATCH, layers[0])), random.uniform(0, 1, (BATCH, layers[-1]))
    unrolled = Unrolled(network, begin(network, inputs), 2 * STEPS)
    outputs = [made[len(layers) - 1] for made in unrolled.made if len(layers) - 1 in made]
    (0.5 * ((torch.tensor(targets) - outputs[-1]) ** 2).sum()).backward()
    found = truncated_gradient(network, inputs, targets)
    forward, backward, biases = unrolled.contribution_of(list(range(2 * STEPS)))
    for l in range(len(layers) - 1):
        np.testing.assert_allclose(found.forward[l], forward[l] + backward[l].T * (l > 0), atol=1e-12)
        np.testing.assert_allclose(found.biases[l], biases[l], atol=1e-12)


@pytest.mark.parametrize("order", ["synchronous", "alternating"])
@pytest.mark.parametrize("layers", [(6, 5, 3), (6, 5, 4, 3)], ids=str)
@pytest.mark.parametrize("free_steps", [1, 2, 20, 60, 61, 200])
def test_a_trajectory_at_rest_is_filled_up_with_the_same_bits(
    order: str, layers: tuple[int, ...], free_steps: int
) -> None:
    network = network_of(layers, "prototypical", "sigmoid")
    network = network.under(network.settings.but(order=order, free_steps=free_steps))
    start = begin(network, np.full((1, 6), 0.4))
    drive = input_drive(network, start)
    every, states = [start], start
    halves = network.settings.free_halves
    for k in range(free_steps * len(halves)):
        states = half_step(network, drive, states, signals(network, states), halves[k % len(halves)])
        every.append(states)
    *_, last = free_phase(network, drive, start)
    for steps in (1, 7, free_steps):
        found = free_trajectory(network, np.full((1, 6), 0.4), steps)
        assert len(found) >= min(steps, free_steps) * len(halves) + 1
        for one, other in zip(found, every[-len(found) :], strict=True):
            assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
        assert all(np.array_equal(a, b) for a, b in zip(found[-1], last, strict=True))
