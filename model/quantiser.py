"""The quantiser, which makes inputs from raw samples (docs/numerics.md, 2)."""

import warnings

import numpy as np

from ceprop.common.errors import CepropError, CepropWarning
from ceprop.specification import Specification

_BLOCK = 4096
"""Number of samples that are quantised at once. The intermediate integers take four times the memory of the result."""


def quantise(specification: Specification, raw: np.ndarray) -> np.ndarray:
    """Return quantised inputs, uint16 (n, n_0), of raw integer samples (n, n_0).

    Raises :class:`CepropError` if a sample does not have one value per input unit.
    """
    units = specification.layers[0]
    if raw.ndim != 2 or raw.shape[1] != units:
        raise CepropError(f"samples of shape {raw.shape[1:]}: layer 0 has {units} units")
    result = np.empty(raw.shape, np.uint16)
    for start in range(0, len(raw), _BLOCK):
        result[start : start + _BLOCK] = _quantise_block(specification, raw[start : start + _BLOCK])
    return result


def _quantise_block(specification: Specification, raw: np.ndarray) -> np.ndarray:
    """Return the quantised inputs of a block of samples."""
    samples = raw.astype(np.int64)
    low, high = np.int64(specification.quantiser.low), np.int64(specification.quantiser.high)
    if specification.quantiser.mode == "minmax":
        low, high = samples.min(axis=1, keepdims=True), samples.max(axis=1, keepdims=True)
    span, top = high - low, (1 << specification.formats.input_bits) - 1
    # A sample without contrast has a span of 0, and all its values equal `low`. Any divisor gives zeros.
    scaled = ((samples - low) * top + span // 2) // np.maximum(span, 1)
    return np.clip(scaled, 0, top).astype(np.uint16)


def warn_outside_range(specification: Specification, *samples: np.ndarray) -> None:
    """Warn with :class:`CepropWarning` if values of raw integer `samples`, (n, n_0) each, lie outside a fixed range.

    The quantiser replaces such values by the nearest end of the range, so they can no longer be distinguished.
    """
    quantiser = specification.quantiser
    if quantiser.mode == "minmax":
        return
    outside = sum(int(np.count_nonzero((part < quantiser.low) | (part > quantiser.high))) for part in samples)
    if outside:
        least, largest = min(int(part.min()) for part in samples), max(int(part.max()) for part in samples)
        warnings.warn(
            f"{100 * outside / sum(part.size for part in samples):.2g} % of the values are outside the quantiser's "
            f"range of quantiser.low = {quantiser.low} to quantiser.high = {quantiser.high} and are cut off there; the "
            f'data reach from {least} to {largest}: set low and high so, or quantiser.mode = "minmax"',
            CepropWarning,
            stacklevel=3,
        )
