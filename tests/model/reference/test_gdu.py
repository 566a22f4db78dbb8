"""Theorem 1: where it is exact, where the paper's forms stay, what rates and formats make of it; the command."""

import json
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ceprop import CepropError
from ceprop.cli import run
from ceprop.experiments.integer_theorem import integer_networks
from ceprop.model import plain
from ceprop.model.reference import integer
from ceprop.model.reference.activations import slope
from ceprop.model.reference.dynamics import signals
from ceprop.model.reference.gdu import FreePhase, RelativeErrors, compare
from ceprop.model.reference.network import ReferenceNetwork
from ceprop.model.reference.theory import Sample, median_errors, theory_settings

LAYERS = (12, 16, 4)

# On one worker, which then compiles the model for weights of more than 16 bits once.
wide_weights = pytest.mark.xdist_group("wide weights")


def network_of(
    setting: str, rule: str = "c-ep", layers: Sequence[int] = LAYERS, angle: float = 0, order: str = "synchronous"
) -> ReferenceNetwork:
    """A network whose free phase is long enough to come to rest to the last digits."""
    settings = theory_settings(layers, setting, rule, order=order, angle=angle, seed=4)
    return ReferenceNetwork.initial(settings.but(free_steps=4 * settings.free_steps))


def samples_of(layers: Sequence[int], count: int = 3) -> list[Sample]:
    random = np.random.default_rng(5)
    targets = np.eye(layers[-1])
    return [Sample(random.uniform(0, 1, (1, layers[0])), targets[k % layers[-1]][None]) for k in range(count)]


def errors_of(network: ReferenceNetwork, **fields: object) -> RelativeErrors:
    """Median errors with some settings changed."""
    samples = samples_of(network.settings.layers)
    return median_errors(network, samples, [network.settings.but(**fields)], lambda: None)[0]


@pytest.mark.parametrize("layers", [LAYERS, (12, 16, 8, 4), (12, 16, 8, 6, 4), (12, 4)], ids=str)
@pytest.mark.parametrize("order", ["synchronous", "alternating"])
def test_consistent_setting_is_exact(layers: Sequence[int], order: str) -> None:
    network = network_of("consistent", layers=layers, order=order)
    for beta, most in ((1e-3, 3e-2), (1e-4, 3e-3), (1e-5, 3e-4)):
        errors = errors_of(network, beta=beta)
        assert max(errors.states + errors.weights) < most


@pytest.mark.parametrize(
    ("setting", "rule"), [("prototypical", "c-ep"), ("energy-based", "c-ep"), ("energy-based", "c-vf")]
)
@pytest.mark.parametrize("order", ["synchronous", "alternating"])
def test_papers_forms_keep_a_floor(setting: str, rule: str, order: str) -> None:
    network = network_of(setting, rule, order=order)
    low, lower = errors_of(network, beta=1e-5), errors_of(network, beta=1e-6)
    assert min(lower.states) > 1e-3
    assert lower.states == pytest.approx(low.states, rel=1e-2)
    assert lower.weights == pytest.approx(low.weights, rel=1e-2)


@pytest.mark.parametrize(
    ("setting", "rule", "seeds", "hidden", "output"),
    [("prototypical", "c-ep", -1, 1, 1), ("energy-based", "c-ep", 1, 0, -1), ("energy-based", "c-vf", 1, -1, -1)],
)
@pytest.mark.parametrize("layers", [LAYERS, (12, 16, 8, 4)], ids=str)
@pytest.mark.parametrize("order", ["synchronous", "alternating"])
def test_floor_is_the_slope(
    setting: str, rule: str, seeds: int, hidden: int, output: int, layers: Sequence[int], order: str
) -> None:
    """In the limit an update is `rho'` to some power times the gradient of a loss whose error at the output is
    multiplied by another power of it; docs/results/gdu.md derives the powers."""
    network = network_of(setting, rule, layers, order=order)
    network = network.under(network.settings.but(beta=1e-6))
    sample = samples_of(layers)[0]
    free = FreePhase.of(network, sample.inputs, sample.targets)
    slopes = [slope("tanh", sent) for sent in signals(network, free.states)]
    error = (sample.targets - free.states[-1]) * slopes[-1] ** seeds
    other = FreePhase.of(network, sample.inputs, free.states[-1] + error)
    powers = dict.fromkeys(range(1, len(layers) - 1), hidden) | {len(layers) - 1: output}
    for updates, gradients in compare(network, FreePhase(free.targets, free.states, other.against)):
        for l, power in powers.items():
            expected = gradients.states[l - 1] * slopes[l][0] ** power
            np.testing.assert_allclose(updates.states[l - 1], expected, atol=1e-5)


