"""cocotb testbench: the core and the golden model learn the same samples, side by side."""

import os
from pathlib import Path

import cocotb
from cocotb.triggers import FallingEdge, SimTimeoutError, with_timeout

from ceprop.hdl.lanes.messages import Space
from ceprop.model import Network
from ceprop.sim.check import Checker
from ceprop.sim.driver import PERIOD, CoreDriver
from ceprop.sim.expectation import COUNTERS, Expected, ModelSide
from ceprop.sim.fault import flipped_weight
from ceprop.sim.job import PROGRESS, VARIABLE, Job, Outcome
from ceprop.specification import Geometry, registers

PATIENCE = 10
"""A sample may take so many times the cycles that the model expects; a core that takes more hangs."""

GROUP_CYCLES = 20
"""Cycles in which a group is written or, one at a time, read back; a few less."""


@cocotb.test()
async def learn_side_by_side(dut) -> None:
    """Run the job's samples; stop after the first one that differs."""
    place = Path(os.environ[VARIABLE])
    job = Job.load(place)
    geometry = Geometry(job.specification)
    driver = CoreDriver(dut, geometry, job.manifest)
    await driver.start()
    bench = Bench(job, geometry, driver, place / PROGRESS)
    # A core that does not take what is loaded fails here, and does not wait for ever.
    groups = geometry.weight_words * geometry.cols + 4 * sum(geometry.neuron_words(edge) for edge in driver.edges)
    await with_timeout(bench.prepare(), PATIENCE * GROUP_CYCLES * (groups + 10) * PERIOD, "ns")
    for batch in job.batches():
        await bench.run(batch)
        if bench.outcome.mismatches:
            break
    bench.outcome.save(place)


