"""Theorem 1 (paper, section 3 and equations 10 to 12): the updates of the nudged phase follow gradients (GDU).

At step `t` of the nudged phase, these normalised updates are compared with gradients:

- of states, `(s(t+1) - s(t)) / (dt beta)`, with `dt = 1` in the prototypical setting, compared with `-dL/ds_{T-t}`;
- of weights, `D(t) / beta`, compared with minus the contribution of step `T - 1 - t` alone to the gradient of the
  weights. C-EP and C-VF add a rate `eta` times this update to a weight at that step.

The gradients are those of backpropagation through time. Both sides are equal in the limit of small `beta` and small
rates, if a step is the gradient of a scalar. All functions of this file treat one sample.

In alternating order, half-step `n = 1, 2, ...` of the nudged phase mirrors the `n`-th of the free half-steps that have
an influence on the loss, counted from the last one. It computes the same half. The change of its states is compared
with the gradient of the states that the mirrored half-step computed. `D` of a whole step, with both its halves, is
compared with the contributions of the two half-steps that it mirrors. docs/reference.md derives this.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ceprop.common.errors import CepropError
from ceprop.model.reference.bptt import Past, backpropagate, contribution, free_trajectory
from ceprop.model.reference.dynamics import States, input_drive, signals
from ceprop.model.reference.learning import differences, moved, nudged_phase
from ceprop.model.reference.network import ReferenceNetwork

_LISTS = ("states", "weights", "backward")


@dataclass(frozen=True)
class Side:
    """One side of the comparison at one step. Entry `l - 1` of a list belongs to layer or connection `l`.

    `states` are (n_l,). `weights` are (n_l, n_{l-1}), except for connection 1: its entry is only the factor (n_1,) of
    the clamped input, because the input is the same on both sides. `backward` are (n_{l-1}, n_l), begin at connection
    2, and are empty with one weight set.
    """

    states: list[np.ndarray]
    weights: list[np.ndarray]
    backward: list[np.ndarray]

    @cached_property
    def squares(self) -> dict[str, list[float]]:
        """The sum of the squares of every array, by the name of its list."""
        return {name: [np.sum(array**2) for array in getattr(self, name)] for name in _LISTS}


@dataclass(frozen=True)
class FreePhase:
    """A sample after its free phase. `against` holds minus the gradients of the loss at the last `K` steps of this
    phase, beginning with the last step."""

    targets: np.ndarray
    states: States
    against: list[Side]

    @classmethod
    def of(cls, network: ReferenceNetwork, inputs: np.ndarray, targets: np.ndarray) -> "FreePhase":
        """Return the free phase of one sample with `inputs` (1, n_0) and `targets` (1, n_L)."""
        trajectory = free_trajectory(network, inputs, network.settings.nudged_steps)
        pasts = backpropagate(network, trajectory, targets)
        return cls(targets, trajectory[-1], [_minus_gradients(network, past) for past in pasts])


@dataclass(frozen=True)
class RelativeErrors:
    """`||update + gradient||_2 / ||gradient||_2` of one sample, per layer or connection.

    The norms are over all nudged steps `t < K` and all units of a layer or all synapses of a connection. `update` is
    the normalised update and `gradient` is that of BPTT. So 0 is a perfect match, and no update at all would give 1.
    Lists run from input to output. `backward` begins at connection 2 and is empty for rules with one weight set.
    """

    states: list[float]
    weights: list[float]
    backward: list[float]

    @classmethod
    def of(cls, pairs: Iterable[tuple[Side, Side]]) -> "RelativeErrors":
        """Return the errors of pairs `(updates, minus the gradients)`, one pair per step."""
        sums: dict[str, list[np.ndarray]] = {}
        for updates, gradients in pairs:
            for name in _LISTS:
                sides = zip(getattr(updates, name), getattr(gradients, name), gradients.squares[name], strict=True)
                for l, (one, other, square) in enumerate(sides):
                    parts = np.array([np.sum((one - other) ** 2), square])
                    found = sums.setdefault(name, [])
                    if l == len(found):
                        found.append(np.zeros(2))
                    found[l] += parts
        errors = {name: [float(np.sqrt(up / down)) for up, down in found] for name, found in sums.items()}
        return cls(errors["states"], errors["weights"], errors.get("backward", []))


def compare(network: ReferenceNetwork, free: FreePhase) -> Iterator[tuple[Side, Side]]:
    """Yield `(updates, minus the gradients)` at every nudged step. The network learns during the phase if its rates are
    not 0.

    Raises :class:`CepropError` for partial-drive slopes, to which the theorem does not apply.
    """
    if network.settings.partial_drive_slopes:
        raise CepropError("partial_drive_slopes: Theorem 1 is about updates without this slope")
    beta = network.settings.beta
    phase = nudged_phase(network, input_drive(network, free.states), free.states, free.targets, beta)
    return compare_states(network, free, phase, beta)


def compare_states(
    network: ReferenceNetwork, free: FreePhase, nudged: Iterable[States], beta: float
) -> Iterator[tuple[Side, Side]]:
    """Yield the same pairs as :func:`compare`, from the given states after every step of the nudged phase."""
    before = free.states
    for gradients, after in zip(free.against, nudged, strict=True):
        yield _updates(network, before, after, beta), gradients
        before = after


def _updates(network: ReferenceNetwork, before: States, after: States, beta: float) -> Side:
    """Return the normalised updates of one step."""
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
    """Return minus the gradients of one step."""
    # The input is left out. Its part would only repeat the first factor for every pixel.
    found = contribution(network, [Past(past.states, past.sums, [past.sent[0][:, :0], *past.sent[1:]])])
    return Side(
        [-gradient[0] for gradient in past.states],
        [-past.sums[0][0], *(-weights for weights in found.forward[1:])],
        [-weights for weights in found.backward[1:]] if network.settings.asymmetric else [],
    )