@pytest.mark.parametrize("setting", ["prototypical", "energy-based", "consistent"])
@pytest.mark.parametrize("order", ["synchronous", "alternating"])
def test_error_grows_with_the_rate(setting: str, order: str) -> None:
    network = network_of(setting, order=order)
    still = max(errors_of(network).weights)
    found = [max(errors_of(network, rates=(eta, eta)).weights) for eta in (1e-7, 1e-4, 3e-4, 1e-3)]
    assert found == sorted(found)
    assert found[0] == pytest.approx(still, rel=0.05)
    assert found[-1] > 1.5 * still


def test_error_grows_with_the_angle() -> None:
    found = [errors_of(network_of("prototypical", "c-vf", angle=angle)) for angle in (0, 45, 90)]
    assert found[0].backward[0] < found[1].backward[0] < found[2].backward[0]
    assert found[0].states[0] < found[1].states[0] < found[2].states[0]


@pytest.mark.parametrize("layers", [LAYERS, (12, 16, 8, 4)], ids=str)
@pytest.mark.parametrize("rule", ["c-ep", "c-vf"])
def test_alternating_half_steps_are_every_other_step(layers: Sequence[int], rule: str) -> None:
    """In the prototypical setting only the nudge reads the old state of a layer. So from rest, without rates and with a
    small beta, the changes of the states in alternating order are those of the synchronous order without its 0s."""
    found = {}
    for order in ("synchronous", "alternating"):
        network = network_of("prototypical", rule, layers, order=order)
        network = network.under(network.settings.but(beta=1e-7))
        sample = samples_of(layers)[0]
        free = FreePhase.of(network, sample.inputs, sample.targets)
        found[order] = [updates.states for updates, _ in compare(network, free)]
    last = len(layers) - 1
    for l in range(1, last + 1):
        # Synchronous order changes the outputs at even steps t, the layer below at odd ones, and so on.
        seldom = np.array([states[l - 1] for states in found["synchronous"]])
        often = np.array([states[l - 1] for states in found["alternating"]])
        first = (last - l) % 2
        np.testing.assert_allclose(seldom[first::2], often[: len(seldom[first::2])], atol=1e-6)
        np.testing.assert_allclose(seldom[1 - first :: 2], 0, atol=1e-6)
        assert np.abs(often[0]).max() > 1e-3 or l < last - 1


def test_equal_sides_have_no_error() -> None:
    network = network_of("prototypical")
    sample = samples_of(LAYERS)[0]
    free = FreePhase.of(network, sample.inputs, sample.targets)
    gradients = [other for _, other in compare(network, free)]
    assert len(gradients) == network.settings.nudged_steps
    errors = RelativeErrors.of(zip(gradients, gradients, strict=True))
    assert (errors.states, errors.weights, errors.backward) == ([0, 0], [0, 0], [])


def named(layers: Sequence[int], name: str, seed: int, beta: float, order: str) -> ReferenceNetwork:
    return dict(integer_networks(layers, seed, beta, order))[name]


@cache
def linear_free_phases(order: str) -> list[FreePhase]:
    """Those of the floating-point network, which are the same for all formats."""
    network = named(LAYERS, "linear", 1, 2.0**-6, order)
    return [FreePhase.of(network, sample.inputs, sample.targets) for sample in samples_of(LAYERS, 8)]


def integer_median(state_bits: int, weight_bits: int, order: str) -> np.ndarray:
    """States and weights of the linear network, median over samples."""
    network = named(LAYERS, "linear", 1, 2.0**-6, order)
    model = integer.quantised(network, integer.integer_specification(network, state_bits, weight_bits))
    before = model.weights_sha256()
    found = []
    for sample, free in zip(samples_of(LAYERS, 8), linear_free_phases(order), strict=True):
        errors = integer.integer_errors(network, model, free, sample.inputs)
        found.append(errors.states + errors.weights)
    assert model.weights_sha256() == before, "a rate of 0 must not move weights"
    return np.median(found, axis=0)


@wide_weights
@pytest.mark.parametrize("order", ["synchronous", "alternating"])
def test_integer_error_falls_with_bits(order: str) -> None:
    states = [integer_median(bits, 24, order) for bits in (8, 10, 12, 14, 16)]
    weights = [integer_median(16, bits, order) for bits in (6, 8, 10, 12)]
    for found in (states, weights):
        assert all(np.all(more < less) for less, more in pairwise(found))
    assert states[-1].max() < 0.05


