"""How far a rule's update points from the gradient (paper, section 4.3)."""

import numpy as np
from threadpoolctl import threadpool_limits

from ceprop.model.datasets import Images
from ceprop.model.reference.bptt import truncated_gradient
from ceprop.model.reference.learning import learn_batch
from ceprop.model.reference.network import ReferenceNetwork
from ceprop.model.reference.settings import Settings

_BATCHES = 5


def gradient_angle(settings: Settings, inputs: np.ndarray, targets: np.ndarray) -> float:
    """Angle, in degrees, between what the initial network learns from a batch, each connection's update divided by
    its rate, and minus the gradient of the batch's loss through the last K free steps; over all weights together,
    forward and backward, without the biases. `inputs` (batch, n_0), `targets` (batch, n_L)."""
    # Differences of weights need more digits than learning does.
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
    update, downhill = np.concatenate(updates), -np.concatenate(gradients)
    cosine = update @ downhill / (np.linalg.norm(update) * np.linalg.norm(downhill))
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))


def mean_gradient_angle(settings: Settings, images: Images) -> float:
    """The mean of :func:`gradient_angle` over the first batches of the training set."""
    pictures, labels = images.train
    targets = np.eye(settings.layers[-1])
    angles = []
    with threadpool_limits(1):
        for batch in range(_BATCHES):
            here = slice(batch * settings.batch, (batch + 1) * settings.batch)
            angles.append(gradient_angle(settings, pictures[here] / images.largest, targets[labels[here]]))
    return float(np.mean(angles))
