"""Theorem 1 for the integer model, as the command line measures it: against state bits, weight bits and beta."""

from collections.abc import Sequence
from typing import NamedTuple

from ceprop.common.report import Advance
from ceprop.experiments.theorem import Entry, errors_entry
from ceprop.model.reference.gdu import FreePhase, RelativeErrors, compare
from ceprop.model.reference.integer import integer_errors, integer_specification, quantised
from ceprop.model.reference.network import ReferenceNetwork
from ceprop.model.reference.theory import Sample, median, theory_settings


class Named(NamedTuple):
    """A network to measure and its name in the results."""

    name: str
    network: ReferenceNetwork


class _Point(NamedTuple):
    """One measurement: the sweep, the bits and beta. Without state bits it is in floating point."""

    sweep: str
    state_bits: int | None
    weight_bits: int
    beta: float


_FINEST_STATE, _FINEST_WEIGHT = 16, 24
STATE_BITS = range(4, _FINEST_STATE + 1)
WEIGHT_BITS = range(4, _FINEST_WEIGHT + 1, 2)
BETAS = tuple(2.0**-shift for shift in range(2, 13))
BETA_STATE_BITS = (8, 12, _FINEST_STATE)


def integer_networks(layers: Sequence[int], seed: int, beta: float, order: str) -> list[Named]:
    """Return networks of hard sigmoids at the paper's discrete setting.

    `initial` is the network as learning begins; many of its units are at 0 or 1. `linear` has biases of 1/2, a quarter
    of the weights from the input and half of the other weights, so that its units stay between 0 and 1. There `rho' =
    1`, the theorem is exact, and the remaining error comes from `beta` and from the number formats.
    """
    settings = theory_settings(layers, "prototypical", order=order, seed=seed)
    settings = settings.but(activation="hard-sigmoid", beta=beta)
    linear = ReferenceNetwork.initial(settings)
    for l, (weights, biases) in enumerate(zip(linear.forward, linear.biases, strict=True), 1):
        weights *= 0.25 if l == 1 else 0.5
        biases[:] = 0.5
    return [Named("linear", linear), Named("initial", ReferenceNetwork.initial(settings))]


def run_integer(networks: Sequence[Named], samples: Sequence[Sample], advance: Advance) -> dict[str, list[Entry]]:
    """Measure the sweeps: `relative_error` over the state bits, `weight_bits`, and `beta` of the linear network. Each
    sweep begins in floating point."""
    found: dict[str, list[Entry]] = {"relative_error": [], "weight_bits": [], "beta": []}
    done, total = 0, sum(len(_points(one)) for one in networks)
    for one in networks:
        frees = [FreePhase.of(one.network, sample.inputs, sample.targets) for sample in samples]
        for point in _points(one):
            advance(done, total)
            done += 1
            errors = median(_measure(one.network, point, frees, samples))
            bits = {"state_bits": point.state_bits, "weight_bits": point.weight_bits}
            entry = {"network": one.name, "order": one.network.settings.order, "beta": point.beta}
            entry |= {} if point.state_bits is None else bits
            found[point.sweep].append(entry | errors_entry(errors))
    return found


def _points(one: Named) -> list[_Point]:
    beta = one.network.settings.beta
    points = [
        *(_Point("relative_error", bits, _FINEST_WEIGHT, beta) for bits in (None, *STATE_BITS)),
        _Point("weight_bits", None, _FINEST_WEIGHT, beta),
        *(_Point("weight_bits", _FINEST_STATE, bits, beta) for bits in WEIGHT_BITS),
    ]
    if one.name == "linear":
        states = (None, *BETA_STATE_BITS)
        points += [_Point("beta", bits, _FINEST_WEIGHT, beta) for bits in states for beta in BETAS]
    return points


def _measure(
    network: ReferenceNetwork, point: _Point, frees: Sequence[FreePhase], samples: Sequence[Sample]
) -> list[RelativeErrors]:
    """Return the errors of every sample. No sample changes a weight."""
    nudged = network.under(network.settings.but(beta=point.beta))
    if point.state_bits is None:
        return [RelativeErrors.of(compare(nudged, free)) for free in frees]
    integer = quantised(nudged, integer_specification(nudged, point.state_bits, point.weight_bits))
    return [integer_errors(nudged, integer, free, sample.inputs) for free, sample in zip(frees, samples, strict=True)]
