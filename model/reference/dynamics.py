"""How states move: one step of every layer together, and the free phase (paper, equations 2 and 13).

Everywhere `states` is a list with one array (batch, n_l) a layer, the clamped input at its head.
"""

from collections.abc import Iterator

import numpy as np

from ceprop.model.reference.activations import activate, slope
from ceprop.model.reference.network import ReferenceNetwork

States = list[np.ndarray]


def begin(network: ReferenceNetwork, inputs: np.ndarray) -> States:
    """The states before the first step: `inputs` (batch, n_0), as they are clamped, and all others 0."""
    settings = network.settings
    clamped = inputs.astype(settings.precision)
    if settings.real_time:
        activate(settings.activation, clamped)
    return [clamped, *(np.zeros((len(inputs), units), settings.precision) for units in settings.layers[1:])]


def signals(network: ReferenceNetwork, states: States) -> States:
    """What layers send to each other: `s` in the prototypical setting, `rho(s)` in real time (the input already is)."""
    if not network.settings.real_time:
        return states
    return [states[0], *(activate(network.settings.activation, state.copy()) for state in states[1:])]


def input_drive(network: ReferenceNetwork, states: States) -> np.ndarray:
    """What the first layer hears from the clamped input and its bias, (batch, n_1)."""
    return states[0] @ network.forward[0].T + network.biases[0]


def step(
    network: ReferenceNetwork, drive: np.ndarray, states: States, sent: States, nudge: np.ndarray | None = None
) -> States:
    """The states after one step of all layers from the old ones; `nudge` is `beta (y - s_L)`, left out in the free
    phase, `drive` the input's and `sent` the signals of `states`."""
    last = len(states) - 1
    after = [states[0]]
    for l in range(1, last + 1):
        state = _advance(network, l, states[l], sent[l], heard(network, drive, sent, l), nudge if l == last else None)
        after.append(state)
    return after


def heard(network: ReferenceNetwork, drive: np.ndarray, sent: States, l: int) -> np.ndarray:
    """The sum that layer `l` hears from below, from above and from its bias, (batch, n_l)."""
    total = drive.copy() if l == 1 else from_below(network, sent, l)
    if l + 1 < len(sent):
        total += from_above(network, sent, l)
    return total


def from_below(network: ReferenceNetwork, sent: States, l: int) -> np.ndarray:
    """The part of that sum which the forward weights and the bias bring; layer 1 has the input's drive instead."""
    total = sent[l - 1] @ network.forward[l - 1].T
    total += network.biases[l - 1]
    return total


def from_above(network: ReferenceNetwork, sent: States, l: int) -> np.ndarray:
    """The part of that sum which the backward weights bring; the output layer has none."""
    return sent[l + 1] @ network.backward[l].T


def gain_is_slope(network: ReferenceNetwork, l: int) -> bool:
    """Whether the sum that layer `l` hears counts `rho'(s)` times in real time: not in VF, whose field need be no
    gradient, and not in the output layer of the paper's energy-based setting."""
    settings = network.settings
    return not settings.asymmetric and (settings.setting == "consistent" or l < len(settings.layers) - 1)


def free_phase(network: ReferenceNetwork, drive: np.ndarray, states: States) -> Iterator[States]:
    """The states after each of the `T` free steps."""
    for _ in range(network.settings.free_steps):
        states = step(network, drive, states, signals(network, states))
        yield states


def free_end(network: ReferenceNetwork, drive: np.ndarray, states: States) -> tuple[States, States]:
    """`(states, previous)` after the `T` free steps, the same bits as the last two of :func:`free_phase`.

    A step is a function of the states alone, so states that are those of two steps ago repeat for ever: there the
    phase ends early, with the parity that step T would have had. States that settle do so as well."""
    previous, before = states, states
    for done in range(1, network.settings.free_steps + 1):
        before, previous, states = previous, states, step(network, drive, states, signals(network, states))
        if done % 2 == 0 and _same(states, before):
            odd = (network.settings.free_steps - done) % 2
            return (previous, states) if odd else (states, previous)
    return states, previous


def _same(some: States, others: States) -> bool:
    """Whether two moments are equal in every bit that moves; the output layer, which is small, decides most."""
    return all(np.array_equal(a, b) for a, b in zip(some[:0:-1], others[:0:-1], strict=True))


def _advance(
    network: ReferenceNetwork, l: int, state: np.ndarray, sent: np.ndarray, total: np.ndarray, nudge: np.ndarray | None
) -> np.ndarray:
    """The new state of layer `l`, which hears `total`; `total` is written over."""
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
