"""SplitMix64 streams, from which all random numbers except those of the generators are drawn, with integers alone
(docs/numerics.md, 7)."""

from enum import IntEnum

import numpy as np

_GOLDEN = 0x9E3779B97F4A7C15
_FIRST, _SECOND = 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
_MASK = (1 << 64) - 1


class Purpose(IntEnum):
    """The purpose of a stream. The numbers are part of the arithmetic contract."""

    WEIGHTS = 1
    BIASES = 2
    GENERATORS = 3
    SPLIT = 4
    ORDER = 5
    NUDGE_SIGN = 6
    FAULT = 7
    FLIPS = 8


class Stream:
    """A sequence of 64-bit random numbers, made from a seed of 64 bits, a purpose and an index. It is the same on every
    machine."""

    def __init__(self, seed: int, purpose: Purpose, index: int) -> None:
        self._base = mix(mix(mix(seed + _GOLDEN) + (purpose + 1) * _GOLDEN) + (index + 1) * _GOLDEN)
        self._drawn = 0

    def draws(self, count: int) -> np.ndarray:
        """Return the next `count` numbers, uint64."""
        steps = np.arange(self._drawn + 1, self._drawn + count + 1, dtype=np.uint64)
        self._drawn += count
        z = steps * np.uint64(_GOLDEN) + np.uint64(self._base)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(_FIRST)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(_SECOND)
        return z ^ (z >> np.uint64(31))

    def draw(self) -> int:
        """Return the next number."""
        self._drawn += 1
        return mix(self._base + self._drawn * _GOLDEN)

    def below(self, bound: int) -> int:
        """Return the next number, scaled to `0..bound - 1`. `bound` is at most 2^32."""
        return ((self.draw() >> 32) * bound) >> 32

    def all_below(self, bound: int, count: int) -> np.ndarray:
        """Return the next `count` numbers, int64, each scaled to `0..bound - 1`. `bound` is at most 2^32."""
        return (((self.draws(count) >> np.uint64(32)) * np.uint64(bound)) >> np.uint64(32)).astype(np.int64)


def mix(z: int) -> int:
    """Return the finaliser of SplitMix64 of `z`, modulo 2^64."""
    z &= _MASK
    z = ((z ^ (z >> 30)) * _FIRST) & _MASK
    z = ((z ^ (z >> 27)) * _SECOND) & _MASK
    return z ^ (z >> 31)
