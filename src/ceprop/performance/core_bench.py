"""`ceprop bench SPEC --core-only`: samples on the simulated core, the clock of a routed design, and the rates that
follow from both."""

import statistics
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ceprop.boards import Board, Implementation
from ceprop.boards.flow.implement import implement
from ceprop.common.locks import only_in
from ceprop.common.report import Advance
from ceprop.experiments.training_over_seeds import GoldenErrors, golden_errors
from ceprop.model import Dataset, Network, Span, load_dataset
from ceprop.performance.cycle_replay import learn, replay
from ceprop.performance.limits import Limits, limits
from ceprop.performance.throughput import Measurement, measure
from ceprop.specification import Geometry, Specification

Progress = Callable[[str], AbstractContextManager[Advance]]

_DENSE_SAMPLES = 10


@dataclass(frozen=True)
class Plan:
    """What the bench has to do.

    With 0 `epochs` the test error is left out. The fastest of so many `placements` counts. `folder` keeps everything
    for the next run.
    """

    specification: Specification
    board: Board
    data: str
    samples: int
    epochs: int
    seeds: tuple[int, ...]
    placements: int
    folder: Path


@dataclass(frozen=True)
class CoreBench:
    """The results. `stages` are `fresh`, `after` and `inference`; `dense` is from images without a zero pixel."""

    plan: Plan
    ports: int
    stages: dict[str, Measurement]
    dense: Measurement
    dense_nudged: Limits
    golden_samples_per_second: float
    golden: GoldenErrors | None
    implementation: Implementation

    @property
    def clock(self) -> float:
        """The clock in Hz: the lower of the reports of place and route and, on iCE40, of icetime."""
        return 1e6 * self.implementation.clock_mhz

    @property
    def measurements(self) -> dict[str, Measurement]:
        """All runs in the simulator."""
        return self.stages | {"dense": self.dense}

    @property
    def mismatches(self) -> int:
        """The mismatches of all runs."""
        return sum(found.mismatches for found in self.measurements.values())

    def limits(self, stage: str) -> Limits:
        """Return the limits of one stage."""
        return limits(self.stages[stage].costs, self.ports)

    def rate(self, stage: str) -> float:
        """Return the samples per second of a stage."""
        found = self.stages[stage]
        return self.clock / (found.mean_cycles + found.input_waits)

    def rate_interval(self, stage: str) -> tuple[float, float]:
        """Return the 95 % interval of a stage's samples per second, which follows from that of the cycles."""
        low, high = (cycles + self.stages[stage].input_waits for cycles in self.stages[stage].interval)
        return self.clock / high, self.clock / low

    def as_dict(self) -> dict[str, Any]:
        """Return the result as JSON has it. Every key is always there."""
        stages, golden = self.stages, self.golden
        bounds = {name: self.limits(name) for name in stages}
        return {
            "specification": self.plan.specification.name,
            "board": self.plan.board.name,
            "samples": self.plan.samples,
            "golden_test_error": golden and golden.mean,
            "cycles_per_sample": {name: stage.mean_cycles for name, stage in stages.items()},
            "cycles_per_sample_interval": {name: list(stage.interval) for name, stage in stages.items()},
            "input_waits_per_sample": {name: stage.input_waits for name, stage in stages.items()},
            "samples_per_second": {name: self.rate(name) for name in stages},
            "samples_per_second_interval": {name: list(self.rate_interval(name)) for name in stages},
            "occupancy": {name: bound.occupancy for name, bound in bounds.items()}
            | {"nudged_dense": self.dense_nudged.occupancy},
            "dense": {
                "samples": self.dense.samples,
                "occupancy": limits(self.dense.costs, self.ports).occupancy,
                "nudged_occupancy": self.dense_nudged.occupancy,
                "nudged_occupancy_limit": self.dense_nudged.largest_occupancy,
            },
            "fmax_mhz": self.clock / 1e6,
            "limit_ratio": {name: bound.ratio for name, bound in bounds.items()},
            "limit": {name: bound.tighter for name, bound in bounds.items()},
            "mismatches": self.mismatches,
            "first_mismatch": next(filter(None, (m.first_mismatch for m in self.measurements.values())), None),
            "samples_compared": {name: m.samples for name, m in self.measurements.items()},
            "weights_sha256": {name: m.weights_sha256 for name, m in self.measurements.items()},
            "golden": golden
            and {"epochs": golden.epochs, "test_errors": {str(s): e for s, e in golden.errors.items()}},
            "golden_samples_per_second": self.golden_samples_per_second,
            "simulated_cycles_per_second": statistics.median(m.simulated_cycles_per_second for m in stages.values()),
            "implementation": self.implementation.fields(),
            "learning_digest": self.plan.specification.learning_digest,
            "build_digest": self.plan.specification.build_digest,
        }


def bench_core(plan: Plan, progress: Progress) -> CoreBench:
    """Do the whole plan, or take from the plan's folder what is there already.

    Raises :class:`CepropError` where a tool is missing, or where the data does not fit the specification.
    """
    specification, folder = plan.specification, plan.folder
    geometry, dataset = Geometry(specification), load_dataset(specification, plan.data)
    first, second = Span(0, 0, plan.samples), Span(1, 0, plan.samples)
    first.check(dataset)
    initial = Network.initial(specification)
    trained = initial.copy()
    with progress("golden model, one epoch") as advance:
        seconds = learn(trained, dataset, Span(0, 0, len(dataset.train_labels)), advance)

    def run(label: str, data: Dataset, network: Network, span: Span, learning: bool = True) -> Measurement:
        with progress(f"simulating: {label}") as advance:
            return measure(geometry, data, network, span, learn=learning, folder=folder / "rtl", advance=advance)

    stages = {
        "fresh": run("fresh network", dataset, initial, first),
        "after": run("after an epoch", dataset, trained, second),
        "inference": run("inference", dataset, trained, second, learning=False),
    }
    dense, dense_span = without_zeros(dataset), replace(first, count=min(_DENSE_SAMPLES, plan.samples))
    dense_run = run("every pixel non-zero", dense, initial, dense_span)
    dense_nudged = limits(replay(geometry, dense, initial, dense_span, learn=True).nudged, geometry.memory_ports)
    golden = None
    if plan.epochs:
        with progress(f"golden model, {len(plan.seeds)} x {plan.epochs} epochs") as advance:
            golden = golden_errors(specification, plan.data, plan.epochs, plan.seeds, folder / "golden", advance)
    with progress(f"place and route for {plan.board.name}") as advance:
        implementation = _fastest(plan, advance)
    return CoreBench(
        plan=plan,
        ports=geometry.memory_ports,
        stages=stages,
        dense=dense_run,
        dense_nudged=dense_nudged,
        golden_samples_per_second=len(dataset.train_labels) / seconds,
        golden=golden,
        implementation=implementation,
    )


def _fastest(plan: Plan, advance: Advance) -> Implementation:
    """Return the placement with the fastest clock. Each placement has another seed."""
    found = []
    folder = plan.folder / "implementation"
    with only_in(folder):
        for seed in range(1, plan.placements + 1):
            found.append(implement(plan.specification, plan.board, folder, seed=seed))
            advance(seed, plan.placements)
    return max(found, key=lambda implementation: implementation.clock_mhz)


def without_zeros(dataset: Dataset) -> Dataset:
    """Return the same images with every zero raised to the smallest value, so that no input can be skipped."""
    return replace(dataset, name=f"{dataset.name}, no zeros", train_inputs=np.maximum(dataset.train_inputs, 1))
