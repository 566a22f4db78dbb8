"""The rules of the float reference: against PyTorch, against each other, and against the identities between them."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from ceprop import CepropError
from ceprop.experiments.pytorch_loop import PyTorchLoop
from ceprop.model.reference import PAPER_ROWS, ReferenceNetwork, Settings, learn_batch
from ceprop.model.reference.dynamics import States, begin, free_phase, input_drive, signals
from ceprop.model.reference.learning import differences, nudged_phase

DATA = np.random.default_rng(7)
INPUTS, TARGETS = DATA.random((6, 12)), np.eye(4)[DATA.integers(0, 4, 6)]


def settings(**changes: Any) -> Settings:
    """A small network in float64."""
    fields = {
        "layers": (12, 9, 7, 4), "free_steps": 25, "nudged_steps": 6, "beta": 0.3, "rates": (0.4, 0.3, 0.2),
        "precision": "float64", "seed": 4,
    }  # fmt: skip
    return Settings.of(**(fields | changes))


def change(chosen: Settings, beta: float | None = None) -> dict[str, np.ndarray]:
    """What a batch changes, each parameter's change divided by its rate."""
    network = ReferenceNetwork.initial(chosen)
    before = {name: array.copy() for name, array in network.parameters().items()}
    learn_batch(network, INPUTS, TARGETS, chosen.beta if beta is None else beta)
    rates = {name: chosen.rates[int(name[-1]) - 1] for name in before}
    return {name: (array - before[name]) / rates[name] for name, array in network.parameters().items()}


RULES = {
    "ep": {"rule": "ep"},
    "c-ep": {"rule": "c-ep"},
    "vf": {"rule": "vf", "angle": 60.0},
    "c-vf": {"rule": "c-vf", "angle": 60.0},
    "vf, slopes": {"rule": "vf", "angle": 60.0, "partial_drive_slopes": True},
    "c-vf, slopes": {"rule": "c-vf", "angle": 60.0, "partial_drive_slopes": True},
}


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("layers", [(12, 4), (12, 9, 4), (12, 9, 7, 4)])
@pytest.mark.parametrize("beta", [0.3, -0.3])
@pytest.mark.parametrize("other", [{}, {"first_bias": False}, {"centred": True}], ids=str)
@pytest.mark.parametrize("order", ["synchronous", "alternating"])
def test_equals_a_loop_that_computes_everything_anew(
    rule: str, layers: tuple[int, ...], beta: float, other: dict[str, object], order: str
) -> None:
    chosen = settings(layers=layers, rates=(0.4, 0.3, 0.2)[: len(layers) - 1], order=order, **RULES[rule], **other)
    network = ReferenceNetwork.initial(chosen)
    loop = PyTorchLoop(network)
    before = {name: array.copy() for name, array in network.parameters().items()}
    for _ in range(3):
        found = learn_batch(network, INPUTS, TARGETS, beta)
        assert found.tolist() == loop.learn_batch(INPUTS, TARGETS, beta).tolist()
    theirs = {f"{kind}{l}": array.numpy() for kind, l, array in parameters_of(loop)}
    for name, ours in network.parameters().items():
        np.testing.assert_allclose(ours, theirs[name], atol=1e-12, err_msg=name)
        assert np.array_equal(ours, before[name]) == (name == "biases1" and not chosen.first_bias), name


def parameters_of(loop: PyTorchLoop) -> list[tuple[str, int, Any]]:
    """Kind, number and value of everything that the loop learns."""
    kinds = {"forward": loop.forward, "backward": loop.backward, "biases": loop.biases}
    return [(kind, l, array) for kind, arrays in kinds.items() for l, array in enumerate(arrays, 1)]


@pytest.mark.parametrize("rule", ["vf", "c-vf"])
def test_partial_drive_slopes_multiply_the_movement_of_one_step(rule: str) -> None:
    """With one nudged step every factor is known beforehand: those of the free phase's end."""
    chosen = settings(rule=rule, angle=60.0, free_steps=300, nudged_steps=1)
    plain, sloped = change(chosen), change(chosen.but(partial_drive_slopes=True))
    network = ReferenceNetwork.initial(chosen)
    s = free(chosen, network)
    drives = [below @ weights.T + b for below, weights, b in zip(s, network.forward, network.biases, strict=False)]
    sigmoid = 1 / (1 + np.exp(-4 * (drives[2] - 0.5)))
    # The output alone has moved, for the others have not yet heard of the nudge.
    moved = chosen.beta * (TARGETS - s[3]) / (chosen.beta * len(TARGETS))
    np.testing.assert_allclose(plain["biases3"], moved.sum(axis=0), atol=1e-9)
    np.testing.assert_allclose(sloped["biases3"], (4 * sigmoid * (1 - sigmoid) * moved).sum(axis=0), atol=1e-9)


@pytest.mark.parametrize("setting", ["prototypical", "energy-based", "consistent"])
@pytest.mark.parametrize("rule", ["ep", "c-ep", "vf", "c-vf"])
def test_the_input_drive_follows_the_weights(rule: str, setting: str) -> None:
    chosen = settings(rule=rule, setting=setting, dt=0.4)
    network = ReferenceNetwork.initial(chosen)
    states = begin(network, INPUTS)
    drive = input_drive(network, states)
    for after in free_phase(network, drive, states):
        states = after
    for _ in nudged_phase(network, drive, states, TARGETS, chosen.beta):
        pass
    np.testing.assert_allclose(drive, input_drive(network, states), atol=1e-13)


