"""The four rules, the centred nudge and the two weight sets: what sets them apart, and where they must agree."""

from typing import Any

import numpy as np
import pytest

from ceprop import CepropError, Specification
from ceprop.model import Network, fast, plain
from ceprop.model.backward import flip_threshold

LAYERS = ([20, 12, 4], [20, 12, 10, 4], [20, 9, 8, 7, 4])


def make(*overrides: str, rule: str = "c-ep") -> Specification:
    fields = {
        "layers": [20, 12, 4],
        "rule": rule,
        "formats": {"weight_bits": 10, "weight_fraction": 9},
        "phases": {"free_steps": 12, "nudged_steps": 5},
        "update": {"shifts": [4, 3]},
    }
    return Specification.from_mapping(fields).override(*overrides)


def samples(specification: Specification, count: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(7)
    inputs = random.integers(0, 256, (count, specification.layers[0])) * random.integers(0, 2, (count, 1))
    return inputs.astype(np.uint16), random.integers(0, specification.classes, count)


def everything(network: Network) -> list[list[Any]]:
    lists = (network.weights, network.biases, network.generators, network.backward)
    return [[array.tolist() for array in arrays] for arrays in lists]


def learn(specification: Specification, run_sample: Any, negatives: Any = (False,), **how: Any) -> list[list[Any]]:
    """All bits of a network after 12 samples."""
    network = Network.initial(specification)
    for p, (x, label) in enumerate(zip(*samples(specification, 12), strict=True)):
        negative = negatives[p % len(negatives)]
        run_sample(network, x, int(label), shifts=specification.update.shifts, negative=negative, **how)
    return everything(network)


@pytest.mark.parametrize("rule", ["ep", "c-ep", "vf", "c-vf"])
@pytest.mark.parametrize("layers", LAYERS)
@pytest.mark.parametrize("rounding", ["stochastic", "nearest", "floor"])
@pytest.mark.parametrize("negatives", [(False,), (True,), (False, True), None])
@pytest.mark.parametrize("order", ["synchronous", "alternating"])
def test_models_agree(rule: str, layers: list[int], rounding: str, negatives: Any, order: str) -> None:
    shifts = [4] + [3] * (len(layers) - 2)
    fields: dict[str, Any] = make(rule=rule).fields() | {"layers": layers}
    fields["update"] = {"shifts": shifts, "rounding": rounding}
    fields["nudge"] = {"sign": "random" if negatives else "centred"}
    fields["phases"]["order"] = order
    if rule in ("vf", "c-vf"):
        fields["angle"] = 30
    specification = Specification.from_mapping(fields)
    signs = negatives or (False,)
    found = learn(specification, plain.run_sample, signs)
    assert found == learn(specification, fast.run_sample, signs)
    assert found == learn(specification, plain.run_sample, signs, skip=False)
    assert found != everything(Network.initial(specification))


@pytest.mark.parametrize(("once", "continual"), [("ep", "c-ep"), ("vf", "c-vf")])
@pytest.mark.parametrize("sign", ["positive", "centred"])
def test_one_nudged_step_is_the_same_learning(once: str, continual: str, sign: str) -> None:
    overrides = ("phases.nudged_steps=1", f"nudge.sign={sign}")
    found = [learn(make(*overrides, rule=rule), plain.run_sample) for rule in (once, continual)]
    assert found[0] == found[1]
    assert learn(make(rule=once), plain.run_sample) != learn(make(rule=continual), plain.run_sample)


def updates(rule: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Movements of `W_2` and `B_2` in one nudged step with `SH = 1`, and the product of the states' changes."""
    specification = make(
        "phases={ free_steps = 1, nudged_steps = 1 }",
        "formats={ weight_bits = 24, weight_fraction = 16 }",
        "update={ rounding = 'floor', shifts = [1, 1] }",
        rule=rule,
    )
    network = Network.initial(specification)
    before = network.copy()
    (x, *_), (label, *_) = samples(specification, 1)
    record = plain.run_sample(network, x, int(label), shifts=(1, 1), trace=True)
    assert record.states is not None
    change = record.states[-1] - record.states[-2]
    product = np.multiply.outer(change[12:], change[:12])
    forward = network.weights[1] - before.weights[1]
    return forward, network.downward(2) - before.downward(2), product


def test_two_sets_differ_from_one_by_the_product_of_the_changes() -> None:
    """With `SH = 1` an update is `D / 2`, so `D_F + D_B = D_cep - ds_i ds_j` holds but for the bits dropped."""
    one, _, product = updates("c-ep")
    forward, backward, same = updates("c-vf")
    np.testing.assert_array_equal(product, same)
    assert np.abs(product).max() > 100
    assert np.abs(2 * forward + 2 * backward - (2 * one - product)).max() <= 2


@pytest.mark.parametrize("run_sample", [plain.run_sample, fast.run_sample])
@pytest.mark.parametrize("rule", ["ep", "c-ep", "vf", "c-vf"])
def test_centred_nudge_begins_twice_at_the_free_end(run_sample: Any, rule: str) -> None:
    """At rates at which every update rounds to nothing, its two phases are those of the two signs alone."""
    specification = make("update.rounding=nearest", "update.shifts=[12, 12]", rule=rule)
    (x, *_), (label, *_) = samples(specification, 1)

    def run(sign: str, negative: bool) -> Any:
        network = Network.initial(specification.override(f"nudge.sign={sign}"))
        return run_sample(network, x, int(label), shifts=(12, 12), negative=negative, trace=True)

    forwards, backwards, both = run("random", False), run("random", True), run("centred", False)
    assert both.nudged_steps == forwards.nudged_steps + backwards.nudged_steps
    assert both.nudged_settled == (forwards.nudged_settled and backwards.nudged_settled)
    expected = np.concatenate([forwards.states, backwards.states[backwards.free_steps :]])
    np.testing.assert_array_equal(both.states, expected)


@pytest.mark.parametrize("angle", [0, 60, 90, 120, 180])
def test_angle_flips_its_share(angle: int) -> None:
    specification = make("layers=[200, 150, 100]", f"angle={angle}", rule="c-vf")
    network = Network.initial(specification)
    forward, (backward,) = network.weights[1], network.backward
    flipped = np.mean(backward[forward != 0] != forward[forward != 0])
    assert flipped == pytest.approx((1 - np.cos(np.radians(angle))) / 2, abs=0.012 if angle % 180 else 0)
    np.testing.assert_array_equal(np.abs(forward), np.abs(backward))


def test_flips_are_exact_and_saturate() -> None:
    assert [flip_threshold(a) for a in (0, 60, 90, 120, 180)] == [0, 2**30, 2**31, 3 * 2**30, 2**32]
    for angle in range(181):
        assert abs(flip_threshold(angle) - 2**31 * (1 - np.cos(np.radians(angle)))) < 1
    narrow = make("formats.weight_bits=3", "angle=180", rule="vf")
    network = Network.initial(narrow)
    assert network.weights[1].min() == -4
    assert network.backward[0].max() == 3


def test_left_out_angle_is_none_and_zero() -> None:
    assert "angle" not in make(rule="vf").fields()
    left_out, zero = Network.initial(make(rule="vf")), Network.initial(make("angle=0", rule="vf"))
    assert left_out.weights_sha256() == zero.weights_sha256()
    assert left_out.weights_sha256() != Network.initial(make()).weights_sha256()
    for rule in ("ep", "c-ep"):
        with pytest.raises(CepropError, match=f'^specification: angle = 30: rule = "{rule}" has one weight set'):
            make("angle=30", rule=rule)
    with pytest.raises(CepropError, match="angle = 181: must be from 0 to 180"):
        make("angle=181", rule="vf")
