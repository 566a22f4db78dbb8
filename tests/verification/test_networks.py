"""What is drawn: a few numbers meet every kind of network."""

import random
from pathlib import Path

import numpy as np

from ceprop.verification.case import Case
from ceprop.verification.claims.cores import primitives_for
from ceprop.verification.claims.phase_ends import CHANGES, specification_of
from ceprop.verification.networks import (
    ORDERS,
    RULES,
    SIGNS,
    random_arithmetic,
    random_core,
    random_samples,
)

PAIRS = {(rule, order) for rule in RULES for order in ORDERS}


def test_twelve_cores_meet_every_rule_depth_and_memory() -> None:
    draws = [random.Random(number) for number in range(12)]
    drawn = [random_core(draw, number) for number, draw in enumerate(draws)]
    arrays = [specification.array for specification in drawn if specification.array is not None]
    assert {(one.rule, one.phases.order) for one in drawn} == PAIRS
    assert {len(one.layers) for one in drawn} == {2, 3, 4, 5}
    assert {(one.rule, array.memory_ports) for one, array in zip(drawn, arrays, strict=True)} == {
        (rule, ports) for rule in RULES for ports in (1, 2)
    }
    assert {(array.memory_ports, array.input_lists) for array in arrays} == {(1, 1), (1, 2), (2, 1), (2, 2)}
    assert {array.drives for array in arrays} == {1, 2}
    assert (5, 7) in {(array.rows, array.cols) for array in arrays}


def test_the_cores_of_a_quick_run_meet_every_sign_and_set_of_primitives() -> None:
    cases = [Case("core-on-icarus", 1, number, Path()) for number in range(12)]
    drawn = [random_core(case.draw, case.number) for case in cases]
    assert {one.nudge.sign for one in drawn} == set(SIGNS)
    assert {one.update.rounding for one in drawn} == {"stochastic", "nearest", "floor"}
    found = set()
    for case in cases:
        draw = case.draw
        found.add(primitives_for(random_core(draw, case.number), draw).name)
    assert found == {"portable", "ecp5", "ice40"}


def test_eight_arithmetics_meet_every_rule_and_order() -> None:
    drawn = [random_arithmetic(random.Random(number), number) for number in range(64)]
    for start in range(0, 64, 8):
        assert {(one.rule, one.phases.order) for one in drawn[start : start + 8]} == PAIRS
    assert {max(one.layers) > 9 for one in drawn[:56]} == {False}
    assert any(max(one.layers) > 9 for one in drawn[56:])
    assert {one.update.rounding for one in drawn} == {"stochastic", "nearest", "floor"}


def test_ends_of_phases_meet_every_change_in_every_order() -> None:
    drawn = [specification_of(Case("phase-ends", 1, number, Path())) for number in range(32)]
    orders = {(number % len(CHANGES), one.phases.order) for number, one in enumerate(drawn)}
    rules = {(number % len(CHANGES), one.rule) for number, one in enumerate(drawn)}
    assert len(orders) == len(CHANGES) * len(ORDERS)
    assert len(rules) == len(CHANGES) * len(RULES)
    assert {len(one.layers) for one in drawn} == {3, 4}


def test_samples_are_sparse_dense_and_blank() -> None:
    specification = random_core(random.Random(1), 0).override("layers=[200, 5]", "update.shifts=[8]")
    specification = specification.override("formats.input_bits=8", "update.schedule=[]")
    data = random_samples(specification, np.random.default_rng(1), 5, 2)
    shares = np.count_nonzero(data.train_inputs, axis=1) / 200
    assert shares[1] == 0
    assert 0.1 < shares[0] < 0.5 < shares[3]
    assert (data.train_inputs.shape, data.test_inputs.shape) == ((5, 200), (2, 200))
