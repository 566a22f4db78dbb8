"""The rules: EP, C-EP, VF and C-VF, for a batch (paper, equations 6, 7, 9 and 11).

The four are one: they differ in whether weights move at every nudged step or once after the last, and in whether a
weight's change is that of a product of two signals or of one side alone. The vector-field rules have a second form, in
which that side's movement is multiplied by a slope of the activation (`partial_drive_slopes`).
"""

from collections.abc import Iterator

import numpy as np

from ceprop.model.reference.activations import activate, slope
from ceprop.model.reference.dynamics import States, begin, free_end, from_above, from_below, input_drive, signals, step
from ceprop.model.reference.network import ReferenceNetwork


def predict(network: ReferenceNetwork, inputs: np.ndarray) -> tuple[np.ndarray, States, np.ndarray]:
    """`(predictions, states, motion)` of a free phase on `inputs` (batch, n_0); `motion` (batch,) is the largest
    change of a state in the last step."""
    states = begin(network, inputs)
    states, previous = free_end(network, input_drive(network, states), states)
    pairs = zip(states[1:], previous[1:], strict=True)
    motion = np.max([np.abs(now - before).max(axis=1) for now, before in pairs], axis=0)
    return states[-1].argmax(axis=1), states, motion


def learn_batch(network: ReferenceNetwork, inputs: np.ndarray, targets: np.ndarray, beta: float) -> np.ndarray:
    """Learn from `inputs` (batch, n_0) with `targets` (batch, n_L); the predictions made before, (batch,)."""
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
    """The states after each of the `K` nudged steps; the network learns by its rule, and `drive` follows it.

    The weights of the input are moved once, after the last step, and yet every step hears the weights of its time.
    The input is clamped, so an update of connection 1 is `rate moved^T x`, and all of them together one product with
    the sum of `moved`; and an update changes the input's drive by `rate (x x^T) moved`, which a matrix of (batch,
    batch) gives without touching a weight. Both hold exactly, but for the last digit of floating point."""
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
"""States and the signals that they send."""


def moved(network: ReferenceNetwork, old: Moment, new: Moment, l: int) -> np.ndarray:
    """By how much layer `l` moved as its own synapses see it: its signal for EP, its state for VF, (batch, n_l)."""
    side = 0 if network.settings.asymmetric else 1
    return new[side][l] - old[side][l]


def differences(
    network: ReferenceNetwork, old: Moment, new: Moment, l: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What connection `l`, from the second on, learns from, summed over the batch: `D` of the forward weights
    (n_l, n_{l-1}), of the backward ones (n_{l-1}, n_l), the same transposed where there is one weight set, and of the
    biases (n_l,). Partial-drive slopes are those of the weights that `network` has now."""
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
    """`rho'` at `drive`, which is written over."""
    kind = network.settings.activation
    return slope(kind, activate(kind, drive))


def _learn(
    network: ReferenceNetwork, scale: list[float], overlap: np.ndarray, drive: np.ndarray, old: Moment, new: Moment
) -> np.ndarray:
    """Move the weights and biases above the first hidden layer, and `drive` as those below it will have moved; what
    these learn from, (batch, n_1), to be multiplied by the input."""
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
