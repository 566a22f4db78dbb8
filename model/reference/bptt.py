"""Backpropagation through time over the free phase, written without automatic differentiation.

The loss of a sample is `1/2 |y - s_L(T)|^2`. Step `k` leads from the states at `k` to those at `k + 1`. `t` counts
backwards from the end of the phase. The gradient of the states at `t` is that of the states at `T - t`. The gradient of
the parameters at `t` is the contribution of step `T - 1 - t` alone, as if all other steps used parameters of their own.
Gradients of states are kept per sample. Gradients of parameters are summed over the batch.

In alternating order, the phase is gone through half-step by half-step, from the last half-step that computes the output
layer. A half-step after it has no influence on the loss. `t` then counts pairs of half-steps. The first one of a pair
computed the half with the output layer, and the second one is the half-step before it. If the output layer is even, the
pairs are the steps. If it is odd, a pair consists of the first half of a step and the second half of the step before.
"""

from collections import deque
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, pairwise

import numpy as np

from ceprop.model.reference.activations import curvature, slope
from ceprop.model.reference.dynamics import (
    States,
    begin,
    free_half_steps,
    gain_is_slope,
    heard,
    input_drive,
    same,
    signals,
)
from ceprop.model.reference.network import ReferenceNetwork


@dataclass(frozen=True)
class Past:
    """The gradients of the loss at `t` steps before the end. Entry `l - 1` of a list belongs to layer `l`.

    `states` are `dL/ds_{T-t}`, and `sums` are the gradients of the sums of the layers in step `T - 1 - t`; both are
    (batch, n_l). `sent` are the signals that the layers received in this step, with the clamped input as the first
    entry.

    In alternating order, `states` are the gradients of the states that the two half-steps of the pair computed. If the
    pair goes back beyond the first half-step, one half has the gradients of the initial states. Its `sums` are 0.
    """

    states: list[np.ndarray]
    sums: list[np.ndarray]
    sent: States


@dataclass(frozen=True)
class Gradient:
    """A gradient of the parameters, with the shapes of :class:`ReferenceNetwork`.

    `forward` is (n_l, n_{l-1}), `backward` is (n_{l-1}, n_l) and `biases` is (n_l,). With one weight set, `forward` is
    the sum over both directions, and `backward` is its transpose. The first backward weights are never used, and their
    gradient is 0.
    """

    forward: list[np.ndarray]
    backward: list[np.ndarray]
    biases: list[np.ndarray]


def free_trajectory(network: ReferenceNetwork, inputs: np.ndarray, steps: int) -> list[States]:
    """Return the states before and after each half-step of the last steps of a free phase on `inputs` (batch, n_0), the
    oldest first. :func:`backpropagate` makes `steps` gradients from them, or `T` if there are fewer steps."""
    halves = len(network.settings.free_halves)
    start = begin(network, inputs)
    trajectory = deque([start], maxlen=halves * steps + 1 + _without_influence(network))
    # If a half-step brings back the states of two half-steps before, all later ones repeat these two.
    before = start
    half_steps = free_half_steps(network, input_drive(network, start), start)
    for done, after in enumerate(half_steps, 1):
        previous, before = before, trajectory[-1]
        trajectory.append(after)
        if done > 1 and same(after, previous):
            rest = halves * network.settings.free_steps - done
            trajectory.extend(states for states, _ in zip(cycle((before, after)), range(rest), strict=False))
            break
    return list(trajectory)


def backpropagate(network: ReferenceNetwork, trajectory: Sequence[States], targets: np.ndarray) -> Iterator[Past]:
    """Yield the gradients of the loss of `targets` (batch, n_L) at every step of `trajectory`, beginning with the last
    step (`t = 0`). `trajectory` holds the states before and after each half-step up to the end of a free phase."""
    halves = network.settings.nudged_halves
    found = list(_through_half_steps(network, trajectory[: len(trajectory) - _without_influence(network)], targets))
    for k in range(0, len(found) - 1, len(halves)):
        yield _joined(network, found[k : k + len(halves)])


def contribution(network: ReferenceNetwork, pasts: Sequence[Past]) -> Gradient:
    """Return the contribution of the steps of `pasts`, and of no other steps, to the gradient of the parameters."""
    sums = [np.concatenate(parts) for parts in zip(*(past.sums for past in pasts), strict=True)]
    sent = [np.concatenate(parts) for parts in zip(*(past.sent for past in pasts), strict=True)]
    connections = network.settings.connections
    forward = [sums[l - 1].T @ sent[l - 1] for l in connections]
    backward = [np.zeros_like(forward[0].T), *(sums[l - 2].T @ sent[l] for l in connections[1:])]
    if not network.settings.asymmetric:
        forward = [one + other.T for one, other in zip(forward, backward, strict=True)]
        backward = [weights.T for weights in forward]
    return Gradient(forward, backward, [error.sum(axis=0) for error in sums])


