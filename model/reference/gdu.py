"""Theorem 1 (paper, section 3 and equations 10 to 12): nudging computes gradients.

At step `t` of the nudged phase the normalised updates

- of states, `(s(t+1) - s(t)) / (dt beta)`, with `dt = 1` in the prototypical setting,
- of weights, `D(t) / beta`, where a rate `eta` times this is what C-EP and C-VF add to a weight at that step,

are set against minus the gradients of backpropagation through time: `-dL/ds_{T-t}`, and minus the contribution of step
`T - 1 - t` alone to the gradient of the weights. They are equal in the limit of small `beta` and rates where a step is
the gradient of a scalar. Everything here is about one sample.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from ceprop.common.errors import CepropError
from ceprop.model.reference.bptt import Past, backpropagate, contribution, free_trajectory
from ceprop.model.reference.dynamics import States, input_drive, signals
from ceprop.model.reference.learning import differences, moved, nudged_phase
from ceprop.model.reference.network import ReferenceNetwork


@dataclass(frozen=True)
class Side:
    """One side of the comparison at one step; entry `l - 1` of a list belongs to layer or connection `l`.

    `states`: (n_l,). `weights`: (n_l, n_{l-1}), but of connection 1 only the factor (n_1,) that multiplies the
    clamped input, which both sides share. `backward`: (n_{l-1}, n_l) from connection 2 on, empty for one weight set."""

    states: list[np.ndarray]
    weights: list[np.ndarray]
    backward: list[np.ndarray]


@dataclass(frozen=True)
class FreePhase:
    """A sample after its free phase, and what the loss says about the last `K` steps of it."""

    targets: np.ndarray
    states: States
    pasts: list[Past]

    @classmethod
    def of(cls, network: ReferenceNetwork, inputs: np.ndarray, targets: np.ndarray) -> "FreePhase":
        """The free phase of one sample, `inputs` (1, n_0) with `targets` (1, n_L)."""
        trajectory = free_trajectory(network, inputs, network.settings.nudged_steps)
        return cls(targets, trajectory[-1], list(backpropagate(network, trajectory, targets)))


@dataclass(frozen=True)
class RelativeErrors:
    """`||update + gradient||_2 / ||gradient||_2`, the norms over all nudged steps `t < K` and all units of a layer,
    or synapses of a connection, of one sample. `update` is the normalised one and `gradient` that of BPTT, so that 0
    is a perfect match and 1 what no update at all would give. Lists run from input to output; `backward` begins at
    connection 2 and is empty for rules with one weight set."""

    states: list[float]
    weights: list[float]
    backward: list[float]

    @classmethod
    def of(cls, pairs: Iterable[tuple[Side, Side]]) -> "RelativeErrors":
        """Errors of `(updates, minus the gradients)` at every step."""
        sums: dict[str, list[np.ndarray]] = {}
        for updates, gradients in pairs:
            for name in ("states", "weights", "backward"):
                for l, (one, other) in enumerate(zip(getattr(updates, name), getattr(gradients, name), strict=True)):
                    parts = np.array([np.sum((one - other) ** 2), np.sum(other**2)])
                    found = sums.setdefault(name, [])
                    if l == len(found):
                        found.append(np.zeros(2))
                    found[l] += parts
        errors = {name: [float(np.sqrt(up / down)) for up, down in found] for name, found in sums.items()}
        return cls(errors["states"], errors["weights"], errors.get("backward", []))


def compare(network: ReferenceNetwork, free: FreePhase) -> Iterator[tuple[Side, Side]]:
    """`(updates, minus the gradients)` at every nudged step; `network` learns on the way if its rates are not 0.

    Raises :class:`CepropError` for partial-drive slopes, of which the theorem says nothing."""
    if network.settings.partial_drive_slopes:
        raise CepropError("partial_drive_slopes: Theorem 1 compares a movement with a gradient, without a slope")
    beta = network.settings.beta
    phase = nudged_phase(network, input_drive(network, free.states), free.states, free.targets, beta)
    return compare_states(network, free, phase, beta)


def compare_states(
    network: ReferenceNetwork, free: FreePhase, nudged: Iterable[States], beta: float
) -> Iterator[tuple[Side, Side]]:
    """As :func:`compare`, with the states after every step of the nudged phase given."""
    before = free.states
    for past, after in zip(free.pasts, nudged, strict=True):
        yield _updates(network, before, after, beta), _minus_gradients(network, past)
        before = after


def _updates(network: ReferenceNetwork, before: States, after: States, beta: float) -> Side:
    settings = network.settings
    time = beta * settings.dt if settings.real_time else beta
    old, new = (before, signals(network, before)), (after, signals(network, after))
    upper = [differences(network, old, new, l) for l in settings.connections[1:]]
    return Side(
        [(late - early)[0] / time for early, late in zip(before[1:], after[1:], strict=True)],
        [moved(network, old, new, 1)[0] / beta, *(forward / beta for forward, _, _ in upper)],
        [backward / beta for _, backward, _ in upper] if settings.asymmetric else [],
    )


def _minus_gradients(network: ReferenceNetwork, past: Past) -> Side:
    # Without the input, whose part would only repeat the first factor pixel by pixel.
    found = contribution(network, [Past(past.states, past.sums, [past.sent[0][:, :0], *past.sent[1:]])])
    return Side(
        [-gradient[0] for gradient in past.states],
        [-past.sums[0][0], *(-weights for weights in found.forward[1:])],
        [-weights for weights in found.backward[1:]] if network.settings.asymmetric else [],
    )
