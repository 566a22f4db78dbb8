"""Every way in which a phase ends: settled, in a period of two, open, at rest, and at the targets."""

from collections.abc import Callable

import numpy as np

from ceprop.model import Dataset, Network
from ceprop.specification import Specification
from ceprop.verification.case import Case, Claim, Found
from ceprop.verification.claims.comparisons import compared
from ceprop.verification.networks import ORDERS, RULES, SIGNS, random_samples

_SAMPLES = 6


def _calm(network: Network) -> None:
    """Strong recurrent weights: some samples settle within the phase, and some do not."""
    for weights in (*network.weights[1:], *network.backward):
        weights[:] = np.clip(4 * weights, -2048, 2047)


def _swinging(network: Network) -> None:
    """All units inhibit each other, so that the layers swing between all and nothing."""
    for weights in (*network.weights[1:], *network.backward):
        weights[:] = -1500
    for biases in network.biases:
        biases[:] = 2047


def _at_rest(network: Network) -> None:
    """A blank sample leaves every state at zero, and sums of the sample before must not return."""
    for biases in network.biases:
        biases[:] = -100


def _at_targets(network: Network) -> None:
    """The biases alone hold the outputs at a target, so that a nudge moves nothing."""
    network.weights[-1][:] = 0
    network.biases[-1][:] = -2048
    network.biases[-1][0] = 2047


CHANGES: tuple[Callable[[Network], None], ...] = (_swinging, _at_rest, _calm, _at_targets)


def specification_of(case: Case) -> Specification:
    """Return the network of a case. Its rule and order go with the number."""
    draw, number = case.draw, case.number
    hidden = [draw.randint(3, 12) for _ in range(1 + number // 8 % 2)]
    layers = [draw.choice([12, 24]), *hidden, draw.randint(3, 6)]
    return Specification.from_mapping(
        {
            "name": "ends",
            "layers": layers,
            "rule": RULES[(number + number // 4) % 4],
            "seed": draw.getrandbits(64),
            # Weights up to 4, so that biases alone hold a unit at its limits.
            "formats": {"weight_bits": 12, "weight_fraction": 9 if number % 4 == 3 else 12},
            "phases": {
                "free_steps": draw.randint(5, 12),
                "nudged_steps": draw.randint(2, 5),
                "order": ORDERS[(number + number // 4) // 2 % 2],
            },
            "nudge": {"shift": 1, "sign": draw.choice(SIGNS)},
            "update": {"shifts": [8] * (len(layers) - 1)},
            "array": {"rows": draw.randint(1, 3), "cols": draw.randint(1, 3), "memory_ports": 1 + draw.randint(0, 1)},
        }
    )


def _run(case: Case) -> Found:
    specification = specification_of(case)
    network = Network.initial(specification)
    CHANGES[case.number % len(CHANGES)](network)
    samples = random_samples(specification, case.numpy_draw, _SAMPLES)
    labels = samples.train_labels.copy()
    labels[::2] = 0  # the unit that is held at its target
    dataset = Dataset("ends", samples.train_inputs, labels, samples.train_inputs, labels)
    return compared(
        case,
        specification,
        dataset,
        _SAMPLES,
        simulator="icarus",
        network=network,
        learn=case.number // 4 % 3 != 2,
        read_every=1 + case.number % 3,
    )


PHASE_ENDS = Claim(
    name="phase-ends",
    claim="However a phase ends, a core ends it in the step of the model and keeps the model's states.",
    evidence="networks in Icarus that settle, swing, stay at rest or are at their targets, in every rule and order",
    unit="states",
    not_covered="networks of more than four layers",
    quick=8,
    full=240,
    run=_run,
)
