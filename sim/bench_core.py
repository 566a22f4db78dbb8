"""cocotb testbench: the core and the golden model learn the same samples, side by side."""

import pickle
from collections.abc import Sequence

import cocotb
import numpy as np
from cocotb.triggers import SimTimeoutError, with_timeout

from ceprop.geometry import Geometry
from ceprop.hdl.cycles import Cost, CycleModel
from ceprop.hdl.messages import Space
from ceprop.model import Network, Purpose, SampleRecord, Stream, fast
from ceprop.placement import weight_place, weight_words
from ceprop.sim.check import Checker
from ceprop.sim.driver import PERIOD, CoreDriver
from ceprop.sim.events import happened
from ceprop.sim.job import Job, Outcome

PATIENCE = 10
"""A sample may take so many times the cycles that the model expects; a core that takes more hangs."""
COUNTERS = ("samples", "cycles", "slots", "free_steps_executed", "nudged_steps_executed", "saturations", "ties")


@cocotb.test()
async def learn_side_by_side(dut) -> None:
    """Run the job's samples; stop after the first one that differs."""
    job = Job.load()
    geometry = Geometry(job.specification)
    driver = CoreDriver(dut, geometry, job.manifest)
    await driver.start()
    bench = Bench(job, geometry, driver)
    # Loading takes a dozen cycles a group; a core that does not take it fails here, not never.
    groups = geometry.weight_words * geometry.cols + 4 * sum(geometry.neuron_words(edge) for edge in driver.edges)
    await with_timeout(bench.prepare(), PATIENCE * 20 * (groups + 10) * PERIOD, "ns")
    for number in range(len(job.labels)):
        await bench.sample(number)
        if bench.outcome.mismatches:
            break
    job.outcome.write_bytes(pickle.dumps(bench.outcome))


class Bench:
    """One run: the model's network, what the core's counters must say, and the checker."""

    def __init__(self, job: Job, geometry: Geometry, driver: CoreDriver):
        self.job = job
        self.geometry = geometry
        self.driver = driver
        self.outcome = Outcome()
        self.checker = Checker(geometry, self.outcome)
        self.cycles = CycleModel(geometry)
        self.network = job.network.copy()
        self.expected: dict[str, int] = dict.fromkeys(COUNTERS, 0)
        self.settings: dict[str, int] = {}

    async def prepare(self) -> None:
        """Load the network, prove that it arrived, and listen to the trace."""
        await self.driver.load(self.network)
        await self._set("learn", int(self.job.learn))
        if self.geometry.trace:
            cocotb.start_soon(self.driver.collect_trace())

    async def sample(self, number: int) -> None:
        """One sample on both sides."""
        job = self.job
        self.checker.sample = number
        shifts = job.specification.shifts_at(int(job.epochs[number]))
        negative = bool(job.negatives[number])
        inputs, label = job.inputs[number], int(job.labels[number])
        # The fault goes in before the model has seen the sample: until then both sides hold the same weights.
        if number == job.fault:
            await self._plant_fault()
        record = fast.run_sample(
            self.network, inputs, label if job.learn else None, shifts=shifts, negative=negative, trace=True
        )
        cost = self.cycles.sample(happened(self.geometry, inputs, record))
        patience = PATIENCE * (cost.cycles + self.geometry.cols * self.geometry.weight_words + 1000)
        try:
            await with_timeout(self._compare(inputs, label, shifts, negative, record, cost), patience * PERIOD, "ns")
        except SimTimeoutError:
            self.checker.report(f"no answer in {patience} cycles, the model expects {cost.cycles}: the core hangs")
        self.outcome.samples += 1
        self.outcome.errors += record.prediction != label
        self.job.progress.write_text(str(number + 1))

    async def _compare(
        self, inputs: np.ndarray, label: int, shifts: Sequence[int], negative: bool, record: SampleRecord, cost: Cost
    ) -> None:
        """Let the core have the sample, then look at everything that it shows."""
        driver = self.driver
        for l, shift in enumerate(shifts, 1):
            await self._set(f"rate_shift_{l}", shift)
        await self._set("nudge_negative", int(negative))
        driver.traced.clear()
        await driver.send_sample(inputs, label)
        (beat,) = await driver.receive("result", 1)

        if self.geometry.trace:
            self.checker.trace(driver.codecs["trace"], driver.traced, record)
        self._check_result(beat, record)
        self._count(record, cost)
        number = self.checker.sample + 1
        if number % self.job.read_every and number < len(self.job.labels):
            return
        contents = await driver.read_back()
        self.checker.contents(contents, self.network, record)
        await self._check_counters()
        found = Network(
            self.job.specification, contents.weights, contents.biases, contents.generators, contents.backward
        )
        self.outcome.weights_sha256 = found.weights_sha256()

    async def _set(self, name: str, value: int) -> None:
        """Write a register if it does not hold the value yet."""
        if self.settings.get(name) != value:
            await self.driver.write_register(name, value)
            self.settings[name] = value

    def _check_result(self, beat: int, record: SampleRecord) -> None:
        expected = {
            "prediction": record.prediction,
            "tie": int(record.tie),
            "free_end": int(record.free_end),
            "free_steps": record.free_steps,
            "nudged_steps": record.nudged_steps,
            "nudged_settled": int(record.nudged_settled),
        }
        for name, value in expected.items():
            self.checker.number(name, int(self.driver.codecs["result"].unpack([beat], name)[0]), value)

    def _count(self, record: SampleRecord, cost: Cost) -> None:
        """What a sample must add to the core's counters."""
        added = (1, cost.cycles, cost.slots, record.free_steps, record.nudged_steps, record.saturations, record.tie)
        for name, more in zip(COUNTERS, added, strict=True):
            self.expected[name] += int(more)
        self.outcome.counters = dict(self.expected)
        self.outcome.cycles = self.expected["cycles"]

    async def _check_counters(self) -> None:
        for name, expected in self.expected.items():
            self.checker.number(f"counter {name}", await self.driver.read_register(name), expected % 2**32)

    async def _plant_fault(self) -> None:
        """Flip one bit of one weight through the core's own port; the model does not know.

        The weight lies in the middle half of its range, so that no saturation can hide the flip."""
        specification = self.job.specification
        stream = Stream(specification.seed, Purpose.FAULT, 0)
        quarter = 1 << (specification.formats.weight_bits - 2)
        while True:
            connection = 1 + stream.below(len(specification.layers) - 1)
            weights = self.network.weights[connection - 1]
            unit, source = stream.below(weights.shape[0]), stream.below(weights.shape[1])
            bit = stream.below(max(1, specification.formats.weight_bits - 2))
            if -quarter <= weights[unit, source] < quarter:
                break
        lane, address, row = weight_place(self.geometry, connection, unit, source)
        words = weight_words(self.geometry, [*self.network.weights, *self.network.backward])[lane, address]
        words[row] ^= 1 << bit
        mask = (1 << self.driver.word_bits) - 1
        await self.driver.write(Space.WEIGHT, address, (words & mask).tolist(), lane=lane)
