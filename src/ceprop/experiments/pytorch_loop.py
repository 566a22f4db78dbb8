"""The learning rules written plainly in PyTorch. The float reference is timed and checked against them."""

from typing import TYPE_CHECKING

import numpy as np

from ceprop.common.errors import CepropError
from ceprop.model.reference import ReferenceNetwork, Settings

if TYPE_CHECKING:
    import torch


class PyTorchLoop:
    """A network in the prototypical setting with the paper's sigmoid, on one thread.

    Every drive and every update is computed anew in every step, in either order of the layers. `forward`, `backward`
    and `biases` begin as those of the float reference; rules with one weight set have no `backward`. Raises
    :class:`CepropError` without PyTorch, and for another setting or activation.
    """

    def __init__(self, network: ReferenceNetwork) -> None:
        try:
            import torch
        except ImportError:
            raise CepropError("PyTorch is not installed: pip install torch") from None
        settings = network.settings
        if settings.real_time or settings.activation != "sigmoid" or settings.clip:
            raise CepropError("the PyTorch loop has the prototypical setting with the sigmoid, without clipping, only")
        torch.set_num_threads(1)
        self._torch = torch
        self._settings: Settings = settings
        self.forward = [torch.tensor(weights) for weights in network.forward]
        self.backward = [torch.tensor(weights) for weights in network.backward] if settings.asymmetric else []
        self.biases = [torch.tensor(biases) for biases in network.biases]

    def learn_batch(self, inputs: np.ndarray, targets: np.ndarray, beta: float) -> np.ndarray:
        """Learn from a batch as the float reference's `learn_batch` does; return the predictions made before
        learning."""
        torch, settings = self._torch, self._settings
        with torch.no_grad():
            x, y = torch.from_numpy(inputs), torch.from_numpy(targets)
            free = [x, *(torch.zeros(len(x), units, dtype=x.dtype) for units in settings.layers[1:])]
            for _ in range(settings.free_steps):
                free = self._step(free, y, 0.0)
            for signed in (beta, -beta) if settings.centred else (beta,):
                self._nudge(free, y, signed)
            return free[-1].argmax(1).numpy()

    def _nudge(self, free: "list[torch.Tensor]", y: "torch.Tensor", beta: float) -> None:
        """Run the nudged phase from the end of the free phase, with its learning."""
        states = free
        for _ in range(self._settings.nudged_steps):
            old, states = states, self._step(states, y, beta)
            if self._settings.continual:
                self._update(old, states, beta)
        if not self._settings.continual:
            self._update(free, states, beta)

    def _step(self, states: "list[torch.Tensor]", y: "torch.Tensor", beta: float) -> "list[torch.Tensor]":
        after = list(states)
        for half in self._settings.nudged_halves if beta else self._settings.free_halves:
            newest = list(after)
            for l in half:
                total = self._from_below(newest, l)
                if l + 1 < len(states):
                    total = total + self._from_above(newest, l)
                after[l] = self._rho(total)
            if beta and len(states) - 1 in half:
                after[-1] = after[-1] + beta * (y - states[-1])
        return after

    def _from_below(self, states: "list[torch.Tensor]", l: int) -> "torch.Tensor":
        return self._torch.nn.functional.linear(states[l - 1], self.forward[l - 1], self.biases[l - 1])

    def _from_above(self, states: "list[torch.Tensor]", l: int) -> "torch.Tensor":
        return states[l + 1] @ (self.backward[l].T if self._settings.asymmetric else self.forward[l])

    def _rho(self, total: "torch.Tensor") -> "torch.Tensor":
        return self._torch.sigmoid(4 * (total - 0.5))

    def _update(self, old: "list[torch.Tensor]", new: "list[torch.Tensor]", beta: float) -> None:
        learn = self._update_vector_field if self._settings.asymmetric else self._update_symmetric
        for l, rate in zip(self._settings.connections, self._settings.rates, strict=True):
            scale = rate / (beta * len(old[0]))
            moved = learn(old, new, l, scale)
            if l > 1 or self._settings.first_bias:
                self.biases[l - 1] += scale * moved.sum(0)

    def _update_symmetric(
        self, old: "list[torch.Tensor]", new: "list[torch.Tensor]", l: int, scale: float
    ) -> "torch.Tensor":
        self.forward[l - 1] += scale * (new[l].T @ new[l - 1] - old[l].T @ old[l - 1])
        return new[l] - old[l]

    def _update_vector_field(
        self, old: "list[torch.Tensor]", new: "list[torch.Tensor]", l: int, scale: float
    ) -> "torch.Tensor":
        above, below = new[l] - old[l], new[l - 1] - old[l - 1]
        if self._settings.partial_drive_slopes:
            above = above * self._slope(self._from_below(old, l))
            below = below * self._slope(self._from_above(old, l - 1))
        self.forward[l - 1] += scale * above.T @ old[l - 1]
        # The first backward weights lead to the input, which is clamped.
        self.backward[l - 1] += scale * below.T @ old[l]
        return above

    def _slope(self, drive: "torch.Tensor") -> "torch.Tensor":
        """Return `rho'`, by PyTorch's own differentiation."""
        with self._torch.enable_grad():
            drive = drive.detach().requires_grad_()
            return self._torch.autograd.grad(self._rho(drive).sum(), drive)[0]
