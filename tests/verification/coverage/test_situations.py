"""The bins of samples whose states, inputs and updates are known."""

from dataclasses import replace

import numpy as np
import pytest

from ceprop import CepropError, Specification
from ceprop.model import FreeEnd, Network, SampleRecord, plain
from ceprop.model.plain_update import Update
from ceprop.sim import ComparisonPlan
from ceprop.sim.compare import job_of
from ceprop.specification import Geometry
from ceprop.verification.coverage.found import Found
from ceprop.verification.coverage.numbers import update_bins
from ceprop.verification.coverage.replay import Replay
from ceprop.verification.coverage.situations import free_bins, input_bins, nudged_bins, specification_bins
from ceprop.verification.networks import random_samples

SPECIFICATION = Specification.from_mapping(
    {
        "layers": [7, 4, 3],
        "formats": {"state_bits": 3, "input_bits": 2, "weight_bits": 5, "weight_fraction": 5},
        "phases": {"free_steps": 4, "nudged_steps": 3},
        "nudge": {"shift": 1},
        "update": {"shifts": [2, 2]},
        "array": {"rows": 1, "cols": 3},
    }
)
GEOMETRY = Geometry(SPECIFICATION)


@pytest.mark.parametrize(
    ("inputs", "bins", "lists"),
    [
        ([0] * 7, {"blank"}, {"all empty"}),
        ([3] * 7, {"full", "largest"}, {"first longest"}),
        ([0, 1, 0, 0, 0, 0, 0], {"one"}, {"one empty", "middle longest"}),
        ([1, 1, 2, 0, 0, 0, 0], {"some"}, {"all alike"}),
        ([1, 0, 2, 0, 0, 3, 0], {"some"}, {"one empty", "last longest"}),
        ([1, 2, 0, 0, 0, 0, 0], {"some"}, {"one empty"}),
    ],
)
def test_inputs_and_their_lists(inputs: list[int], bins: set[str], lists: set[str]) -> None:
    found = Found()
    input_bins(GEOMETRY, np.array(inputs), found)
    assert found.bins == {"inputs": bins, "list: inputs": lists}


def record(states: list[int], free_steps: int, end: FreeEnd) -> SampleRecord:
    """A record in which all units have the same state after each step."""
    rows = np.repeat(np.array(states)[:, None], 7, axis=1)
    nudged = len(states) - free_steps
    return SampleRecord(0, False, free_steps, end, nudged, nudged, False, 0, states=rows)


@pytest.mark.parametrize(
    ("states", "end", "bins"),
    [
        ([0], FreeEnd.SETTLED, {"first step rests", "settled"}),
        ([1, 2, 2], FreeEnd.SETTLED, {"first step moves", "settled"}),
        ([1, 2, 3, 3], FreeEnd.SETTLED, {"first step moves", "settled at last"}),
        ([1, 2, 3, 4], FreeEnd.OPEN, {"first step moves", "open"}),
        ([1, 0], FreeEnd.PERIOD_2, {"first step moves", "period 2, even"}),
        ([1, 2, 1], FreeEnd.PERIOD_2, {"first step moves", "period 2, odd"}),
        ([1, 2, 3, 2], FreeEnd.PERIOD_2, {"first step moves", "period 2 at last"}),
    ],
)
def test_ends_of_the_free_phase(states: list[int], end: FreeEnd, bins: set[str]) -> None:
    found = Found()
    free_bins(SPECIFICATION, record(states, len(states), end), found, skip=True)
    assert found.bins == {"free phase": bins}


@pytest.mark.parametrize(
    ("nudged", "bins"),
    [
        ([2], {"first step rests", "settled"}),
        ([3, 3], {"first step moves", "settled"}),
        ([3, 4, 4], {"first step moves", "settled at last"}),
        ([3, 4, 5], {"first step moves", "open"}),
    ],
)
def test_ends_of_the_nudged_phase(nudged: list[int], bins: set[str]) -> None:
    found = Found()
    nudged_bins(SPECIFICATION, record([2, 2, *nudged], 2, FreeEnd.SETTLED), True, found, skip=True)
    assert found.bins == {"first nudged phase": bins | {"negative"}}


