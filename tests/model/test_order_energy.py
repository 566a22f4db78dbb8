"""Why an alternating free phase comes to rest: with one weight set, every half-step minimises an energy over one half
(docs/reference.md). The energies here are exact integers."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from ceprop import Specification
from ceprop.model import FreeEnd, Network, plain
from ceprop.model.numbers import activate

NEVER = float("inf")
LAYERS = ([6, 9, 5], [6, 9, 7, 5], [6, 8, 7, 6, 4])


def make(layers: list[int], order: str = "alternating", **fields: Any) -> Specification:
    chosen = {"kind": "hard-sigmoid", "state_bits": 8, "input_bits": 8, "fraction": 5, "rule": "c-ep", "most": 1023}
    chosen |= fields
    return Specification.from_mapping(
        {
            "layers": layers,
            "rule": chosen["rule"],
            "formats": {
                "state_bits": chosen["state_bits"], "input_bits": chosen["input_bits"], "weight_bits": 12,
                "weight_fraction": chosen["fraction"],
            },
            "activation": {"kind": chosen["kind"], "table_bits": 8},
            "phases": {"free_steps": chosen["most"], "nudged_steps": 1, "order": order},
            "update": {"shifts": [4] * (len(layers) - 1)},
        }
    )  # fmt: skip


def thresholds(specification: Specification, layer: int) -> list[float]:
    """For each state, the smallest sum that gives a larger one: `-inf` if every sum does, `inf` if none does."""
    states = np.arange(1 << specification.formats.state_bits)
    far = 1 << (specification.sum_fraction(layer) + 4)
    low, high = np.full(len(states), -far), np.full(len(states), far)
    always, never = activate(specification, layer, low) > states, activate(specification, layer, high) <= states
    while (high - low > 1).any():
        middle = (low + high) // 2
        larger = activate(specification, layer, middle) > states
        low, high = np.where(larger, low, middle), np.where(larger, middle, high)
    return [-NEVER if a else NEVER if n else int(v) for a, n, v in zip(always, never, high, strict=True)]


def costs(specification: Specification, layer: int) -> list[float]:
    """The convex `R` of a state: the sum of the thresholds below it, and `inf` for a state that no sum gives."""
    total, found = 0, []
    for threshold in thresholds(specification, layer):
        found.append(NEVER if threshold == -NEVER else total)
        total += threshold if threshold > -NEVER else 0
    return found


class Energy:
    """The energy of the states of a network, by its forward weights, an integer in units of `2^-(F_1 + S)`."""

    def __init__(self, network: Network, x: np.ndarray, every_cost: list[list[float]]) -> None:
        self.network = network
        self.formats = network.specification.formats
        self.drive = network.weights[0].astype(np.int64) @ x
        self.costs = every_cost

    def of(self, states: list[np.ndarray]) -> float:
        """The energy, and `inf` if a state is one that no sum gives, as the initial 0 may be."""
        state_bits, input_bits = self.formats.state_bits, self.formats.input_bits
        finest = max(state_bits, input_bits)
        total = -int(states[0] @ self.drive) << (finest - input_bits)
        for l, state in enumerate(states):
            cost = sum(self.costs[l][s] for s in state)
            if cost == NEVER:
                return NEVER
            pull = int(state @ self.network.biases[l].astype(np.int64)) << state_bits
            if l:
                pull += int(state @ self.network.weights[l].astype(np.int64) @ states[l - 1])
            # The sums of layer 1 may have more fraction bits than the others.
            total += cost - (pull << (finest - state_bits)) if l == 0 else (cost - pull) << (finest - state_bits)
        return total


def all_costs(specification: Specification) -> list[list[float]]:
    return [costs(specification, layer) for layer in specification.connections]


def energies_of(network: Network, x: np.ndarray) -> tuple[list[float], FreeEnd]:
    """The energies of :func:`half_steps`."""
    states, end = half_steps(network, x)
    energy = Energy(network, x, all_costs(network.specification))
    return [energy.of(one) for one in states], end


def half_steps(network: Network, x: np.ndarray) -> tuple[list[list[np.ndarray]], FreeEnd]:
    """The states from 0 on, after every half-step (after every step in synchronous order), and the end of the phase."""
    specification = network.specification
    record = plain.run_sample(network, x, None, shifts=specification.update.shifts, trace=True)
    assert record.states is not None
    found = [[np.zeros(units, np.int64) for units in specification.layers[1:]]]
    for row in record.states:
        new = np.split(row, np.cumsum(specification.layers[1:-1]))
        for half in specification.free_halves:
            found.append([new[l] if l + 1 in half else state for l, state in enumerate(found[-1])])
    return found, record.free_end


def random_network(specification: Specification, random: np.random.Generator, size: float) -> Network:
    """A network with weights and biases within `size`."""
    network = Network.initial(specification)
    limit = min(int(size * 2**specification.formats.weight_fraction), 2047)
    for array in (*network.weights, *network.biases, *network.backward):
        array[:] = random.integers(-limit, limit + 1, array.shape)
    return network


@pytest.mark.parametrize("kind", ["hard-sigmoid", "sigmoid"])
@pytest.mark.parametrize("formats", [(4, 8), (8, 8), (8, 5)], ids=str)
@pytest.mark.parametrize("layer", [1, 2])
def test_a_state_is_the_largest_minimiser(kind: str, formats: tuple[int, int], layer: int) -> None:
    """With `R` of :func:`costs`, no other state has a smaller `R(s) - v s`, and those with the same are smaller."""
    specification = make([6, 9, 5], kind=kind, state_bits=formats[0], input_bits=formats[1])
    cost = costs(specification, layer)
    one = 1 << specification.sum_fraction(layer)
    at_thresholds = [int(v) for v in thresholds(specification, layer) if abs(v) < NEVER]
    ties = 0
    for v in [*np.random.default_rng(1).integers(-one, 2 * one, 50).tolist(), *at_thresholds]:
        energies = [r - v * s for s, r in enumerate(cost)]
        least = min(energies)
        minimisers = [s for s, energy in enumerate(energies) if energy == least]
        assert activate(specification, layer, v) == minimisers[-1]
        ties += len(minimisers) > 1
    assert ties >= len(at_thresholds) > 0
    if kind == "hard-sigmoid":
        drop = specification.sum_fraction(layer) - formats[0]
        assert cost == [s * s << (drop - 1) for s in range(1 << formats[0])]


@pytest.mark.parametrize("layers", LAYERS, ids=str)
@pytest.mark.parametrize("kind", ["hard-sigmoid", "sigmoid"])
@pytest.mark.parametrize("formats", [(8, 8, 5), (4, 8, 2), (8, 5, 1)], ids=str)
@pytest.mark.parametrize("rule", ["ep", "c-ep"])
def test_energies_fall_until_the_phase_settles(
    layers: list[int], kind: str, formats: tuple[int, int, int], rule: str
) -> None:
    """No half-step raises the energy. One that changes a state lowers it, except that states may rise at a tie, of
    which the larger state is taken. So no states come back, and every phase settles."""
    state_bits, input_bits, fraction = formats
    specification = make(layers, kind=kind, state_bits=state_bits, input_bits=input_bits, fraction=fraction, rule=rule)
    random, every_cost = np.random.default_rng(3), all_costs(specification)
    falls = 0
    for size in (0.5, 1, 2, 8):
        network = random_network(specification, random, size)
        for x in random.integers(0, 1 << input_bits, (10, layers[0])):
            energy = Energy(network, x, every_cost)
            states, end = half_steps(network, x)
            assert end is FreeEnd.SETTLED
            for before, after in pairwise(states):
                old, new = energy.of(before), energy.of(after)
                rises = np.concatenate(after) - np.concatenate(before)
                if not rises.any():
                    assert new == old
                elif old < NEVER:
                    assert new < old or (new == old and (rises >= 0).all())
                    falls += new < old
    assert falls > 100


def test_a_tie_raises_a_state_at_the_same_energy() -> None:
    """Both states are minimisers: the input of unit 2 is half-way between 0 and 1 once unit 1 has its state."""
    specification = make([1, 1, 1], state_bits=4, input_bits=4, fraction=1)
    network = random_network(specification, np.random.default_rng(1), 0)
    network.weights[0][:] = 2
    network.weights[1][:] = 1
    x = np.array([1])
    energies, end = energies_of(network, x)
    states, _ = half_steps(network, x)
    assert end is FreeEnd.SETTLED
    assert [int(one[1][0]) for one in states[:3]] == [0, 0, 1]
    assert energies[2] == energies[1] < energies[0]


def test_two_weight_sets_can_cycle() -> None:
    """Unit 2 follows unit 1, which flees from it. With the forward weights alone in the energy, some half-step raises
    it; with the backward weights tied to them, the same network settles."""
    cycling = make([1, 1, 1], rule="c-vf", most=60)
    network = random_network(cycling, np.random.default_rng(1), 0)
    network.weights[1][:], network.backward[0][:], network.biases[0][:] = 200, -200, 40
    x = np.array([0])
    states, _ = half_steps(network, x)
    energies, end = energies_of(network, x)
    assert end is FreeEnd.OPEN
    swings = [tuple(int(layer[0]) for layer in one) for one in states[2::2]]
    assert swings[0] != swings[1]
    assert swings[2:] == swings[:-2]
    assert any(later > earlier for earlier, later in pairwise(energies))
    network.backward[0][:] = network.weights[1]
    _, end = half_steps(network, x)
    assert end is FreeEnd.SETTLED


def test_in_synchronous_order_the_energy_rises() -> None:
    """Two units that inhibit each other strongly swing in synchronous order, and one of them wins in alternating
    order."""
    ends = {}
    for order in ("synchronous", "alternating"):
        network = random_network(make([1, 1, 1], order), np.random.default_rng(1), 0)
        network.weights[1][:] = -200
        network.biases[0][:] = network.biases[1][:] = 40
        x = np.array([0])
        energies, ends[order] = energies_of(network, x)
        rose = any(later > earlier for earlier, later in pairwise(energies))
        assert rose == (order == "synchronous")
    assert ends == {"synchronous": FreeEnd.PERIOD_2, "alternating": FreeEnd.SETTLED}
