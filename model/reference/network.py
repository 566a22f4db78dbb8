"""Weights and biases in floating point, and their initial values."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from ceprop.model.reference.settings import Settings


@dataclass
class ReferenceNetwork:
    """A network in floating point. Entry `l - 1` of every list belongs to connection or layer `l`.

    `forward` is (n_l, n_{l-1}), `backward` is (n_{l-1}, n_l) and `biases` is (n_l,). The first entry of `backward` is
    never used, because the input is clamped. For rules with one weight set, `backward` holds transposed views of
    `forward`, which change with it.
    """

    settings: Settings
    forward: list[np.ndarray]
    backward: list[np.ndarray]
    biases: list[np.ndarray]

    @classmethod
    def initial(cls, settings: Settings) -> Self:
        """Return a network with random weights and biases.

        Forward weights and biases are uniform within `1 / sqrt(n_{l-1})`, as in PyTorch's `Linear`. Backward weights
        are the transposed forward weights, and the sign of each is flipped with probability `(1 - cos(angle)) / 2`.
        """
        random = np.random.default_rng(settings.seed)
        forward: list[np.ndarray] = []
        biases: list[np.ndarray] = []
        for below, units in zip(settings.layers, settings.layers[1:], strict=False):
            bound = below**-0.5
            forward.append(random.uniform(-bound, bound, (units, below)).astype(settings.precision))
            biases.append(random.uniform(-bound, bound, units).astype(settings.precision))
        backward = [weights.T for weights in forward]
        if settings.asymmetric:
            share = (1 - np.cos(np.radians(settings.angle))) / 2
            signs = [np.where(random.random(weights.shape) < share, -1, 1) for weights in backward]
            backward = [
                (weights * sign).astype(settings.precision) for weights, sign in zip(backward, signs, strict=True)
            ]
        return cls(settings, forward, backward, biases)

    def under(self, settings: Settings) -> Self:
        """Return an independent network with the same weights, to be run with other settings of the same rule."""
        forward = [weights.copy() for weights in self.forward]
        backward = [w.copy() for w in self.backward] if settings.asymmetric else [w.T for w in forward]
        return type(self)(settings, forward, backward, [biases.copy() for biases in self.biases])

    def parameters(self) -> dict[str, np.ndarray]:
        """Return every array that learning changes, by the name that it has in a checkpoint."""
        named = {f"forward{l}": weights for l, weights in enumerate(self.forward, 1)}
        named |= {f"biases{l}": biases for l, biases in enumerate(self.biases, 1)}
        if self.settings.asymmetric:
            named |= {f"backward{l}": weights for l, weights in enumerate(self.backward[1:], 2)}
        return named
