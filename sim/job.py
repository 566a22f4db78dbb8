"""What passes between `compare` and the testbench inside the simulator: a job in, an outcome out, and the progress."""

import os
import pickle
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
    samples and after the last one. `fault` is the sample before which one bit is flipped."""

    specification: Specification
    manifest: dict[str, Any]
    network: Network
    inputs: np.ndarray
    labels: np.ndarray
    epochs: np.ndarray
    negatives: np.ndarray
    learn: bool
    read_every: int
    fault: int | None
    outcome: Path
    progress: Path

    @classmethod
    def load(cls) -> Self:
        """The job of this simulation."""
        return pickle.loads(Path(os.environ[VARIABLE]).read_bytes())


@dataclass
class Outcome:
    """What the testbench found."""

    samples: int = 0
    steps: int = 0
    states: int = 0
    weights: int = 0
    cycles: int = 0
    errors: int = 0
    mismatches: int = 0
    first_mismatch: str | None = None
    weights_sha256: str = ""
    counters: dict[str, int] = field(default_factory=dict)
