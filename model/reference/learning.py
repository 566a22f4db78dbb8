"""The learning rules EP, C-EP, VF and C-VF for a batch (paper, equations 6, 7, 9 and 11).

One function serves all four rules, because they differ in two choices only. Weights are updated at every nudged step,
or once after the last one. The update of a weight follows the change of a product of two signals, or the change of one
side alone. The vector-field rules have a second form, `partial_drive_slopes`, in which the change of that side is
multiplied by a slope of the activation.
"""

from collections.abc import Iterator

import numpy as np

from ceprop.model.reference.activations import activate, slope
from ceprop.model.reference.dynamics import States, begin, free_end, from_above, from_below, input_drive, signals, step
from ceprop.model.reference.network import ReferenceNetwork


def predict(network: ReferenceNetwork, inputs: np.ndarray) -> tuple[np.ndarray, States, np.ndarray]:
    """Return `(predictions, states, motion)` of a free phase on `inputs` (batch, n_0).

    `predictions` and `motion` are (batch,). `motion` is the largest change of a state in the last step.
    """
    states = begin(network, inputs)
    states, previous = free_end(network, input_drive(network, states), states)
    pairs = zip(states[1:], previous[1:], strict=True)
    motion = np.max([np.abs(now - before).max(axis=1) for now, before in pairs], axis=0)
    return states[-1].argmax(axis=1), states, motion


def learn_batch(network: ReferenceNetwork, inputs: np.ndarray, targets: np.ndarray, beta: float) -> np.ndarray:
    """Learn from `inputs` (batch, n_0) with `targets` (batch, n_L). Returns the predictions made before learning,
    (batch,)."""
    states = begin(network, inputs)
    drive = input_drive(network, states)
    states, _ = free_end(network, drive, states)
    for signed in (beta, -beta) if network.settings.centred else (beta,):
        for _ in nudged_phase(network, drive, states, targets, signed):
            pass
    return states[-1].argmax(axis=1)


def nudged_phase(
    network: ReferenceNetwork, drive: np.ndarray, states: States, targets: np.ndarray, beta: float
) -> Iterator[States]:
    """Yield the states after each of the `K` nudged steps. The network learns by its rule, and `drive` is corrected
    accordingly.

    The weights of the input are updated once, after the last step, and yet every step uses the sums that its own
    weights would give. The input is clamped, so an update of connection 1 is `rate moved^T x`, and all updates together
    are one product with the sum of `moved`. An update changes the drive by `rate (x x^T) moved`, and the matrix `x x^T`
    of (batch, batch) gives this change without the weights. Both identities are exact except for the rounding of
    floating point.
    """
    settings = network.settings
    scale = [rate / (beta * len(targets)) for rate in settings.rates]
    overlap = states[0] @ states[0].T + settings.first_bias
    overlap *= scale[0]
    total = np.zeros_like(drive)
    free = now = (states, signals(network, states))
    for _ in range(settings.nudged_steps):
        before = now
        after = step(network, drive, *before, beta * (targets - before[0][-1]))
        now = (after, signals(network, after))
        if settings.continual:
            total += _learn(network, scale, overlap, drive, before, now)
        yield after
    if not settings.continual:
        total += _learn(network, scale, overlap, drive, free, now)
    total *= scale[0]
    network.forward[0] += total.T @ states[0]
    if settings.first_bias:
        network.biases[0] += total.sum(axis=0)


Moment = tuple[States, States]
"""States, and the signals that they send."""


def moved(network: ReferenceNetwork, old: Moment, new: Moment, l: int) -> np.ndarray:
    """Return the change of layer `l` from which its synapses learn, (batch, n_l). It is the change of the signal for
    EP, and the change of the state for VF."""
    side = 0 if network.settings.asymmetric else 1
    return new[side][l] - old[side][l]


def differences(
    network: ReferenceNetwork, old: Moment, new: Moment, l: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the differences from which connection `l >= 2` learns, summed over the batch.

    They are the `D` of the forward weights (n_l, n_{l-1}), of the backward weights (n_{l-1}, n_l), and of the biases
    (n_l,). With one weight set, the second is the transpose of the first. Partial-drive slopes use the present weights
    of `network`.
    """
    above = moved(network, old, new, l)
    if not network.settings.asymmetric:
        product = new[1][l].T @ new[1][l - 1] - old[1][l].T @ old[1][l - 1]
        return product, product.T, above.sum(axis=0)
    below = moved(network, old, new, l - 1)
    if network.settings.partial_drive_slopes:
        above *= _slope_at(network, from_below(network, old[1], l))
        below *= _slope_at(network, from_above(network, old[1], l - 1))
    return above.T @ old[1][l - 1], below.T @ old[1][l], above.sum(axis=0)


def _slope_at(network: ReferenceNetwork, drive: np.ndarray) -> np.ndarray:
    """Return `rho'` at `drive`, which is overwritten."""
    kind = network.settings.activation
    return slope(kind, activate(kind, drive))


def _learn(
    network: ReferenceNetwork, scale: list[float], overlap: np.ndarray, drive: np.ndarray, old: Moment, new: Moment
) -> np.ndarray:
    """Update the weights and biases above the first hidden layer, and correct `drive` for the updates of connection 1
    that are still to come.

    Returns the change of layer 1, (batch, n_1), which multiplies the input in the update of connection 1.
    """
    change = moved(network, old, new, 1)
    if network.settings.partial_drive_slopes:
        change *= _slope_at(network, drive.copy())
    drive += overlap @ change
    for l in network.settings.connections[1:]:
        forward, backward, biases = differences(network, old, new, l)
        network.forward[l - 1] += scale[l - 1] * forward
        if network.settings.asymmetric:
            network.backward[l - 1] += scale[l - 1] * backward
        network.biases[l - 1] += scale[l - 1] * biases
    return change
