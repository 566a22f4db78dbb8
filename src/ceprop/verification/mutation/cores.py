"""The cores that are mutated, and the comparisons that try to kill the mutants."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from ceprop.hdl import Core, GeneratedCore, generate
from ceprop.hdl.checks import VIOLATIONS
from ceprop.hdl.devices.primitives import PORTABLE
from ceprop.hdl.export import checked_rtlil
from ceprop.model import Dataset, Network
from ceprop.sim import ComparisonPlan
from ceprop.specification import Geometry, Specification
from ceprop.verification.mutation.mutated_design import Choice, MutatedDesign, mutated_design
from ceprop.verification.networks import random_samples

_SAMPLES = 6


@dataclass(frozen=True)
class CoreComparison:
    """A comparison of a core with the golden model.

    `change` changes the initial network before, and `options` are fields of :class:`ceprop.sim.ComparisonPlan`.
    """

    name: str
    samples: int = _SAMPLES
    change: Callable[[Network], None] | None = None
    options: dict[str, Any] = field(default_factory=dict)


def _settling(network: Network) -> None:
    """The states settle after a few steps."""
    for weights in (*network.weights[1:], *network.backward):
        weights //= 4


def _largest(network: Network) -> int:
    return (1 << network.specification.formats.weight_bits - 1) - 1


def _swinging(network: Network) -> None:
    """All units inhibit each other, so that the layers swing between all and nothing."""
    for weights in (*network.weights[1:], *network.backward):
        weights[:] = -_largest(network) * 3 // 4
    for biases in network.biases:
        biases[:] = _largest(network)


def _at_rest(network: Network) -> None:
    """A blank sample leaves every state at zero."""
    for biases in network.biases:
        biases[:] = -1 - _largest(network) // 16


def _at_targets(network: Network) -> None:
    """The biases alone hold the outputs at a target."""
    network.weights[-1][:] = 0
    network.biases[-1][:] = -_largest(network)
    network.biases[-1][0] = _largest(network)


def _at_limits(network: Network) -> None:
    """Weights and biases lie at their limits, so that learning saturates."""
    draw = np.random.default_rng(7)
    for values in (*network.weights, *network.backward, *network.biases):
        values[:] = np.where(draw.integers(0, 2, values.shape), _largest(network), -_largest(network) - 1)


COMPARISONS = (
    CoreComparison("learning"),
    CoreComparison("without a pause", 8, options={"read_every": 8}),
    CoreComparison("pauses", options={"read_every": 3, "pauses": 5}),
    CoreComparison("no skipping", 4, options={"read_every": 4, "skip": False}),
    CoreComparison("resets", 16, options={"interruptions": True}),
    CoreComparison("inference", 8, options={"read_every": 8, "learn": False}),
    CoreComparison("rewrites", 8, options={"read_every": 8, "rewrites": (2, 4, 6)}),
    CoreComparison("settling", change=_settling, options={"read_every": 2}),
    CoreComparison("swinging", change=_swinging, options={"read_every": 2}),
    CoreComparison("at rest", change=_at_rest, options={"read_every": 2}),
    CoreComparison("at targets", change=_at_targets, options={"read_every": 2}),
    CoreComparison("at limits", change=_at_limits, options={"read_every": 2}),
    CoreComparison("many samples", 20, options={"read_every": 20}),
)
"""The comparisons, in the order in which they are made. They are the kinds of the claims of `ceprop verify`."""

_LATEST = 600
"""Cycles after which a sample is interrupted at the latest, as in the claim `resets`."""


@dataclass(frozen=True)
class MutatedCore:
    """A core whose mutants are tried.

    `name` is the name of the core in the results. `given` is its specification.
    """

    name: str
    given: Specification

    @cached_property
    def specification(self) -> Specification:
        """The specification with the trace of the states."""
        return self.given.override("array.trace=true")

    @cached_property
    def generated(self) -> GeneratedCore:
        """The core without mutants, with its checks."""
        return generate(self.specification, checks=True)

    def choice(self, count: int, seed: int) -> Choice:
        """Return which mutants are chosen: none in the checks or in the trace, which the delivered core does not
        have."""
        return Choice(count, seed, "hdl", (VIOLATIONS, "trace__*"), ("hdl/checks.py", "hdl/io/trace_port.py"))

    def mutated(self, choice: Choice) -> MutatedDesign:
        """Return the core with its mutants."""
        top = self.generated.top
        rtlil, _ = checked_rtlil(Core(Geometry(self.specification), PORTABLE), top, lines=True)
        return mutated_design(rtlil, top, choice)

    def dataset(self, comparison: CoreComparison, seed: int) -> Dataset:
        """Return random samples. Half as many as are shown, so that there are two epochs and the rates change."""
        draw = np.random.default_rng([seed, COMPARISONS.index(comparison)])
        return random_samples(self.specification, draw, comparison.samples // 2)

    def plan(self, comparison: CoreComparison, seed: int, **options: Any) -> ComparisonPlan:
        """Return the plan of a comparison, with more options."""
        found = comparison.options | options
        if found.get("interruptions"):
            draw = np.random.default_rng([seed, 0])
            found["interruptions"] = draw.integers(0, _LATEST, comparison.samples).tolist()
        network = Network.initial(self.specification)
        if comparison.change is not None:
            comparison.change(network)
        return ComparisonPlan(samples=comparison.samples, network=network, **found)