@pytest.mark.parametrize("state_bits", [3, 6, 12])
@pytest.mark.parametrize("order", ["synchronous", "alternating"])
def test_skipped_steps_are_put_back(state_bits: int, order: str, monkeypatch: pytest.MonkeyPatch) -> None:
    network = named((64, 24, 10), "initial", 2, 0.25, order)
    model = integer.quantised(network, integer.integer_specification(network, state_bits, 8))
    free = [FreePhase.of(network, one.inputs, one.targets) for one in samples_of((64, 24, 10), 10)]
    inputs = [one.inputs for one in samples_of((64, 24, 10), 10)]
    skipping = [integer.integer_errors(network, model, one, x) for one, x in zip(free, inputs, strict=True)]
    monkeypatch.setattr(integer, "run_sample", lambda *a, **k: plain.run_sample(*a, **k, skip=False))
    assert skipping == [integer.integer_errors(network, model, one, x) for one, x in zip(free, inputs, strict=True)]


def result(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    assert run(["gdu", *arguments, "--samples", "1", "--json", "-"]) == 0
    return json.loads(capsys.readouterr().out)


def test_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = result(["--setting", "prototypical", "--angle", "30", "--out", str(tmp_path)], capsys)
    errors = found["relative_error"]
    assert [(entry["rule"], entry["order"], entry["eta"]) for entry in errors] == [
        (rule, order, eta) for rule in ("c-ep", "c-vf") for order in ("synchronous", "alternating") for eta in (0, 2e-5)
    ]
    assert all(len(entry["states"]) == len(entry["weights"]) == 2 for entry in errors)
    assert [len(entry.get("backward_weights", [])) for entry in errors] == [0, 0, 0, 0, 1, 1, 1, 1]
    assert {"definition", "samples", "seed", "settings", "floor", "growth"} <= set(found)
    assert [Path(path).name for path in found["plots"]] == [
        "gdu-curves-c-ep.png", "gdu-curves-c-ep-alternating.png", "gdu-curves-c-vf.png",
        "gdu-curves-c-vf-alternating.png", "gdu-floor.png", "gdu-growth.png",
    ]  # fmt: skip
    assert all(Path(path).read_bytes().startswith(b"\x89PNG") for path in found["plots"])


def test_one_order_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case = ["--setting", "consistent", "--order", "alternating", "--out", str(tmp_path)]
    assert run(["gdu", *case, "--samples", "1", "--json", str(tmp_path / "found.json")]) == 0
    said = capsys.readouterr().out
    assert "consistent, c-ep, alternating: at beta = 1e-06 the largest relative error of a layer is" in said
    found = json.loads((tmp_path / "found.json").read_text())
    for sweep in ("relative_error", "floor", "growth"):
        assert {entry["order"] for entry in found[sweep]} == {"alternating"}
    assert [Path(path).name for path in found["plots"]] == [
        "gdu-curves-c-ep-alternating.png", "gdu-floor.png", "gdu-growth.png"
    ]  # fmt: skip


@wide_weights
def test_integer_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = result(["--integer", "--beta", "0.03125", "--out", str(tmp_path)], capsys)
    floating, *others = found["relative_error"]
    assert floating["beta"] == 0.03125
    assert "state_bits" not in floating
    assert [entry["state_bits"] for entry in others[:13]] == list(range(4, 17))
    kinds = [(entry["network"], entry["order"]) for entry in found["relative_error"][::14]]
    assert kinds == [(name, order) for order in ("synchronous", "alternating") for name in ("linear", "initial")]
    assert set(found["settings"]) == {"linear", "initial"}
    assert others[12]["weights"] == pytest.approx(floating["weights"], abs=0.03)
    assert all(Path(path).read_bytes().startswith(b"\x89PNG") for path in found["plots"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--integer", "--rule", "c-vf"], "--integer has one setting"),
        (["--integer", "--beta", "0.1"], "--beta 0.1: the integer model needs a power of two"),
        (["--beta", "0"], "--beta"),
        (["--order", "random"], "--order"),
        (["--setting", "consistent", "--rule", "c-vf"], "--setting consistent --rule c-vf"),
        (["--rule", "c-ep", "--angle", "30"], "--angle 30: c-ep has one weight set"),
        (["--samples", "100000"], "--samples 100000: digits has 1437 training samples"),
        (["--data", "nowhere", "--samples", "1"], "nowhere"),
        (["--beta", "1e-9", "--samples", "1", "--setting", "energy-based"], "diverges at rates of"),
    ],
)
def test_bad_input_is_one_line(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run(["gdu", *arguments, "--out", str(tmp_path / "out")]) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.err.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_the_theorem_is_not_asked_about_slopes() -> None:
    network = network_of("prototypical", "c-vf")
    sample = samples_of(LAYERS)[0]
    free = FreePhase.of(network, sample.inputs, sample.targets)
    with pytest.raises(CepropError, match="partial_drive_slopes: Theorem 1"):
        compare(network.under(network.settings.but(partial_drive_slopes=True)), free)
