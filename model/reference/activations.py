"""Activations and their derivatives, element by element. The derivatives are functions of the value of the
activation."""

import numpy as np


def activate(kind: str, a: np.ndarray) -> np.ndarray:
    """Return `rho(a)`, written over `a`.

    `sigmoid` is the paper's `1 / (1 + exp(-4 (a - 1/2)))`, `hard-sigmoid` is `clip(a, 0, 1)`, and any other `kind` is
    `tanh(a)`.
    """
    if kind == "sigmoid":
        # The function is computed as half a tanh, for which numpy has vector instructions.
        a *= 2
        a -= 1
        np.tanh(a, out=a)
        a *= 0.5
        a += 0.5
        return a
    if kind == "hard-sigmoid":
        return np.clip(a, 0, 1, out=a)
    return np.tanh(a, out=a)


def slope(kind: str, value: np.ndarray) -> np.ndarray:
    """Return `rho'` at the place where `rho` has the value `value`. At the corners of the hard sigmoid it is 0."""
    if kind == "sigmoid":
        return 4 * value * (1 - value)
    if kind == "hard-sigmoid":
        return ((value > 0) & (value < 1)).astype(value.dtype)
    return 1 - value * value


def curvature(kind: str, value: np.ndarray) -> np.ndarray:
    """Return `rho''` at the place where `rho` has the value `value`."""
    if kind == "sigmoid":
        return 16 * value * (1 - value) * (1 - 2 * value)
    if kind == "hard-sigmoid":
        return np.zeros_like(value)
    return -2 * value * (1 - value * value)
