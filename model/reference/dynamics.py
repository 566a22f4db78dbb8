"""The dynamics of the states: a step, its half-steps, and the free phase (paper, equations 2 and 13).

Everywhere, `states` is a list with one array (batch, n_l) per layer, and the first entry is the clamped input. A *half*
is the numbers of the layers that are computed together. In synchronous order, a step has one half, which holds all
layers.
"""

from collections.abc import Collection, Iterator
from itertools import islice

import numpy as np

from ceprop.model.reference.activations import activate, slope
from ceprop.model.reference.network import ReferenceNetwork

States = list[np.ndarray]


def begin(network: ReferenceNetwork, inputs: np.ndarray) -> States:
    """Return the states before the first step. The first entry is `inputs` (batch, n_0) as they are clamped, and all
    other states are 0."""
    settings = network.settings
    clamped = inputs.astype(settings.precision)
    if settings.real_time:
        activate(settings.activation, clamped)
    return [clamped, *(np.zeros((len(inputs), units), settings.precision) for units in settings.layers[1:])]


def signals(network: ReferenceNetwork, states: States) -> States:
    """Return the signals that the layers send to each other.

    They are `s` in the prototypical setting and `rho(s)` in real time. The input already is a signal, so it is not
    changed.
    """
    if not network.settings.real_time:
        return states
    return [states[0], *(activate(network.settings.activation, state.copy()) for state in states[1:])]


def input_drive(network: ReferenceNetwork, states: States) -> np.ndarray:
    """Return the sum of the first layer over the clamped input, with the bias, (batch, n_1)."""
    return states[0] @ network.forward[0].T + network.biases[0]


def step(
    network: ReferenceNetwork, drive: np.ndarray, states: States, sent: States, nudge: np.ndarray | None = None
) -> States:
    """Return the states after one step.

    `nudge` is `beta (y - s_L)` with the states before the step, and None in the free phase. `drive` is that of
    :func:`input_drive`, and `sent` are the signals of `states`. In alternating order, the second half-step is computed
    from the states after the first one. A free step begins with the odd layers. A nudged step begins with the half that
    holds the output layer.
    """
    settings = network.settings
    first, *others = settings.free_halves if nudge is None else settings.nudged_halves
    states = half_step(network, drive, states, sent, first, nudge)
    for half in others:
        sent = _signals_after(network, sent, states, first)
        states = half_step(network, drive, states, sent, half, nudge)
    return states


def half_step(
    network: ReferenceNetwork,
    drive: np.ndarray,
    states: States,
    sent: States,
    half: Collection[int],
    nudge: np.ndarray | None = None,
) -> States:
    """Return the states after the layers of `half` were computed from `states`. The other layers keep their states. The
    arguments are those of :func:`step`."""
    last = len(states) - 1
    after = list(states)
    for l in half:
        after[l] = _advance(
            network, l, states[l], sent[l], heard(network, drive, sent, l), nudge if l == last else None
        )
    return after


def heard(network: ReferenceNetwork, drive: np.ndarray, sent: States, l: int) -> np.ndarray:
    """Return the sum that layer `l` receives from below, from above and from its bias, (batch, n_l)."""
    total = drive.copy() if l == 1 else from_below(network, sent, l)
    if l + 1 < len(sent):
        total += from_above(network, sent, l)
    return total


def from_below(network: ReferenceNetwork, sent: States, l: int) -> np.ndarray:
    """Return the part of the sum of layer `l >= 2` that its forward weights and its bias bring. Layer 1 has the drive
    instead."""
    total = sent[l - 1] @ network.forward[l - 1].T
    total += network.biases[l - 1]
    return total


def from_above(network: ReferenceNetwork, sent: States, l: int) -> np.ndarray:
    """Return the part of the sum of layer `l` that its backward weights bring. The output layer has no such part."""
    return sent[l + 1] @ network.backward[l].T


def gain_is_slope(network: ReferenceNetwork, l: int) -> bool:
    """Return whether the sum of layer `l` is multiplied by `rho'(s)` in real time.

    This is not so in VF, whose vector field need not be a gradient, and in the output layer of the paper's energy-based
    setting.
    """
    settings = network.settings
    return not settings.asymmetric and (settings.setting == "consistent" or l < len(settings.layers) - 1)


def free_half_steps(network: ReferenceNetwork, drive: np.ndarray, states: States) -> Iterator[States]:
    """Yield the states after each half-step of the `T` free steps."""
    sent = signals(network, states)
    for half in network.settings.free_halves * network.settings.free_steps:
        states = half_step(network, drive, states, sent, half)
        sent = _signals_after(network, sent, states, half)
        yield states


def free_phase(network: ReferenceNetwork, drive: np.ndarray, states: States) -> Iterator[States]:
    """Yield the states after each of the `T` free steps."""
    halves = len(network.settings.free_halves)
    return islice(free_half_steps(network, drive, states), halves - 1, None, halves)


def free_end(network: ReferenceNetwork, drive: np.ndarray, states: States) -> tuple[States, States]:
    """Return `(states, previous)` after the `T` free steps, the same bits as the last two of :func:`free_phase`.

    A step depends on the states alone. So if the states equal those of two steps before, they repeat for ever. The
    phase then ends early, with the parity that step T would have had. States that have settled are a case of this. In
    alternating order, a phase ends early where a step changes no state.
    """
    settings = network.settings
    previous, before = states, states
    for done in range(1, settings.free_steps + 1):
        before, previous, states = previous, states, step(network, drive, states, signals(network, states))
        if settings.alternating and same(states, previous):
            return states, previous
        if done % 2 == 0 and same(states, before):
            odd = (settings.free_steps - done) % 2
            return (previous, states) if odd else (states, previous)
    return states, previous


def same(some: States, others: States) -> bool:
    """Return whether two lists of states are equal in every bit. The output layer is compared first, because it is
    small and decides most cases. The input is not compared."""
    return all(np.array_equal(a, b) for a, b in zip(some[:0:-1], others[:0:-1], strict=True))


def _signals_after(network: ReferenceNetwork, sent: States, states: States, half: Collection[int]) -> States:
    """Return the signals of `states`, from the signals `sent` of before the layers of `half` were computed."""
    if not network.settings.real_time:
        return states
    kind = network.settings.activation
    return [activate(kind, state.copy()) if l in half else sent[l] for l, state in enumerate(states)]


def _advance(
    network: ReferenceNetwork, l: int, state: np.ndarray, sent: np.ndarray, total: np.ndarray, nudge: np.ndarray | None
) -> np.ndarray:
    """Return the new state of layer `l`, whose sum is `total`. `total` is overwritten."""
    settings = network.settings
    if not settings.real_time:
        activate(settings.activation, total)
        if nudge is not None:
            total += nudge
        return np.clip(total, 0, 1, out=total) if settings.clip else total
    if gain_is_slope(network, l):
        total *= slope(settings.activation, sent)
    if nudge is not None:
        total += nudge
    total -= state
    total *= settings.dt
    total += state
    return np.clip(total, 0, 1, out=total) if settings.clip else total
