"""Bits that flip while a network learns: which bits flip, and what a run with flips gives."""

import numpy as np
import pytest

from ceprop.common.errors import CepropError
from ceprop.experiments.faults.bit_flips import flip_state_bits, flip_weight_bits, flipped, weight_bits_of
from ceprop.experiments.faults.fault_runs import burst, state_flips, weight_flips
from ceprop.experiments.faults.state_flips import StateFlips, run_sample
from ceprop.model import Dataset, FreeEnd, Network, Trainer, load_dataset, plain
from ceprop.specification import Specification
from ceprop.specification.bundled import bundled_specification

_SMALL = ("layers=[64,8,10]", "phases.free_steps=6", "phases.nudged_steps=2", "update.schedule=[]")


@pytest.fixture(scope="module")
def small() -> Specification:
    return Specification.load(bundled_specification("digits"), _SMALL)


@pytest.fixture(scope="module")
def digits(small: Specification) -> Dataset:
    return load_dataset(small, "digits").first(60, 40)


@pytest.mark.parametrize(
    ("value", "bit", "expected"), [(0, 0, 1), (1, 0, 0), (0, 3, -8), (-8, 3, 0), (-1, 1, -3), (7, 3, -1)]
)
def test_a_bit_of_a_signed_number_flips(value: int, bit: int, expected: int) -> None:
    assert flipped(value, bit, 4) == expected
    assert flipped(expected, bit, 4) == value


def test_flips_of_weights_reach_every_memory_and_stay_in_the_format() -> None:
    specification = Specification.from_mapping(
        {"layers": [2, 3, 2], "rule": "vf", "formats": {"weight_bits": 5}, "update": {"shifts": [8, 8]}}
    )
    network = Network.initial(specification)
    assert weight_bits_of(network) == 5 * (6 + 6 + 3 + 2 + 6)
    memories = [*network.weights, *network.biases, *network.backward]
    before = [memory.copy() for memory in memories]
    flip_weight_bits(network, 1, np.random.default_rng(1))
    changed = [(old ^ new)[old != new] for old, new in zip(before, memories, strict=True)]
    (difference,) = np.concatenate(changed).tolist()
    assert (difference & 31).bit_count() == 1
    flip_weight_bits(network, 200, np.random.default_rng(2))
    for old, new in zip(before, memories, strict=True):
        assert np.any(old != new)
        assert -16 <= new.min() <= new.max() <= 15


def test_flips_of_states_have_their_rate() -> None:
    random, states = np.random.default_rng(1), [np.zeros(500, np.int64), np.full(300, 255, np.int64)]
    found, count = flip_state_bits(states, 8, 0.1, random)
    differences = np.concatenate(states) ^ np.concatenate(found)
    flips = [int(difference).bit_count() for difference in differences]
    assert sum(flips) == count
    assert 560 < count < 720
    assert 0 <= min(np.concatenate(found)) <= max(np.concatenate(found)) <= 255
    assert flip_state_bits(states, 8, 0.0, random) == (states, 0)


@pytest.mark.parametrize("fields", [(), ("phases.free_steps=5",), ("layers=[64,6,7,10]", "update.shifts=[4,6,9]")])
def test_without_flips_a_sample_is_that_of_the_readable_model(
    small: Specification, digits: Dataset, fields: tuple[str, ...]
) -> None:
    specification = small.override(*fields)
    some = Network.initial(specification)
    for weights in some.weights[1:]:
        weights[:] = -1500  # units that inhibit each other swing
    for biases in some.biases:
        biases[:] = 2047
    other, ends = some.copy(), set()
    for k in range(40):
        label = None if k % 5 == 4 else int(digits.train_labels[k])
        how = {"shifts": specification.update.shifts, "negative": k % 3 == 2}
        found = run_sample(some, digits.train_inputs[k], label, StateFlips(0.0, np.random.default_rng(1)), **how)
        assert vars(found) == vars(plain.run_sample(other, digits.train_inputs[k], label, **how))
        ends.add(found.free_end)
    assert some.weights_sha256() == other.weights_sha256()
    assert FreeEnd.PERIOD_2 in ends


def test_a_flipped_state_stays_in_the_sums_of_the_free_phase(small: Specification, digits: Dataset) -> None:
    """One flip after the first step of many changes the states in which the free phase settles, although every step
    computes all states."""
    network = Network.initial(small.override("phases.free_steps=40"))

    class OneFlip(StateFlips):
        mask = 0

        def between_steps(self, states: list[np.ndarray], bits: int) -> list[np.ndarray]:
            self.seen = states
            self.count += 1
            return [states[0] ^ (self.mask * (self.count == 1)), *states[1:]]

    last = []
    for mask in (0, 128):
        flips = OneFlip(0.0, np.random.default_rng(1))
        flips.mask = mask
        assert run_sample(network, digits.train_inputs[0], None, flips, shifts=()).free_end is FreeEnd.SETTLED
        last.append(np.concatenate(flips.seen))
    assert np.any(last[0] != last[1])


def test_unsupported_networks_are_one_line(small: Specification, digits: Dataset) -> None:
    for field in ("rule=ep", "phases.order=alternating", "nudge.sign=centred"):
        network, flips = Network.initial(small.override(field)), StateFlips(0.1, np.random.default_rng(1))
        with pytest.raises(CepropError, match=r'states can flip with "c-ep", .* only$'):
            run_sample(network, digits.train_inputs[0], 1, flips, shifts=())


def test_runs_without_flips_are_those_of_the_trainer(small: Specification, digits: Dataset) -> None:
    trainer = Trainer.start(small, digits)
    trainer.run_epochs(3)
    rows = [row.test_error for row in trainer.history]
    for work in (weight_flips, state_flips, burst):
        found = work(small, digits, 2, 1, 0.0)
        assert (found["flips"], found["diverged"]) == (0, None)
        assert [row["test_error"] for row in found["history"]] == rows
        assert [row["saturations"] for row in found["history"]] == [row.saturations for row in trainer.history]
    assert state_flips(small, digits, 2, 1, 0.0)["test_error_with_flips"] == rows[1]
    assert burst(small, digits, 2, 1, 0.0)["test_error_after_burst"] == rows[1]


def test_runs_with_flips_differ_and_count_them(small: Specification, digits: Dataset) -> None:
    without = weight_flips(small, digits, 2, 1, 0.0)["history"]
    for work, rate, flips in ((weight_flips, 1e-3, 2 * 60 * 7.3), (state_flips, 0.05, 0), (burst, 0.1, 734)):
        found = work(small, digits, 2, 1, rate)
        assert found["history"] != without
        assert found["flips"] == pytest.approx(flips, rel=0.2) if flips else found["flips"] > 100
