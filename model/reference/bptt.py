"""Backpropagation through time over the free phase, written without automatic differentiation.

The loss of a sample is `1/2 |y - s_L(T)|^2`. Step `k` leads from the states at `k` to those at `k + 1`. `t` counts
backwards from the end of the phase. The gradient of the states at `t` is that of the states at `T - t`. The gradient of
the parameters at `t` is the contribution of step `T - 1 - t` alone, as if all other steps used parameters of their own.
Gradients of states are kept per sample. Gradients of parameters are summed over the batch.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ceprop.model.reference.activations import curvature, slope
from ceprop.model.reference.dynamics import States, begin, free_phase, gain_is_slope, heard, input_drive, signals
from ceprop.model.reference.network import ReferenceNetwork


@dataclass(frozen=True)
class Past:
    """The gradients of the loss at `t` steps before the end. Entry `l - 1` of a list belongs to layer `l`.

    `states` are `dL/ds_{T-t}`, and `sums` are the gradients of the sums of the layers in step `T - 1 - t`; both are
    (batch, n_l). `sent` are the signals that the layers received in this step, with the clamped input as the first
    entry.
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
    """Return the states before and after the last `steps` steps of a free phase on `inputs` (batch, n_0), the oldest
    first."""
    start = begin(network, inputs)
    trajectory = deque([start], maxlen=steps + 1)
    trajectory.extend(free_phase(network, input_drive(network, start), start))
    return list(trajectory)


def backpropagate(network: ReferenceNetwork, trajectory: Sequence[States], targets: np.ndarray) -> Iterator[Past]:
    """Yield the gradients of the loss of `targets` (batch, n_L) at every step of `trajectory`, beginning with the last
    step (`t = 0`)."""
    drive = input_drive(network, trajectory[-1])
    gradients = [np.zeros_like(state) for state in trajectory[-1][1:]]
    gradients[-1] = trajectory[-1][-1] - targets
    for before, after in zip(trajectory[-2::-1], trajectory[:0:-1], strict=True):
        sent = signals(network, before)
        sums, direct = _through_step(network, drive, before, after, sent, gradients)
        yield Past(gradients, sums, sent)
        gradients = [kept + carried for kept, carried in zip(direct, _to_states(network, sums, sent), strict=True)]


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


def _through_step(
    network: ReferenceNetwork, drive: np.ndarray, before: States, after: States, sent: States, gradients: States
) -> tuple[States, States]:
    """Return the gradients before a step, from the gradients of the states `after` the step.

    The first list holds the gradients of the sums of the layers. The second list holds the part of the gradients of the
    states `before` that does not pass through a signal.
    """
    settings = network.settings
    if settings.clip:
        # A clipped state does not depend on its sum.
        gradients = [g * ((state > 0) & (state < 1)) for g, state in zip(gradients, after[1:], strict=True)]
    if not settings.real_time:
        slopes = [slope(settings.activation, state) for state in after[1:]]
        sums = [gradient * gain for gradient, gain in zip(gradients, slopes, strict=True)]
        return sums, [np.zeros_like(gradient) for gradient in gradients]
    sums, direct = [], []
    for l, gradient in enumerate(gradients, 1):
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
