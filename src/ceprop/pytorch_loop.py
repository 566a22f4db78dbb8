"""The equations of C-EP and EP written plainly in PyTorch, to measure the float reference against and to check it."""

from typing import TYPE_CHECKING

import numpy as np

from .errors import CepropError
from .model.reference import ReferenceNetwork, Settings

if TYPE_CHECKING:
    import torch


class PyTorchLoop:
    """A prototypical network with one weight set, every drive and every update computed anew at every step, on
    one thread.

    `forward` and `biases` begin as those of the float reference. Raises :class:`CepropError` without PyTorch."""

    def __init__(self, network: ReferenceNetwork) -> None:
        try:
            import torch
        except ImportError:
            raise CepropError("PyTorch is not installed: pip install torch") from None
        torch.set_num_threads(1)
        self._torch = torch
        self._settings: Settings = network.settings
        self.forward = [torch.tensor(weights) for weights in network.forward]
        self.biases = [torch.tensor(biases) for biases in network.biases]

    def learn_batch(self, inputs: np.ndarray, targets: np.ndarray, beta: float) -> np.ndarray:
        """Learn from a batch as the float reference's `learn_batch` does; the predictions made before."""
        torch, settings = self._torch, self._settings
        with torch.no_grad():
            x, y = torch.from_numpy(inputs), torch.from_numpy(targets)
            states = [x, *(torch.zeros(len(x), units, dtype=x.dtype) for units in settings.layers[1:])]
            for _ in range(settings.free_steps):
                states = self._step(states, y, 0.0)
            free = states
            for _ in range(settings.nudged_steps):
                old, states = states, self._step(states, y, beta)
                if settings.continual:
                    self._update(old, states, beta)
            if not settings.continual:
                self._update(free, states, beta)
            return free[-1].argmax(1).numpy()

    def _step(self, states: "list[torch.Tensor]", y: "torch.Tensor", beta: float) -> "list[torch.Tensor]":
        after = [states[0]]
        for l in self._settings.connections:
            total = self._torch.nn.functional.linear(states[l - 1], self.forward[l - 1], self.biases[l - 1])
            if l + 1 < len(states):
                total = total + states[l + 1] @ self.forward[l]
            after.append(self._torch.sigmoid(4 * (total - 0.5)))
        if beta:
            after[-1] = after[-1] + beta * (y - states[-1])
        return after

    def _update(self, old: "list[torch.Tensor]", new: "list[torch.Tensor]", beta: float) -> None:
        for l, rate in zip(self._settings.connections, self._settings.rates, strict=True):
            scale = rate / (beta * len(old[0]))
            self.forward[l - 1] += scale * (new[l].T @ new[l - 1] - old[l].T @ old[l - 1])
            self.biases[l - 1] += scale * (new[l] - old[l]).sum(0)
