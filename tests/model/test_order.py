"""The alternating order: part of the synchronous run, at rest where no half moves, and without an effect where there is
only one half."""

from typing import Any

import numpy as np
import pytest

from ceprop import Specification
from ceprop.model import FreeEnd, Network, fast, plain

LAYERS = [[20, 9, 6], [20, 9, 7, 6], [20, 9, 7, 8, 6]]


def make(layers: list[int], order: str = "alternating", **phases: int) -> Specification:
    return Specification.from_mapping(
        {
            "layers": layers,
            "formats": {"weight_bits": 12, "weight_fraction": 9},
            "phases": {"free_steps": 40, "nudged_steps": 4, "order": order, **phases},
            "update": {"shifts": [4] * (len(layers) - 1)},
        }
    )


def inputs_of(specification: Specification, count: int) -> np.ndarray:
    return np.random.default_rng(5).integers(0, 256, (count, specification.layers[0])).astype(np.uint16)


def states_of(specification: Specification, x: np.ndarray, network: Network, label: int | None = None) -> Any:
    """The states after each step, by layer, and the record."""
    record = plain.run_sample(network, x, label, shifts=specification.update.shifts, trace=True, skip=False)
    assert record.states is not None
    return np.split(record.states, np.cumsum(specification.layers[1:-1]), axis=1), record


@pytest.mark.parametrize("layers", LAYERS)
def test_it_is_every_other_state_of_the_synchronous_run(layers: list[int]) -> None:
    """Odd layers are those of the synchronous steps 1, 3, 5 ... and even layers those of the steps 2, 4, 6 ..."""
    alternating, synchronous = make(layers, free_steps=20), make(layers, "synchronous")
    for x in inputs_of(alternating, 10):
        network = Network.initial(alternating)
        half, _ = states_of(alternating, x, network)
        whole, _ = states_of(synchronous, x, Network(synchronous, *vars_of(network)))
        for layer, (some, all_of_them) in enumerate(zip(half, whole, strict=True), 1):
            np.testing.assert_array_equal(some, all_of_them[0::2] if layer % 2 else all_of_them[1::2])


def vars_of(network: Network) -> tuple[Any, ...]:
    return network.weights, network.biases, network.generators, network.backward


def test_without_a_hidden_layer_both_orders_are_one() -> None:
    alternating, synchronous = make([20, 6]), make([20, 6], "synchronous")
    assert alternating.learning_digest == synchronous.learning_digest
    assert alternating.build_digest == synchronous.build_digest
    assert make([20, 9, 6]).learning_digest != make([20, 9, 6], "synchronous").learning_digest


@pytest.mark.parametrize("layers", LAYERS)
def test_the_half_with_the_outputs_is_first_in_a_nudged_step(layers: list[int]) -> None:
    """A free phase that has settled leaves the other half as it is until the outputs have moved: in the first nudged
    step exactly the layers below the outputs may follow."""
    specification = make(layers, free_steps=200)
    network = Network.initial(specification)
    states, record = states_of(specification, inputs_of(specification, 1)[0], network, label=2)
    assert record.free_end is FreeEnd.SETTLED
    first = specification.phases.free_steps
    moved = [bool((layer[first] != layer[first - 1]).any()) for layer in states]
    assert moved[-1]
    assert moved[-2], "the layer below follows in the same step"
    assert not any(moved[:-2])


@pytest.mark.parametrize("run_sample", [plain.run_sample, fast.run_sample])
def test_a_half_step_that_changes_nothing_ends_the_free_phase(run_sample: Any) -> None:
    """The first layer takes its states in the first half-step and keeps them: the second layer listens to it alone,
    moves in the second half-step, and the third one changes nothing."""
    specification = make([2, 2, 2])
    network = Network.initial(specification)
    network.weights[0][:] = [[256, 0], [0, 256]]
    network.weights[1][:] = 0
    network.biases[0][:], network.biases[1][:] = 0, 200
    record = run_sample(network, np.array([200, 100]), None, shifts=(4, 4), trace=True)
    assert (record.free_steps, record.free_end) == (2, FreeEnd.SETTLED)
    assert record.states[0].tolist() == record.states[1].tolist()
    network.biases[1][:] = -2000
    record = run_sample(network, np.array([200, 100]), None, shifts=(4, 4), trace=True)
    assert (record.free_steps, record.free_end) == (1, FreeEnd.SETTLED), "the second half-step changed nothing"


def test_there_is_no_period_of_two() -> None:
    """Where the synchronous order swings, the alternating one rests."""
    specification = make([20, 9, 6])
    network = Network.initial(specification)
    network.weights[1][:] = -1500
    network.biases[0][:] = network.biases[1][:] = 2047
    found = fast.run_samples(network, inputs_of(specification, 50), None, shifts=(4, 4))
    assert set(found.free_ends.tolist()) == {FreeEnd.SETTLED}
    synchronous = Network(make([20, 9, 6], "synchronous"), *vars_of(network))
    found = fast.run_samples(synchronous, inputs_of(specification, 50), None, shifts=(4, 4))
    assert FreeEnd.PERIOD_2 in found.free_ends
