"""The data that `compare` and the testbench in the simulator exchange: a job, an outcome, and the progress.

They are files in a private folder, in JSON and in NumPy's format for arrays.
"""

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np

from ceprop.model import Network
from ceprop.specification import Specification

VARIABLE = "CEPROP_JOB"
"""The environment variable with the path of the private folder."""

PROGRESS = "progress"
"""The name of the file with the number of samples that were compared so far."""

_FIELDS, _ARRAYS, _OUTCOME = "job.json", "job.npz", "outcome.json"
_SEQUENCE = ("inputs", "labels", "epochs", "negatives")
_NETWORK = ("weights", "biases", "generators", "backward")


@dataclass(frozen=True)
class Job:
    """The samples to run, in order, and the conditions of the run.

    Fields
    ------
    specification, manifest, network : Specification, dict, Network
        The specification, the manifest of the core, and the initial network.
    inputs, labels : array
        The quantised samples, uint16 (n, n_0), and their labels, int64 (n,). Labels are also needed without learning.
    epochs, negatives : array
        For each sample the number of its epoch, and whether its nudge is negative.
    learn, skip : bool
        Whether the core learns, and whether it skips work that changes nothing.
    read_every : int
        The memories and counters are read back after every `read_every` samples and after the last one.
    fault : int or None
        The sample before which one bit is flipped.
    interruptions : sequence of int, or None
        For each sample the cycles after which a reset interrupts it. The sample is then shown again. If the network
        learns, everything is loaded again before.
    rewrites : collection of int
        Samples before which the weights of the first connection are written with the opposite sign. They are written
        while the sample waits after at least two others. No two of these samples are consecutive.
    pauses : int or None
        The seed of the pauses of the readers, and of the sender of samples, or None for no pauses.
    """

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
    pauses: int | None = None

    def save(self, folder: Path) -> None:
        """Write the job into a folder, for :meth:`load` in the simulator."""
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
            "pauses": self.pauses,
        }
        (folder / _FIELDS).write_text(json.dumps(fields), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Return the job that was saved in a folder."""
        fields = json.loads((folder / _FIELDS).read_text(encoding="utf-8"))
        specification = Specification.from_mapping(fields.pop("specification"))
        with np.load(folder / _ARRAYS, allow_pickle=False) as found:
            arrays = dict(found)
        sequence = {name: arrays.pop(name) for name in _SEQUENCE}
        lists = {name: [array for key, array in arrays.items() if key.startswith(f"{name}_")] for name in _NETWORK}
        return cls(specification=specification, network=Network(specification, **lists), **sequence, **fields)

    def shifts(self, number: int) -> tuple[int, ...]:
        """Return the rate shifts in force for a sample."""
        return self.specification.shifts_at(int(self.epochs[number]))

    def settings(self, number: int) -> dict[str, int]:
        """Return the registers that depend on the sample, by name. They matter only for learning, so there are none
        without it."""
        if not self.learn:
            return {}
        rates = {f"rate_shift_{l}": shift for l, shift in enumerate(self.shifts(number), 1)}
        return rates | {"nudge_negative": int(self.negatives[number])}

    def reads_after(self, number: int) -> bool:
        """Return whether memories and counters are read back after a sample."""
        return (number + 1) % self.read_every == 0 or number + 1 == len(self.labels)

    def batches(self) -> Iterator[range]:
        """Yield the longest possible ranges of samples between which nothing is read or written."""
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
    """The findings of the testbench.

    `followed_samples` is the number of samples that arrived so early that the core began with them at once.
    `elapsed_cycles` is the sum of their clock cycles, each measured from the previous result to their own. `errors` is
    the number of wrong predictions. `unfit` tells why the module was not simulated at all, if its ports are not those
    of the manifest. The other fields are as in :class:`ceprop.sim.Comparison`.
    """

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
    unfit: str | None = None
    counters: dict[str, int] = field(default_factory=dict)

    def save(self, folder: Path) -> None:
        """Write the outcome into a folder, for :meth:`load` in `compare`."""
        # JSON needs Python's integers, but counts that were made from arrays are NumPy's.
        (folder / _OUTCOME).write_text(json.dumps(asdict(self), default=int), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Return the outcome that was saved in a folder."""
        return cls(**json.loads((folder / _OUTCOME).read_text(encoding="utf-8")))