def test_a_phase_of_one_step_has_a_bin_of_its_own() -> None:
    found, short = Found(), SPECIFICATION.override("phases.nudged_steps=1")
    nudged_bins(short, record([2, 2, 2], 2, FreeEnd.SETTLED), False, found, skip=True)
    assert found.bins == {"first nudged phase": {"first step rests", "one step", "positive"}}


def test_a_specification_has_one_bin_of_each_field() -> None:
    found = Found()
    specification_bins(GEOMETRY, found)
    assert found.bins["array"] == {"one row", "two memory ports", "two input lists", "one drive"}
    assert found.bins["rule and order"] == {"c-ep, synchronous"}
    assert found.bins["inputs beside states"] == {"fewer"}


def replayed(network: Network | None = None, change: int = 0) -> Found:
    """The bins of eight samples of the model. A weight of the replay differs by `change` from that of the model."""
    samples = random_samples(SPECIFICATION, np.random.default_rng(1), 8)
    job = job_of(SPECIFICATION, {}, samples, ComparisonPlan(samples=8, network=network))
    network, replay, found = job.network.copy(), Replay(job), Found()
    replay.network.weights[1][0, 0] += change
    for number in range(8):
        x, label = job.inputs[number], int(job.labels[number])
        replay.sample(number, plain.run_sample(network, x, label, shifts=job.shifts(number), trace=True), found)
    assert all(map(np.array_equal, replay.network.weights, network.weights))
    return found


def test_what_happens_inside_a_sample_follows_from_its_states() -> None:
    found = replayed()
    assert found.bins["rounding of updates"] == {"stochastic, carry", "stochastic, no carry"}
    assert {"raised", "lowered"} <= found.bins["update: biases"]
    assert "update: backward weights" not in found.bins, "the rule has one weight set"
    assert not found.bins["state"] & {"first entry", "last entry"}, "the activation has no table"


def test_a_count_of_saturations_that_differs_fails() -> None:
    samples = random_samples(SPECIFICATION, np.random.default_rng(1), 1)
    job = job_of(SPECIFICATION, {}, samples, ComparisonPlan(samples=1))
    found = plain.run_sample(job.network.copy(), job.inputs[0], int(job.labels[0]), shifts=job.shifts(0), trace=True)
    with pytest.raises(CepropError, match=rf"{found.saturations} saturations in place of {found.saturations + 1}"):
        Replay(job).sample(0, replace(found, saturations=found.saturations + 1), Found())


def test_a_rounding_carries_where_the_value_is_above_the_one_rounded_down() -> None:
    values, none = np.array([3, 3, 3], np.int32), np.zeros(3, bool)
    down = Update(2, "weights", values, np.array([3, 4, 5]), none)
    for moved, bins, rounding in (
        ([3, 4, 5], {"raised"}, {"stochastic, no carry"}),
        ([4, 4, 5], {"raised", "carry"}, {"stochastic, carry", "stochastic, no carry"}),
        ([4, 5, 6], {"raised", "carry"}, {"stochastic, carry"}),
    ):
        found = Found()
        update_bins(SPECIFICATION, replace(down, moved=np.array(moved)), down, found)
        assert found.bins == {"update: weights between neurons": bins, "rounding of updates": rounding}


def test_a_replay_of_another_network_fails() -> None:
    with pytest.raises(CepropError, match="the states do not follow from the network"):
        replayed(change=4)


@pytest.mark.parametrize(
    ("weight", "bias", "seen", "not_seen"),
    [
        (0, 15, {"saturated above", "from the largest"}, {"saturated below", "from the smallest"}),
        (9, -16, {"saturated below", "from the smallest"}, {"saturated above", "from the largest"}),
    ],
)
def test_updates_saturate_at_the_end_at_which_they_are(
    weight: int, bias: int, seen: set[str], not_seen: set[str]
) -> None:
    """Outputs between zero and the largest state, which the nudge moves in both directions."""
    network = Network.initial(SPECIFICATION)
    for weights, biases in zip(network.weights, network.biases, strict=True):
        weights[:], biases[:] = weight, bias
    found = replayed(network)
    assert seen <= found.bins["update: biases"]
    assert not not_seen & found.bins["update: biases"]
