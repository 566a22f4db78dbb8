"""A board that is a netlist, compared with the golden model over its link.

Only the pins are watched. So a prediction, a tie and all counters are compared after each sample, and every weight,
bias, generator and state after the last one.
"""

import time
from collections.abc import Callable

import numpy as np

from ceprop.boards.flow.bitstream import Design
from ceprop.boards.host.driver import HostDriver
from ceprop.boards.host.link import Link
from ceprop.boards.host.requests import SIMULATION_TIMING
from ceprop.boards.host.sequence import Batch
from ceprop.boards.host.transport import SerialTransport
from ceprop.boards.virtual.simulation import Simulation
from ceprop.hdl.cycles import CycleModel
from ceprop.model import Dataset
from ceprop.sim import Comparison, ComparisonPlan
from ceprop.sim.check import Checker
from ceprop.sim.compare import comparison_of, job_of
from ceprop.sim.driver import Contents
from ceprop.sim.expectation import Expected, ModelSide
from ceprop.sim.job import Job, Outcome
from ceprop.specification import REGISTER_BITS

Advance = Callable[[int, int], None]


def compare_board(
    design: Design,
    board: Simulation,
    dataset: Dataset,
    plan: ComparisonPlan,
    *,
    build_seconds: float = 0.0,
    progress: Advance = lambda _, __: None,
) -> Comparison:
    """Let a simulated board learn the samples of a plan beside the golden model. Each sample is sent when the one
    before has its result, so every count of cycles is known. The run ends with the first sample that differs.

    Raises :class:`CepropError` where the board is silent, or is another one.
    """
    started = time.perf_counter()
    specification = design.geometry.specification
    bench = _Bench(design, job_of(specification, {}, dataset, plan))
    assert design.baud is not None
    with board, SerialTransport(board.port, design.baud) as transport:
        driver = HostDriver(Link(transport, SIMULATION_TIMING), design.geometry, design.board.name)
        bench.run(driver, progress)
    return comparison_of(bench.outcome, specification, plan, build_seconds, time.perf_counter() - started)


class _Bench:
    """One run of a board and the model."""

    def __init__(self, design: Design, job: Job):
        self._job = job
        self._model = ModelSide(job, design.geometry, CycleModel(design.geometry))
        self.outcome = Outcome()
        self._checker = Checker(design.geometry, self.outcome)

    def run(self, driver: HostDriver, progress: Advance) -> None:
        """Load the network, learn the samples, and compare."""
        driver.reset()
        driver.load(self._model.network)
        total = len(self._job.labels)
        expected = None
        for number in range(total):
            self._checker.sample = number
            expected = self._learn(driver, number)
            progress(number + 1, total)
            if self.outcome.mismatches:
                return
        assert expected is not None
        self._read_back(driver, expected)

    def _learn(self, driver: HostDriver, number: int) -> Expected:
        """Learn one sample on both sides, and compare the result and the counters."""
        job, here = self._job, slice(number, number + 1)
        batch = Batch(job.inputs[here], job.labels[here], job.shifts(number), job.negatives[here])
        found = driver.learn(batch)
        expected = self._model.sample(number)
        self._checker.number("prediction", int(found.classes[0]), expected.record.prediction)
        self._checker.number("tie", int(found.ties[0]), int(expected.record.tie))
        counters = driver.counters()
        for name, value in self._model.counters.items():
            self._checker.number(f"counter {name}", counters[name], value % 2**REGISTER_BITS)
        self.outcome.samples += 1
        self.outcome.errors += int(expected.record.prediction != job.labels[number])
        self.outcome.counters = counters
        self.outcome.cycles = counters["cycles"]
        return expected

    def _read_back(self, driver: HostDriver, expected: Expected) -> None:
        """Compare all memories."""
        found, states = driver.read_back(), driver.read_states()
        contents = Contents(
            found.weights, found.backward, found.biases, [g.astype(np.int64) for g in found.generators], states
        )
        self._checker.contents(contents, self._model.network, expected.record)
        self.outcome.weights_sha256 = found.weights_sha256()
