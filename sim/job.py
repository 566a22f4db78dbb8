"""What passes between `compare` and the testbench inside the simulator: a job in, an outcome out, and the progress."""

import os
import pickle
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np

from ceprop.model import Network
from ceprop.specification import Specification

VARIABLE = "CEPROP_JOB"
"""Environment variable that names the job's file."""


@dataclass(frozen=True)
class Job:
    """Samples to run, in order. `epochs` gives each one's epoch, `negatives` the sign of its nudge; `labels` is also
    given where the network only infers (`learn=False`). Memories and counters are read back after every `read_every`
    samples and after the last one. With `skip` the core leaves out what changes nothing. `fault` is the sample before
    which one bit is flipped. `interruptions`, one a sample, are the cycles after which a reset breaks it off before it
    is shown again; where the network learns, everything is loaded anew. Before the samples in `rewrites`, while they
    wait behind at least two others, the first connection's weights are written with the opposite sign; no two of them
    follow each other."""

    specification: Specification
    manifest: dict[str, Any]
    network: Network
    inputs: np.ndarray
    labels: np.ndarray
    epochs: np.ndarray
    negatives: np.ndarray
    learn: bool
    skip: bool
    read_every: int
    fault: int | None
    outcome: Path
    progress: Path
    interruptions: Sequence[int] | None = None
    rewrites: Collection[int] = ()

    @classmethod
    def load(cls) -> Self:
        """The job of this simulation."""
        return pickle.loads(Path(os.environ[VARIABLE]).read_bytes())

    def shifts(self, number: int) -> tuple[int, ...]:
        """Rate shifts in force at a sample."""
        return self.specification.shifts_at(int(self.epochs[number]))

    def settings(self, number: int) -> dict[str, int]:
        """Registers that must hold a sample's own values; those of learning matter to nothing else."""
        if not self.learn:
            return {}
        rates = {f"rate_shift_{l}": shift for l, shift in enumerate(self.shifts(number), 1)}
        return rates | {"nudge_negative": int(self.negatives[number])}

    def reads_after(self, number: int) -> bool:
        """Whether memories and counters are read back after a sample."""
        return (number + 1) % self.read_every == 0 or number + 1 == len(self.labels)

    def batches(self) -> Iterator[range]:
        """Runs of samples, as long as they can be, between which nothing is read or written."""
        start, settings = 0, self.settings(0)
        for number in range(1, len(self.labels)):
            following = self.settings(number)
            if self.reads_after(number - 1) or number == self.fault or following != settings:
                yield range(start, number)
                start = number
            settings = following
        yield range(start, len(self.labels))


@dataclass
class Outcome:
    """What the testbench found. `followed_samples` came so early that the core went on with them at once;
    `elapsed_cycles` are the clock cycles that they took, measured from the result before to their own."""

    samples: int = 0
    steps: int = 0
    states: int = 0
    weights: int = 0
    cycles: int = 0
    followed_samples: int = 0
    elapsed_cycles: int = 0
    errors: int = 0
    mismatches: int = 0
    first_mismatch: str | None = None
    weights_sha256: str = ""
    counters: dict[str, int] = field(default_factory=dict)
