"""The outcome of one sample."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np


class FreeEnd(IntEnum):
    """The ways in which a free phase ends (docs/numerics.md, 4)."""

    OPEN = 0
    SETTLED = 1
    PERIOD_2 = 2


@dataclass(frozen=True, eq=False)
class SampleRecord:
    """The outcome of one sample.

    Fields
    ------
    prediction, tie : int, bool
        The index of the largest output after the free phase, and whether several outputs are largest.
    free_steps, nudged_steps : int
        The numbers of executed steps, with the last step that changed nothing. With a centred nudge, `nudged_steps` is
        the sum over both nudged phases. Without a label it is 0.
    first_nudged_steps : int
        The steps of the first nudged phase, which is the only one unless the nudge is centred.
    free_end : FreeEnd
        How the free phase ended.
    nudged_settled : bool
        Whether every nudged phase settled. Without a label it is False.
    saturations : int
        The number of updates that were saturated.
    states : array or None
        With a trace, the states after each step, int64: one row per executed step, layers 1 to L side by side. The swap
        of states at the end of a phase of period 2 is not applied.
    drives : array or None
        With a trace, the drive that entered the sums of each step, int64: the same rows, n_1 columns.
    """

    prediction: int
    tie: bool
    free_steps: int
    free_end: FreeEnd
    nudged_steps: int
    first_nudged_steps: int
    nudged_settled: bool
    saturations: int
    states: np.ndarray | None = None
    drives: np.ndarray | None = None
