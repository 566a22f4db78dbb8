"""SplitMix64 streams: all randomness that is not a generator's, from integers alone (docs/numerics.md, 7)."""

from enum import IntEnum

import numpy as np

_GOLDEN = 0x9E3779B97F4A7C15
_FIRST, _SECOND = 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
_MASK = (1 << 64) - 1


class Purpose(IntEnum):
    """What a stream is drawn for; the numbers are part of the arithmetic contract."""

    WEIGHTS = 1
    BIASES = 2
    GENERATORS = 3
    SPLIT = 4
    ORDER = 5
    NUDGE_SIGN = 6
    FAULT = 7
    FLIPS = 8


class Stream:
    """Draws of 64 bits in turn, the same on every machine, from a seed (64 bits), a purpose and an index."""

    def __init__(self, seed: int, purpose: Purpose, index: int) -> None:
        self._base = mix(mix(mix(seed + _GOLDEN) + (purpose + 1) * _GOLDEN) + (index + 1) * _GOLDEN)
        self._drawn = 0

    def draws(self, count: int) -> np.ndarray:
        """The next `count` draws, uint64."""
        steps = np.arange(self._drawn + 1, self._drawn + count + 1, dtype=np.uint64)
        self._drawn += count
        z = steps * np.uint64(_GOLDEN) + np.uint64(self._base)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(_FIRST)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(_SECOND)
        return z ^ (z >> np.uint64(31))

    def draw(self) -> int:
        """The next draw."""
        self._drawn += 1
        return mix(self._base + self._drawn * _GOLDEN)

    def below(self, bound: int) -> int:
        """The next draw, scaled to `0..bound - 1`; `bound` is at most 2^32."""
        return ((self.draw() >> 32) * bound) >> 32

    def all_below(self, bound: int, count: int) -> np.ndarray:
        """The next `count` draws, each scaled to `0..bound - 1`, int64; `bound` is at most 2^32."""
        return (((self.draws(count) >> np.uint64(32)) * np.uint64(bound)) >> np.uint64(32)).astype(np.int64)


def mix(z: int) -> int:
    """SplitMix64's finaliser, modulo 2^64."""
    z &= _MASK
    z = ((z ^ (z >> 30)) * _FIRST) & _MASK
    z = ((z ^ (z >> 27)) * _SECOND) & _MASK
    return z ^ (z >> 31)
