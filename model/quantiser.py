"""From raw samples to quantised inputs (docs/numerics.md, 2)."""

import numpy as np

from ceprop.errors import CepropError
from ceprop.specification import Specification

_BLOCK = 4096
"""Samples that are quantised at once: the integers in between take four times the memory of the result."""


def quantise(specification: Specification, raw: np.ndarray) -> np.ndarray:
    """Quantised inputs, uint16 (n, n_0), of raw integer samples (n, n_0).

    Raises :class:`CepropError` where a sample does not have one value per input unit."""
    units = specification.layers[0]
    if raw.ndim != 2 or raw.shape[1] != units:
        raise CepropError(f"samples of shape {raw.shape[1:]}: layer 0 has {units} units")
    result = np.empty(raw.shape, np.uint16)
    for start in range(0, len(raw), _BLOCK):
        result[start : start + _BLOCK] = _quantise_block(specification, raw[start : start + _BLOCK])
    return result


def _quantise_block(specification: Specification, raw: np.ndarray) -> np.ndarray:
    samples = raw.astype(np.int64)
    low, high = np.int64(specification.quantiser.low), np.int64(specification.quantiser.high)
    if specification.quantiser.mode == "minmax":
        low, high = samples.min(axis=1, keepdims=True), samples.max(axis=1, keepdims=True)
    span, top = high - low, (1 << specification.formats.input_bits) - 1
    # A sample without contrast has span 0 and only zeros above its low: any divisor gives zeros.
    scaled = ((samples - low) * top + span // 2) // np.maximum(span, 1)
    return np.clip(scaled, 0, top).astype(np.uint16)