@pytest.mark.parametrize(("continual", "once"), [("c-ep", "ep"), ("c-vf", "vf")])
def test_with_one_nudged_step_continual_is_not_different(continual: str, once: str) -> None:
    first, second = (change(settings(rule=rule, nudged_steps=1)) for rule in (continual, once))
    for name, array in first.items():
        np.testing.assert_allclose(array, second[name], atol=1e-13)


@pytest.mark.parametrize("setting", ["prototypical", "energy-based"])
def test_c_ep_tends_to_ep_as_the_rates_tend_to_0(setting: str) -> None:
    ep = change(settings(rule="ep", setting=setting, dt=0.4))
    distances = []
    for rate in (1e-2, 1e-3, 1e-4, 1e-5):
        continual = change(settings(rule="c-ep", setting=setting, dt=0.4, rates=(rate, rate, rate)))
        distances.append(max(float(np.abs(continual[name] - ep[name]).max()) for name in ep))
    for larger, smaller in pairwise(distances):
        assert smaller == pytest.approx(larger / 10, rel=0.2)
    assert distances[-1] < 1e-3 * max(float(np.abs(array).max()) for array in ep.values())


def free(chosen: Settings, network: ReferenceNetwork) -> States:
    """States at the end of the free phase."""
    states = begin(network, INPUTS)
    *_, last = free_phase(network, input_drive(network, states), states)
    return last


def test_vf_with_tied_weights_has_the_free_phase_of_ep_and_its_updates_but_for_a_product() -> None:
    symmetric, tied = settings(rule="c-ep"), settings(rule="c-vf")
    networks = ReferenceNetwork.initial(symmetric), ReferenceNetwork.initial(tied)
    states = free(symmetric, networks[0])
    assert all(np.array_equal(a, b) for a, b in zip(states, free(tied, networks[1]), strict=True))
    random = np.random.default_rng(3)
    # Multiples of 2^-10, of which products and sums are exact, so that the identity is one of bits.
    old, new = ([np.floor(1024 * random.random(state.shape)) / 1024 for state in states] for _ in range(2))
    moments = (old, signals(networks[0], old)), (new, signals(networks[0], new))
    for l in (2, 3):
        product, *_ = differences(networks[0], *moments, l)
        forward, backward, _ = differences(networks[1], *moments, l)
        both = (new[l] - old[l]).T @ (new[l - 1] - old[l - 1])
        assert np.array_equal(forward + backward.T, product - both)


@pytest.mark.parametrize("angle", [0.0, 30.0, 90.0, 180.0])
def test_the_initial_angle_is_the_one_asked_for(angle: float) -> None:
    network = ReferenceNetwork.initial(settings(rule="c-vf", layers=(12, 300, 200), rates=(0.1, 0.1), angle=angle))
    forward, backward = network.forward[1].ravel(), network.backward[1].T.ravel()
    cosine = forward @ backward / (np.linalg.norm(forward) * np.linalg.norm(backward))
    assert np.degrees(np.arccos(np.clip(cosine, -1, 1))) == pytest.approx(angle, abs=1.0)


def test_the_first_bias_may_stay_as_it_began() -> None:
    for rule in ("c-vf", "vf", "c-ep", "ep"):
        changed = change(settings(rule=rule, first_bias=False))
        assert not changed["biases1"].any()
        assert changed["biases2"].any()
        assert change(settings(rule=rule))["biases1"].any()


def test_centred_nudging_cancels_what_is_even_in_beta() -> None:
    """Both signs together estimate a gradient to second order in beta, so halving beta quarters the error."""

    def estimate(beta: float, centred: bool) -> np.ndarray:
        chosen = settings(
            rule="ep", setting="consistent", activation="tanh", dt=0.5, free_steps=300, nudged_steps=300, beta=beta,
            centred=centred, rates=(1e-9,) * 3,
        )  # fmt: skip
        return change(chosen)["forward2"] / (2 if centred else 1)

    limit = estimate(1e-4, True)
    for centred, order in ((False, 2), (True, 4)):
        errors = [np.abs(estimate(beta, centred) - limit).max() for beta in (0.2, 0.1)]
        assert errors[0] / errors[1] == pytest.approx(order, rel=0.25)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"rates": (0.1,)}, "one rate a connection, 3"),
        ({"beta": 0.0}, "beta must not be 0"),
        ({"angle": 30.0}, "two weight sets, which c-ep does not have"),
        ({"partial_drive_slopes": True}, "partial_drive_slopes needs two weight sets, which c-ep does not have"),
        ({"partial_drive_slopes": True, "rule": "c-vf", "setting": "energy-based"}, "the prototypical setting"),
        ({"layers": (3,)}, "layers"),
        ({"free_steps": 0}, "free_steps"),
        ({"dt": 0.0}, "dt"),
        ({"rule": "bp"}, "rule"),
        ({"order": "random"}, "order"),
        ({"speed": 3}, "speed"),
    ],
)
def test_settings_that_make_no_sense_are_one_line(changes: dict[str, object], said: str) -> None:
    with pytest.raises(CepropError, match=said) as error:
        settings(**changes)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("changes", [{"setting": "energy-based"}, {"activation": "tanh"}, {"clip": True}], ids=str)
def test_the_pytorch_loop_refuses_what_it_does_not_compute(changes: dict[str, object]) -> None:
    with pytest.raises(CepropError, match="prototypical setting with the sigmoid"):
        PyTorchLoop(ReferenceNetwork.initial(settings(**changes)))


def test_the_papers_vector_field_rows_have_slopes() -> None:
    for name, row in PAPER_ROWS.items():
        assert row.settings.partial_drive_slopes == name.startswith("c-vf")
