"""The integer model against the float reference, within what the number formats allow."""

from itertools import pairwise

import numpy as np
import pytest

from ceprop import Specification
from ceprop.model import Network, plain
from ceprop.model.reference import float_network, float_settings
from ceprop.model.reference.dynamics import begin, free_phase, input_drive
from ceprop.model.reference.learning import nudged_phase

SAMPLES = 6
K, SHIFT = 8, 8


def specification(
    state_bits: int, weight_bits: int, activation: str, rule: str = "c-ep", order: str = "synchronous"
) -> Specification:
    """A network whose roundings are all to nearest; the sigmoid's table is as fine as it can be."""
    # Rounding must drop a bit at least, which short states and long weights ask a larger `largest` for.
    largest = max(SHIFT, weight_bits - 2 * state_bits)
    return Specification.from_mapping(
        {
            "layers": [16, 12, 9, 5],
            "rule": rule,
            "seed": 11,
            "formats": {
                "state_bits": state_bits, "input_bits": state_bits,
                "weight_bits": weight_bits, "weight_fraction": weight_bits - 1,
            },
            "activation": {"kind": activation, "table_bits": 12},
            "phases": {"free_steps": 30, "nudged_steps": K, "order": order},
            "nudge": {"shift": 2},
            "update": {"rounding": "nearest", "shifts": [SHIFT] * 3, "largest": [largest] * 3},
        }
    )  # fmt: skip


def distances(chosen: Specification, scale: float) -> tuple[np.ndarray, np.ndarray, float]:
    """`(states, weights, contraction)`: the largest distance of a state after every executed step, (SAMPLES, 30 + K),
    that of a weight after each sample's learning, (SAMPLES,), and the largest factor by which a step can widen a
    distance between states. Every sample starts from the initial weights times `scale`."""
    states, weights = np.zeros((SAMPLES, 30 + K)), np.zeros(SAMPLES)
    random = np.random.default_rng(2)
    unit, top = 2.0**-chosen.formats.state_bits, (1 << chosen.formats.state_bits) - 1
    inputs = np.floor(random.random((SAMPLES, chosen.layers[0])) * (top + 1)).astype(np.int64)
    contraction = 0.0
    for sample in range(SAMPLES):
        network = Network.initial(chosen)
        for array in (*network.weights, *network.biases, *network.backward):
            array[:] = np.round(array * scale)
        reference = float_network(network)
        contraction = max(contraction, widening(reference.forward))
        label = sample % chosen.classes
        record = plain.run_sample(network, inputs[sample], label, shifts=[SHIFT] * 3, trace=True, skip=False)
        moving = begin(reference, inputs[sample : sample + 1] * unit)
        drive = input_drive(reference, moving)
        every = list(free_phase(reference, drive, moving))
        targets = np.eye(chosen.classes)[[label]] * top * unit
        every += nudged_phase(reference, drive, every[-1], targets, reference.settings.beta)
        assert record.states is not None
        for step, (integer, real) in enumerate(zip(record.states, every, strict=True)):
            states[sample, step] = np.abs(integer * unit - np.concatenate(real[1:], axis=1)).max()
        final = float_network(network)
        pairs = zip(final.parameters().values(), reference.parameters().values(), strict=True)
        weights[sample] = max(float(np.abs(a - b).max()) for a, b in pairs)
    return states, weights, contraction


def widening(forward: list[np.ndarray]) -> float:
    """The largest sum over a unit's synapses, from below (not the input) and above, of their magnitudes."""
    sums = []
    for l, weights in enumerate(forward):
        below = np.abs(weights).sum(axis=1) if l else np.zeros(len(weights))
        above = np.abs(forward[l + 1]).sum(axis=0) if l + 1 < len(forward) else 0
        sums.append(float((below + above).max()))
    return max(sums)


def tolerances(chosen: Specification, contraction: float) -> tuple[np.ndarray, float]:
    """Bounds on the distance of a state after every step and on that of a weight after all, from the formats alone.

    A step adds to a state what rounding the activation and the nudge adds, 1.5 units of the state together, half a
    unit more where 2^S - 1 stands for 1, and, for the sigmoid, a slot of its table; it widens what was there by the
    weights (times the activation's slope), and adds what the weights are off, times the units that are heard. An
    update adds half a unit of the weight and what its product is off: four states of at most 1, times its rate. In
    alternating order, the second half of a step widens what the first half has just taken."""
    formats = chosen.formats
    slope, table = 1.0, 0.0
    if chosen.activation.kind == "sigmoid":
        # The table spans 2^(h+1) with 2^table_bits slots and is read at a slot's edge.
        table = 2.0 ** (chosen.sigmoid_range + 1 - chosen.activation.table_bits)
    unit, heard = 2.0**-formats.state_bits, max(chosen.layers) + max(chosen.layers[1:]) + 1
    state = weight = 0.0
    bounds = []
    for step in range(30 + K):
        new, pull = state, 0.25 * state if step >= 30 else 0.0
        for _ in chosen.free_halves:
            new = slope * (contraction * max(new, state) + heard * weight) + 2 * unit + table + pull
        if step >= 30:
            weight += 2.0**-SHIFT * 4 * max(new, state) + 2.0 ** -(formats.weight_fraction + 1)
        state = new
        bounds.append(state)
    return np.array(bounds), weight


@pytest.mark.parametrize("activation", ["hard-sigmoid", "sigmoid"])
@pytest.mark.parametrize("rule", ["ep", "c-ep", "vf", "c-vf"])
@pytest.mark.parametrize("order", ["synchronous", "alternating"])
def test_integers_stay_within_what_the_formats_allow(rule: str, activation: str, order: str) -> None:
    chosen = specification(16, 24, activation, rule, order)
    # Small weights, so that a step narrows distances and the bound can be computed.
    states, weights, contraction = distances(chosen, 0.15)
    assert contraction < 0.6
    bounds, bound = tolerances(chosen, contraction)
    assert (states <= bounds).all(), f"{states.max():.2e} at step {states.max(axis=0).argmax()}"
    assert (weights <= bound).all(), f"{weights.max():.2e}, allowed {bound:.2e}"
    # The bounds mean something: free states move by tenths.
    assert bounds[:30].max() < (1e-4 if activation == "hard-sigmoid" else 5e-3)


@pytest.mark.parametrize("scale", [0.15, 1.0])
def test_every_bit_of_a_state_brings_integers_nearer(scale: float) -> None:
    means = [float(distances(specification(bits, 24, "hard-sigmoid"), scale)[0].mean()) for bits in range(6, 17)]
    for coarse, fine in pairwise(means):
        assert fine < 0.75 * coarse
    assert means[-1] == pytest.approx(means[0] / 2**10, rel=0.5)


def test_every_bit_of_a_weight_brings_integers_nearer() -> None:
    means = [float(distances(specification(16, bits, "hard-sigmoid"), 1.0)[1].mean()) for bits in range(12, 25)]
    for coarse, fine in pairwise(means):
        assert fine < 0.9 * coarse
    assert means[-1] < means[0] / 2**8


def test_settings_follow_the_specification() -> None:
    chosen = specification(16, 24, "hard-sigmoid").override(
        "update.schedule=[{epoch=2,shifts=[5,6,7]}]", "update.largest=[9,9,9]"
    )
    assert float_settings(chosen).rates == (2.0**-10,) * 3
    assert float_settings(chosen, epoch=2).rates == (2.0**-7, 2.0**-8, 2.0**-9)
    assert float_settings(chosen).beta == 0.25
    for order in ("synchronous", "alternating"):
        assert float_settings(specification(16, 24, "hard-sigmoid", order=order)).order == order
