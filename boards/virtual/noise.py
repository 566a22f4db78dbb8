"""A line that damages what passes, the same way for the same seed."""

import random


class LineNoise:
    """Changes, drops or repeats every byte with a total probability of `rate`, each kind equally often.

    `rate` is from 0 to 1; a byte that is changed becomes any of the 255 others. One object holds the noise of one
    direction: what comes out depends on the bytes alone, however they are cut."""

    def __init__(self, rate: float, seed: int):
        self._rate = rate
        self._random = random.Random(seed)

    def pass_on(self, data: bytes) -> bytes:
        """What arrives of `data`."""
        if not self._rate:
            return data
        return b"".join(self._byte(byte) for byte in data)

    def _byte(self, byte: int) -> bytes:
        if self._random.random() >= self._rate:
            return bytes([byte])
        kind = self._random.randrange(3)
        if kind == 0:
            return bytes([byte ^ self._random.randrange(1, 256)])
        return b"" if kind == 1 else bytes([byte, byte])
