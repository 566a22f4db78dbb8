"""Theorem 1 as the command line measures it: the settings, the sweeps, and their JSON."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ceprop.common.report import Advance
from ceprop.model.reference.gdu import RelativeErrors
from ceprop.model.reference.network import ReferenceNetwork
from ceprop.model.reference.settings import Settings
from ceprop.model.reference.theory import Sample, median_errors, theory_settings

ETA = 2e-5
"""The rate of all connections in the paper's figures."""
ETAS = (2e-7, 6e-7, 2e-6, 6e-6, ETA, 6e-5, 2e-4)
BETAS = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6)
# The free phase is longer, so that what is left of its motion is far below the effect of the smallest beta.
_LONGER = 4

DEFINITION = (
    "||update + gradient||_2 / ||gradient||_2 over all nudged steps t < K and all units of a layer, or synapses of a "
    "connection; update of states: (s(t+1) - s(t)) / (dt beta), of weights: D(t) / beta; gradient of states: "
    "dL/ds_(T-t), of weights: what step T-1-t alone contributes; in alternating order, of states: that of the states "
    "which the mirrored free half-step computed, of weights: what the two mirrored half-steps contribute; median over "
    "samples; lists run from input to output, backward_weights from connection 2"
)

Entry = dict[str, Any]


@dataclass(frozen=True)
class TheoryRun:
    """Measured errors: at the paper's rates, against the rate (`growth`), and against `beta` (`floor`)."""

    networks: list[ReferenceNetwork]
    relative_error: list[Entry]
    growth: list[Entry]
    floor: list[Entry]


Case = tuple[str, str, str]
"""A setting, a rule and an order."""


def theory_networks(
    layers: Sequence[int], cases: Sequence[Case], angle: float, seed: int, beta: float | None
) -> list[ReferenceNetwork]:
    """Return one network per case. All have the same forward weights."""
    found = []
    for setting, rule, order in cases:
        turned = angle if rule == "c-vf" else 0
        settings = theory_settings(layers, setting, rule, order=order, angle=turned, seed=seed)
        found.append(ReferenceNetwork.initial(settings if beta is None else settings.but(beta=beta)))
    return found


def with_rate(settings: Settings, eta: float) -> Settings:
    """Return the same settings with the rate `eta` for all connections."""
    return settings.but(rates=(eta,) * len(settings.connections))


def run_theory(networks: Sequence[ReferenceNetwork], samples: Sequence[Sample], advance: Advance) -> TheoryRun:
    """Measure every network on all samples."""
    run = TheoryRun(list(networks), [], [], [])
    done, total = 0, 2 * len(networks) * len(samples)

    def one_more() -> None:
        nonlocal done
        done += 1
        advance(done, total)

    for network in networks:
        settings = network.settings
        rated = [with_rate(settings, eta) for eta in (0.0, *ETAS)]
        entries = _entries(rated, median_errors(network, samples, rated, one_more))
        run.relative_error.extend(entry for entry in entries if entry["eta"] in (0, ETA))
        run.growth.extend(entries[1:])
        rested = network.under(settings.but(free_steps=_LONGER * settings.free_steps))
        nudged = [rested.settings.but(beta=beta) for beta in BETAS]
        run.floor.extend(_entries(nudged, median_errors(rested, samples, nudged, one_more)))
    return run


def errors_entry(errors: RelativeErrors) -> Entry:
    """Return errors in the form of the JSON."""
    entry: Entry = {"states": errors.states, "weights": errors.weights}
    return entry | ({"backward_weights": errors.backward} if errors.backward else {})


def _entries(variants: Sequence[Settings], medians: Sequence[RelativeErrors]) -> list[Entry]:
    return [
        {
            "setting": settings.setting,
            "rule": settings.rule,
            "order": settings.order,
            "eta": settings.rates[0],
            "beta": settings.beta,
            "free_steps": settings.free_steps,
            **errors_entry(errors),
        }
        for settings, errors in zip(variants, medians, strict=True)
    ]
