"""The angle between the update of a rule and the gradient (paper, section 4.3)."""

from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from ceprop.model.datasets import Images
from ceprop.model.reference.bptt import truncated_gradient
from ceprop.model.reference.learning import learn_batch
from ceprop.model.reference.network import ReferenceNetwork
from ceprop.model.reference.settings import Settings

_BATCHES = 5


@dataclass(frozen=True)
class GradientAngles:
    """Angles, in degrees, between the update that the initial network makes for a batch and minus the gradient of the
    loss of the batch.

    The update of each connection is divided by its rate. All weights are taken together, forward and backward, without
    the biases. `all_steps` compares the update of all K nudged steps with the gradient through the last K free steps.
    `without_first_step` leaves out the contribution of the first nudged step to the update, and that of the last free
    step to the gradient. The authors' code computes this second angle.
    """

    all_steps: float
    without_first_step: float


def gradient_angles(settings: Settings, inputs: np.ndarray, targets: np.ndarray) -> GradientAngles:
    """Return both angles for a batch, `inputs` (batch, n_0) with `targets` (batch, n_L)."""
    update, gradient = _totals(settings, inputs, targets)
    # For every rule, a nudged phase of one step makes the same update as the first of K steps.
    first_update, first_gradient = _totals(settings.but(nudged_steps=1), inputs, targets)
    return GradientAngles(_angle(update, -gradient), _angle(update - first_update, first_gradient - gradient))


def mean_gradient_angles(settings: Settings, images: Images) -> GradientAngles:
    """Return the means of :func:`gradient_angles` over the first batches of the training set. There are five batches,
    or fewer if the set is too small."""
    pictures, labels = images.train
    targets = np.eye(settings.layers[-1])
    angles = []
    with threadpool_limits(1):
        for start in range(0, min(_BATCHES * settings.batch, len(labels)), settings.batch):
            here = slice(start, start + settings.batch)
            angles.append(gradient_angles(settings, pictures[here] / images.largest, targets[labels[here]]))
    return GradientAngles(
        float(np.mean([angle.all_steps for angle in angles])),
        float(np.mean([angle.without_first_step for angle in angles])),
    )


def _totals(settings: Settings, inputs: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the update of all nudged steps and the gradient through the same number of free steps, each with all
    weights in one row."""
    # The differences of weights need a higher precision than learning.
    exact = settings.but(precision="float64")
    network = ReferenceNetwork.initial(exact)
    before = ReferenceNetwork.initial(exact)
    gradient = truncated_gradient(before, inputs, targets, settings.nudged_steps)
    learn_batch(network, inputs, targets, settings.beta)
    updates, gradients = [], []
    for l, rate in zip(settings.connections, settings.rates, strict=True):
        updates.append((network.forward[l - 1] - before.forward[l - 1]).ravel() / rate)
        gradients.append(gradient.forward[l - 1].ravel())
        if settings.asymmetric and l > 1:
            updates.append((network.backward[l - 1] - before.backward[l - 1]).ravel() / rate)
            gradients.append(gradient.backward[l - 1].ravel())
    return np.concatenate(updates), np.concatenate(gradients)


def _angle(one: np.ndarray, other: np.ndarray) -> float:
    """Return the angle between two vectors, in degrees."""
    cosine = one @ other / (np.linalg.norm(one) * np.linalg.norm(other))
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))
