"""The cocotb testbench of a comparison whose bins are counted."""

import json
import os
from pathlib import Path
from typing import Any

import cocotb

from ceprop.hdl.cycles import CycleModel
from ceprop.sim.bench_core import Bench, compare_side_by_side
from ceprop.sim.expectation import Expected
from ceprop.sim.job import PROGRESS, VARIABLE, Job, Outcome
from ceprop.specification import Geometry
from ceprop.verification.coverage.counting import Counting
from ceprop.verification.coverage.found import Found
from ceprop.verification.coverage.replay import Replay
from ceprop.verification.coverage.run import BINS
from ceprop.verification.coverage.situations import (
    answer_bins,
    event_bins,
    free_bins,
    input_bins,
    nudged_bins,
    register_bins,
    specification_bins,
)
from ceprop.verification.coverage.stream_monitor import StreamMonitor

_COUNTERS = ("free_steps_executed", "nudged_steps_executed", "saturations", "ties", "slots")


@cocotb.test()
async def learn_and_count(dut: Any) -> None:
    """Compare the samples of the job, and count the bins of those in which nothing differs."""
    place = Path(os.environ[VARIABLE])
    job = Job.load(place)
    geometry = Geometry(job.specification)
    watcher = Watcher(job, geometry, StreamMonitor(dut))
    cocotb.start_soon(watcher.monitor.run())
    outcome = await compare_side_by_side(dut, job, place / PROGRESS, CycleModel(geometry), watcher.see)
    watcher.end(outcome)
    outcome.save(place)
    (place / BINS).write_text(json.dumps(watcher.counting.counts), encoding="utf-8")


class Watcher:
    """Counts the bins of the samples of a job."""

    def __init__(self, job: Job, geometry: Geometry, monitor: StreamMonitor):
        self.job, self.geometry, self.monitor = job, geometry, monitor
        self.counting = Counting()
        self._replay = Replay(job)
        self._starts = {batch.start for batch in job.batches()}
        self._followed = 0

    def see(self, bench: Bench, number: int, expected: Expected) -> None:
        """Count the bins of a sample in which nothing differed."""
        job, specification, record = self.job, self.job.specification, expected.record
        found = self.monitor.take()
        self._way(bench, number, expected, found)
        specification_bins(self.geometry, found)
        input_bins(self.geometry, job.inputs[number], found)
        answer_bins(specification, record, int(job.labels[number]), found)
        event_bins(self.geometry, record, found)
        free_bins(specification, record, found, skip=job.skip)
        nudged_bins(specification, record, bool(job.negatives[number]), found, skip=job.skip)
        register_bins(specification, bench.settings, found)
        for name in _COUNTERS:  # every counter was read before the first sample
            found.add(f"counter {name}", "zero", not number)
        if self._rewritten(number):
            self._replay.rewrite()
        self._replay.sample(number, record, found)
        self.counting.sample(found)

    def end(self, outcome: Outcome) -> None:
        """Count the bins of the counters, which were read after the last sample."""
        found = self.monitor.take()
        for name in _COUNTERS:
            found.add(f"counter {name}", "counts" if outcome.counters[name] else "zero")
        self.counting.sample(found)

    def _way(self, bench: Bench, number: int, expected: Expected, found: Found) -> None:
        """Add the bins of the conditions under which a sample ran."""
        job, point = self.job, "way of a sample"
        found.add(point, "learnt" if job.learn else "inferred")
        found.add(point, "skipping" if job.skip else "not skipping")
        found.add(point, "follows", bench.outcome.followed_samples > self._followed)
        self._followed = bench.outcome.followed_samples
        found.add(point, "after commands", number in self._starts)
        found.add(point, "ahead", expected.prefetched)
        found.add(point, "reset", job.interruptions is not None)
        found.add(point, "rewritten", self._rewritten(number))

    def _rewritten(self, number: int) -> bool:
        """Return whether weights were written while a sample waited. A sample after commands does not wait."""
        return number in self.job.rewrites and number not in self._starts
