"""The golden model in a comparison. It computes the expected result of a sample, its cost in cycles, and the expected
counters."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ceprop.hdl.cycles import END, Cost, CycleModel, Prefetched
from ceprop.hdl.events import SampleEvents
from ceprop.model import Network, SampleRecord, plain
from ceprop.sim.events import full_sample_events, sample_events
from ceprop.sim.job import Job
from ceprop.specification import Geometry

_FEW = 30
"""The readable model runs this number of samples in less time than Numba takes to load the compiled one."""

COUNTERS = ("samples", "cycles", "slots", "free_steps_executed", "nudged_steps_executed", "saturations", "ties")


@dataclass(frozen=True)
class Expected:
    """The expectation of one sample: the record of the model, with its trace, and the cost of the cycle model.
    `prefetched` is the number of slots of its drive that were sent while the core worked on the sample before."""

    record: SampleRecord
    cost: Cost
    prefetched: int = 0

    @property
    def result(self) -> dict[str, int]:
        """The fields of the core's result."""
        record = self.record
        return {
            "prediction": record.prediction,
            "tie": int(record.tie),
            "free_end": int(record.free_end),
            "free_steps": record.free_steps,
            "nudged_steps": record.nudged_steps,
            "nudged_settled": int(record.nudged_settled),
        }


class ModelSide:
    """Learns the samples of the job in order. `counters` are the expected values of the core's counters. `cycles` is
    the cycle model of the core. It takes a tenth of a second to make, and has no state."""

    def __init__(self, job: Job, geometry: Geometry, cycles: CycleModel):
        self.job = job
        self.geometry = geometry
        self.network = job.network.copy()
        self.counters: dict[str, int] = {}
        self.reset()
        self._cycles = cycles
        self._before: tuple[SampleEvents, Cost] | None = None
        self._run = _model(len(job.labels))

    def reset(self) -> None:
        """Clear the counters, as a reset of the core does."""
        self.counters = dict.fromkeys(COUNTERS, 0)

    def rewrite(self) -> None:
        """Change the sign of the weights of the first connection."""
        rewrite_weights(self.network)

    def sample(self, number: int, early: int | None = None) -> Expected:
        """Run a sample and return what is expected of the core.

        `early` is the number of cycles by which the inputs of this sample were listed before the previous result, or
        None if it is not known. Without skipping, the readable model is used, because it can execute every step.
        """
        job = self.job
        inputs, label = job.inputs[number], int(job.labels[number]) if job.learn else None
        shifts, negative = job.shifts(number), bool(job.negatives[number])
        if job.skip:
            record = self._run(self.network, inputs, label, shifts=shifts, negative=negative, trace=True)
            events = sample_events(self.geometry, inputs, record)
        else:
            record = plain.run_sample(
                self.network, inputs, label, shifts=shifts, negative=negative, trace=True, skip=False
            )
            events = full_sample_events(self.geometry, record)
        prefetched = Prefetched()
        if early is not None and self._before is not None:
            before, taken = self._before
            prefetched = self._cycles.prefetched(events, before, taken, taken.cycles - END - early)
        in_vain = 0
        if number in job.rewrites:
            in_vain, prefetched = prefetched.slots, Prefetched()
        cost = self._cycles.sample(events, prefetched)
        self._before = events, cost
        added = (
            1,
            cost.cycles,
            cost.slots + in_vain,
            record.free_steps,
            record.nudged_steps,
            record.saturations,
            record.tie,
        )
        for name, more in zip(COUNTERS, added, strict=True):
            self.counters[name] += int(more)
        return Expected(record, cost, prefetched.slots)


def rewrite_weights(network: Network) -> None:
    """Change the sign of the weights of the first connection. The most negative weight becomes the largest, because it
    has no opposite."""
    largest = (1 << network.specification.formats.weight_bits - 1) - 1
    weights = network.weights[0]
    weights[:] = np.minimum(-weights, largest)


def _model(samples: int) -> Callable[..., SampleRecord]:
    """Return the form of the golden model that takes less time for this number of samples. Both give the same bits."""
    if samples <= _FEW:
        return plain.run_sample
    from ceprop.model import fast  # This import takes a second.

    return fast.run_sample