def truncated_gradient(
    network: ReferenceNetwork, inputs: np.ndarray, targets: np.ndarray, steps: int | None = None
) -> Gradient:
    """Return the gradient of the loss of a batch through the last `steps` steps of a free phase, or through all steps
    if `steps` is None.

    `inputs` are (batch, n_0) and `targets` are (batch, n_L).
    """
    steps = network.settings.free_steps if steps is None else min(steps, network.settings.free_steps)
    return contribution(network, list(backpropagate(network, free_trajectory(network, inputs, steps), targets)))


def _without_influence(network: ReferenceNetwork) -> int:
    """Return the number of half-steps at the end of a free phase that compute neither the output layer nor anything
    that it receives."""
    return int(network.settings.connections[-1] not in network.settings.free_halves[-1])


def _through_half_steps(network: ReferenceNetwork, trajectory: Sequence[States], targets: np.ndarray) -> Iterator[Past]:
    """Yield the gradients at every half-step of `trajectory`, beginning with the last one, and at last those of the
    first states. `sums` are 0 for layers that the half-step does not compute, and for the first states."""
    drive = input_drive(network, trajectory[-1])
    gradients = [np.zeros_like(state) for state in trajectory[-1][1:]]
    gradients[-1] = trajectory[-1][-1] - targets
    half_steps = list(pairwise(trajectory))[::-1]
    for half, (before, after) in zip(cycle(network.settings.nudged_halves), half_steps, strict=False):
        sent = signals(network, before)
        sums, direct = _through_half_step(network, drive, half, after, sent, gradients)
        yield Past(gradients, sums, sent)
        gradients = [kept + carried for kept, carried in zip(direct, _to_states(network, sums, sent), strict=True)]
    zeros = [np.zeros_like(gradient) for gradient in gradients]
    yield Past(gradients, zeros, signals(network, trajectory[0]))


def _joined(network: ReferenceNetwork, pasts: Sequence[Past]) -> Past:
    """Return the gradients of one step from those of its half-steps, in the order of `nudged_halves`. What a half sends
    is received in the half-step of the other half."""
    own = [
        k for l in network.settings.connections for k, half in enumerate(network.settings.nudged_halves) if l in half
    ]
    return Past(
        [pasts[k].states[l] for l, k in enumerate(own)],
        [pasts[k].sums[l] for l, k in enumerate(own)],
        [pasts[0].sent[0], *(pasts[len(pasts) - 1 - k].sent[l] for l, k in enumerate(own, 1))],
    )


def _through_half_step(
    network: ReferenceNetwork,
    drive: np.ndarray,
    half: Collection[int],
    after: States,
    sent: States,
    gradients: list[np.ndarray],
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return the gradients before a half-step that computes the layers of `half`, from the gradients of the states
    `after` it.

    The first list holds the gradients of the sums of the layers. The second list holds the part of the gradients of the
    states before the half-step that does not pass through a signal. `sent` are the signals before it.
    """
    settings = network.settings
    sums, direct = [], []
    for l, gradient in enumerate(gradients, 1):
        if l not in half:
            sums.append(np.zeros_like(gradient))
            direct.append(gradient)
            continue
        if settings.clip:
            # A clipped state does not depend on its sum.
            gradient = gradient * ((after[l] > 0) & (after[l] < 1))
        if not settings.real_time:
            sums.append(gradient * slope(settings.activation, after[l]))
            direct.append(np.zeros_like(gradient))
            continue
        straight = (1 - settings.dt) * gradient
        scaled = settings.dt * gradient
        if gain_is_slope(network, l):
            straight += scaled * heard(network, drive, sent, l) * curvature(settings.activation, sent[l])
            scaled = scaled * slope(settings.activation, sent[l])
        sums.append(scaled)
        direct.append(straight)
    return sums, direct


def _to_states(network: ReferenceNetwork, sums: States, sent: States) -> States:
    """Return the gradients of the states whose signals entered the sums, from the gradients of the sums."""
    settings = network.settings
    found = []
    for l in settings.connections:
        gradient = np.zeros_like(sums[l - 1])
        if l > 1:
            gradient += sums[l - 2] @ network.backward[l - 1]
        if l < len(sums):
            gradient += sums[l] @ network.forward[l]
        found.append(gradient * slope(settings.activation, sent[l]) if settings.real_time else gradient)
    return found
