"""What passes between `compare` and the testbench inside the simulator: a job in, an outcome out, and the progress.

All of it goes through a private folder, as JSON and as arrays of NumPy."""

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np

from ceprop.model import Network
from ceprop.specification import Specification

VARIABLE = "CEPROP_JOB"
"""Environment variable that names the private folder."""

PROGRESS = "progress"
"""Name of the file that holds how many samples were compared so far."""

_FIELDS, _ARRAYS, _OUTCOME = "job.json", "job.npz", "outcome.json"
_SEQUENCE = ("inputs", "labels", "epochs", "negatives")
_NETWORK = ("weights", "biases", "generators", "backward")


@dataclass(frozen=True)
class Job:
    """Samples to run, in order. `epochs` has the epoch of each, `negatives` the sign of its nudge; `labels` is also
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
    interruptions: Sequence[int] | None = None
    rewrites: Collection[int] = ()

    def save(self, folder: Path) -> None:
        """For :meth:`load` in the simulator."""
        arrays = {name: getattr(self, name) for name in _SEQUENCE}
        for name in _NETWORK:
            arrays |= {f"{name}_{number}": array for number, array in enumerate(getattr(self.network, name))}
        np.savez(folder / _ARRAYS, **arrays)
        fields = {
            "specification": self.specification.fields(),
            "manifest": self.manifest,
            "learn": self.learn,
            "skip": self.skip,
            "read_every": self.read_every,
            "fault": self.fault,
            "interruptions": None if self.interruptions is None else list(map(int, self.interruptions)),
            "rewrites": sorted(map(int, self.rewrites)),
        }
        (folder / _FIELDS).write_text(json.dumps(fields), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The job that was saved in a folder."""
        fields = json.loads((folder / _FIELDS).read_text(encoding="utf-8"))
        specification = Specification.from_mapping(fields.pop("specification"))
        with np.load(folder / _ARRAYS, allow_pickle=False) as found:
            arrays = dict(found)
        sequence = {name: arrays.pop(name) for name in _SEQUENCE}
        lists = {name: [array for key, array in arrays.items() if key.startswith(f"{name}_")] for name in _NETWORK}
        return cls(specification=specification, network=Network(specification, **lists), **sequence, **fields)

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

    def save(self, folder: Path) -> None:
        """For :meth:`load` in `compare`."""
        # Counts that came from arrays are NumPy's integers.
        (folder / _OUTCOME).write_text(json.dumps(asdict(self), default=int), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """What the testbench found, once it has ended."""
        return cls(**json.loads((folder / _OUTCOME).read_text(encoding="utf-8")))
