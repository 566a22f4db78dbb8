"""What is known about a sample after the network has seen it."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np


class FreeEnd(IntEnum):
    """How a free phase ended (docs/numerics.md, 4)."""

    OPEN = 0
    SETTLED = 1
    PERIOD_2 = 2


@dataclass(frozen=True, eq=False)
class SampleRecord:
    """One sample's outcome.

    `free_steps` and `nudged_steps` count executed steps, the last one that changed nothing included; a centred nudge
    counts both its phases, and `nudged_settled` says that both settled. With `label=None` no nudged step is executed
    and `nudged_settled` is False. With `trace=True`, `states` (int64, one row
    an executed step, layers 1..L side by side) holds the states after each step, before a period-2 phase swaps them,
    and `drives` (int64, same rows, n_1 columns) the input's drive that entered that step's sums."""

    prediction: int
    tie: bool
    free_steps: int
    free_end: FreeEnd
    nudged_steps: int
    nudged_settled: bool
    saturations: int
    states: np.ndarray | None = None
    drives: np.ndarray | None = None