class Bench:
    """One run: the core, the model, and the checker between them. `progress` is a file for the samples compared."""

    def __init__(self, job: Job, geometry: Geometry, driver: CoreDriver, progress: Path):
        self.job = job
        self.progress = progress
        self.geometry = geometry
        self.driver = driver
        self.outcome = Outcome()
        self.checker = Checker(geometry, self.outcome)
        self.model = ModelSide(job, geometry)
        self.settings = self._initial_settings
        self.sent: dict[int, int] = {}
        """The cycle from which on the core had the whole of a sample."""

    async def prepare(self) -> None:
        """Load the network and the settings of the whole run, and listen to the trace."""
        await self.driver.load(self.model.network)
        await self._set(self._settings_of_run)
        if self.geometry.trace:
            cocotb.start_soon(self.driver.collect_trace())

    async def _interrupt(self, number: int, cycles: int) -> None:
        """Begin a sample, and break it off by a reset. The core is put to work again as soon as it lets itself: what it
        has forgotten must not come back."""
        sending = cocotb.start_soon(self._send(range(number, number + 1)))
        for _ in range(cycles):
            await FallingEdge(self.driver.dut.clk)
        sending.cancel()
        await self.driver.reset()
        self.model.reset()
        self.settings = self._initial_settings
        if self.job.learn:
            await self.driver.load(self.model.network)
        await self._set(self._settings_of_run)

    async def run(self, batch: range) -> None:
        """Samples between which nothing is read or written: each is sent while the one before is at work."""
        self.checker.sample = batch.start
        # A fault goes in before the model has seen the sample: until then both sides hold the same weights.
        if batch.start == self.job.fault:
            lane, address, words = flipped_weight(self.geometry, self.model.network, self.driver.word_bits)
            await self.driver.write(Space.WEIGHT, address, words, lane=lane)
        await self._set(self.job.settings(batch.start))
        if self.job.interruptions is not None:
            await self._interrupt(batch.start, self.job.interruptions[batch.start])
            await self._set(self.job.settings(batch.start))
        self.driver.traced.clear()
        sending = cocotb.start_soon(self._send(batch))
        before = None
        for number in batch:
            self.checker.sample = number
            # What the core knew of the sample when the one before was done.
            early = before - self.sent[number] - self.driver.listing_cycles if before and number in self.sent else None
            expected = self.model.sample(number, early)
            if number in self.job.rewrites:
                before = None
            if number + 1 in batch and number + 1 in self.job.rewrites:
                self.model.rewrite()
                cocotb.start_soon(self.driver.load_weights(self.model.network))
            before = await self._patiently(self._compare(number, expected, before), expected)
            self.progress.write_text(str(number + 1))
            if before is None or self.outcome.mismatches:
                sending.cancel()
                return
            if number == batch[-1] and self.job.reads_after(number):
                await self._patiently(self._read_back(expected), expected, self._groups * GROUP_CYCLES)

    async def _send(self, batch: range) -> None:
        """Send samples as a fast host does: a group in every cycle in which the core takes one."""
        for number in batch:
            inputs, label = self.job.inputs[number], int(self.job.labels[number])
            await self.driver.send_sample(inputs, label, zeros=not self.job.skip)
            self.sent[number] = self.driver.now

    async def _patiently(self, work, expected: Expected, more_cycles: int = 0):
        """The result of `work`, or None and a mismatch where the core hangs."""
        patience = PATIENCE * (expected.cost.cycles + self._groups + more_cycles + 1000)
        try:
            return await with_timeout(work, patience * PERIOD, "ns")
        except SimTimeoutError:
            cycles = expected.cost.cycles
            self.checker.report(f"no answer in {patience} cycles, the model expects {cycles}: the core hangs")
            return None

    async def _compare(self, number: int, expected: Expected, before: int | None) -> int:
        """Wait for a sample's result and hold it, and the trace, to the model; gives the cycle of the result.

        `before` is that of the result before, where the sample follows it closely."""
        (beat,) = await self.driver.receive("result", 1)
        now, record = self.driver.now, expected.record
        # First of all: the name of a broken contract says more than a wrong bit that follows from it.
        if violated := self.driver.violated():
            self.checker.report(f"violated checks: {', '.join(violated)}")
        if self.geometry.trace:
            self.checker.trace(self.driver.codecs["trace"], self.driver.traced, record)
            self.driver.traced.clear()
        for name, value in expected.result.items():
            self.checker.number(name, self.driver.codecs["result"].number(beat, name), value)
        if before is not None and self.sent[number] + self.driver.listing_cycles <= before:
            self.outcome.followed_samples += 1
            self.outcome.elapsed_cycles += now - before
            self.checker.number("cycles since the result before", now - before, expected.cost.cycles)
        self.outcome.samples += 1
        self.outcome.errors += int(record.prediction != self.job.labels[number])
        self.outcome.counters = dict(self.model.counters)
        self.outcome.cycles = self.model.counters["cycles"]
        return now

    async def _read_back(self, expected: Expected) -> None:
        """Compare all memories and counters."""
        contents = await self.driver.read_back()
        self.checker.contents(contents, self.model.network, expected.record)
        names = sorted(COUNTERS, key=self.driver.addresses.__getitem__)
        for name, value in (await self.driver.read_registers(names)).items():
            self.checker.number(f"counter {name}", value, self.model.counters[name] % 2**32)
        found = Network(
            self.job.specification, contents.weights, contents.biases, contents.generators, contents.backward
        )
        self.outcome.weights_sha256 = found.weights_sha256()

    @property
    def _initial_settings(self) -> dict[str, int]:
        return {r.name: r.initial for r in registers(self.job.specification) if r.writable}

    @property
    def _settings_of_run(self) -> dict[str, int]:
        return {"learn": int(self.job.learn), "skip": int(self.job.skip)}

    @property
    def _groups(self) -> int:
        """Groups of weights: more than a sample has of inputs, and most of what is read back."""
        return self.geometry.cols * self.geometry.weight_words

    async def _set(self, values: dict[str, int]) -> None:
        """Write the registers that do not hold their value yet."""
        for name, value in values.items():
            if self.settings.get(name) != value:
                await self.driver.write_register(name, value)
                if name == "skip":
                    # Inputs are listed as they come: it must be in force before the first of them.
                    await self.driver.read_register(name)
                self.settings[name] = value
