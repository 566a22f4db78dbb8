"""The cocotb testbench in which the core and the golden model learn the same samples and are compared."""

import os
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import cocotb
from cocotb.triggers import FallingEdge, SimTimeoutError, with_timeout

from ceprop.hdl.cycles import CycleModel
from ceprop.hdl.lanes.messages import Space
from ceprop.model import Network, SampleRecord
from ceprop.sim.check import Checker
from ceprop.sim.driver import LONG_PAUSE, PERIOD, CoreDriver
from ceprop.sim.expectation import COUNTERS, Expected, ModelSide
from ceprop.sim.fault import flipped_weight
from ceprop.sim.job import PROGRESS, VARIABLE, Job, Outcome
from ceprop.sim.ports import unfit_ports
from ceprop.sim.register_trials import try_registers
from ceprop.specification import Geometry, registers

PATIENCE = 10
"""A core hangs if it needs more than this multiple of the cycles that the model expects for a sample."""

GROUP_CYCLES = 20
"""Upper bound of the cycles in which one group is written, or read back on its own."""

Observer = Callable[["Bench", int, Expected], None]
"""Is called after each sample in which nothing differed, with the number of the sample and with what was expected."""


@cocotb.test()
async def learn_side_by_side(dut) -> None:
    """Run the samples of the job, and save the outcome."""
    place = Path(os.environ[VARIABLE])
    job = Job.load(place)
    outcome = await compare_side_by_side(dut, job, place / PROGRESS, CycleModel(Geometry(job.specification)))
    outcome.save(place)


async def compare_side_by_side(
    dut: Any, job: Job, progress: Path, cycles: CycleModel, observer: Observer | None = None
) -> Outcome:
    """Run the samples of the job on the core and on the model. Stop after the first sample that differs.

    The number of compared samples is written to the file `progress`. `cycles` is the cycle model of the core.
    `observer` sees each sample that was compared.
    """
    geometry = cycles.geometry
    if (unfit := unfit_ports(dut, job.manifest)) is not None:
        return Outcome(unfit=unfit)
    driver = CoreDriver(dut, geometry, job.manifest, pauses=job.pauses)
    await driver.start()
    bench = Bench(job, cycles, driver, progress, observer)
    await bench.prepare()
    for batch in job.batches():
        if bench.outcome.mismatches:
            break
        await bench.run(batch)
    return bench.outcome


class Bench:
    """One run of the core and the model, compared by a checker. `progress` is the file into which the number of
    compared samples is written. `observer` sees each sample that was compared."""

    def __init__(
        self, job: Job, cycles: CycleModel, driver: CoreDriver, progress: Path, observer: Observer | None = None
    ):
        self.job = job
        self.observer = observer
        self.progress = progress
        self.geometry = geometry = cycles.geometry
        self.driver = driver
        self.outcome = Outcome()
        self.checker = Checker(geometry, self.outcome, skip=job.skip)
        self.model = ModelSide(job, geometry, cycles)
        self.settings = self._initial_settings
        self.sent: dict[int, int] = {}
        """The cycle, by sample, at which the core had received the whole sample."""

    async def prepare(self) -> None:
        """Load the network and the settings of the whole run, try the registers, and start to collect the trace."""
        await self._commanded(self._load())
        if not self.outcome.mismatches:
            await self._commanded(try_registers(self.driver, self.checker, self.settings))
        if self.geometry.trace:
            cocotb.start_soon(self.driver.collect_trace())

    async def _load(self) -> None:
        """Load the network and the settings of the whole run."""
        await self.driver.load(self.model.network)
        await self._set(self._settings_of_run)

    async def _commanded(self, work: Coroutine[Any, Any, None], cycles: int = 0) -> None:
        """Wait for commands that may load the whole network, and for `cycles` more. If the core does not take them,
        report a mismatch."""
        neurons = sum(self.geometry.neuron_words(edge) for edge in self.driver.edges)
        patience = PATIENCE * GROUP_CYCLES * (self._groups + 4 * neurons + 10) + cycles
        try:
            await with_timeout(work, patience * PERIOD, "ns")
        except SimTimeoutError:
            self.checker.report(f"the core hangs: it did not take its commands in {patience} cycles")

    async def _begin(self, number: int) -> None:
        """Send what the core must know before a sample, and interrupt the sample where the job says so."""
        # The model has not learnt from the sample yet, so both sides hold the same weights.
        if number == self.job.fault:
            lane, address, words = flipped_weight(self.geometry, self.model.network, self.driver.word_bits)
            await self.driver.write(Space.WEIGHT, address, words, lane=lane)
        await self._set(self.job.settings(number))
        if self.job.interruptions is not None:
            await self._interrupt(number, self.job.interruptions[number])
            await self._set(self.job.settings(number))

    async def _interrupt(self, number: int, cycles: int) -> None:
        """Begin a sample, and interrupt it by a reset after some cycles. Then load the core again as soon as its ports
        open. No part of the interrupted sample may have an effect after the reset."""
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
        """Run samples without a command between them. Each sample is sent while the core works on the one before."""
        self.checker.sample = batch.start
        interruption = self.job.interruptions[batch.start] if self.job.interruptions is not None else 0
        await self._commanded(self._begin(batch.start), interruption)
        if self.outcome.mismatches:
            return
        self.driver.traced.clear()
        sending = cocotb.start_soon(self._send(batch))
        before = None
        for number in batch:
            self.checker.sample = number
            # The cycles by which the core had listed this sample before the previous one was finished.
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
            if self.observer is not None:
                self.observer(self, number, expected)
            if number == batch[-1] and self.job.reads_after(number):
                await self._patiently(self._read_back(expected), expected, self._groups * GROUP_CYCLES)

    async def _send(self, batch: range) -> None:
        """Send samples as a fast host does, with one group in every cycle in which the core takes one."""
        for number in batch:
            inputs, label = self.job.inputs[number], int(self.job.labels[number])
            await self.driver.send_sample(inputs, label, zeros=not self.job.skip)
            self.sent[number] = self.driver.now

    async def _patiently(self, work, expected: Expected, more_cycles: int = 0):
        """Return the result of `work`. If the core hangs, report a mismatch and return None."""
        patience = PATIENCE * (expected.cost.cycles + self._groups + more_cycles + 1000)
        try:
            return await with_timeout(work, patience * PERIOD, "ns")
        except SimTimeoutError:
            cycles = expected.cost.cycles
            self.checker.report(f"the core hangs: no answer in {patience} cycles, where the model expects {cycles}")
            return None

    async def _compare(self, number: int, expected: Expected, before: int | None) -> int:
        """Wait for the result of a sample, and compare it and the trace with the model. Returns the cycle of the
        result.

        `before` is the cycle of the previous result if this sample follows without a command between them, and None
        otherwise.
        """
        (beat,) = await self.driver.receive("result", 1)
        now, record = self.driver.now, expected.record
        # Violated checks are reported first, because they tell more than the wrong bit that follows from them.
        if violated := self.driver.violated():
            self.checker.report(f"violated checks: {', '.join(violated)}")
        if self.geometry.trace:
            beats = await self._traced(record)
            self.checker.trace(self.driver.codecs["trace"], beats, record)
        for name, value in expected.result.items():
            self.checker.number(name, self.driver.codecs["result"].number(beat, name), value)
        follows = before is not None and self.sent[number] + self.driver.listing_cycles <= before
        if before is not None and follows and self.job.pauses is None:
            self.outcome.followed_samples += 1
            self.outcome.elapsed_cycles += now - before
            self.checker.number("cycles since the previous result", now - before, expected.cost.cycles)
        self.outcome.samples += 1
        self.outcome.errors += int(record.prediction != self.job.labels[number])
        self.outcome.counters = dict(self.model.counters)
        self.outcome.cycles = self.model.counters["cycles"]
        return now

    async def _traced(self, record: SampleRecord) -> list[int]:
        """Return the beats of the trace that belong to a sample. The last ones may come after the result: the trace
        takes longer through a long array, and a reader may pause. A reader that pauses may then have some of the next
        sample."""
        traced, count = self.driver.traced, self.checker.trace_beats(record)
        for _ in range(LONG_PAUSE if self.job.pauses is None else count * LONG_PAUSE):
            if len(traced) >= count:
                break
            await FallingEdge(self.driver.dut.clk)
        beats = traced.copy() if self.job.pauses is None else traced[:count]
        del traced[: len(beats)]
        return beats

    async def _read_back(self, expected: Expected) -> None:
        """Compare all memories and counters."""
        contents = await self.driver.read_back()
        self.checker.contents(contents, self.model.network, expected.record)
        names = sorted(COUNTERS, key=self.driver.addresses.__getitem__)
        for name, value in (await self.driver.read_registers(names)).items():
            # A core that waits for a reader takes more cycles.
            if name != "cycles" or self.job.pauses is None:
                self.checker.number(f"counter {name}", value, self.model.counters[name] % 2**32)
        found = Network(
            self.job.specification, contents.weights, contents.biases, contents.generators, contents.backward
        )
        self.outcome.weights_sha256 = found.weights_sha256()

    @property
    def _initial_settings(self) -> dict[str, int]:
        """The initial values of all writable registers, by name."""
        return {r.name: r.initial for r in registers(self.job.specification) if r.writable}

    @property
    def _settings_of_run(self) -> dict[str, int]:
        """The registers that have the same value during the whole run, by name."""
        return {"learn": int(self.job.learn), "skip": int(self.job.skip)}

    @property
    def _groups(self) -> int:
        """The number of groups of weights. It exceeds the number of groups of inputs in a sample, and it is the largest
        part of what is read back."""
        return self.geometry.cols * self.geometry.weight_words

    async def _set(self, values: dict[str, int]) -> None:
        """Write the registers that do not have their value yet."""
        for name, value in values.items():
            if self.settings.get(name) != value:
                await self.driver.write_register(name, value)
                if name == "skip":
                    # Inputs are listed when they arrive. So this register must be in force before the first input, and
                    # the read waits for this.
                    await self.driver.read_register(name)
                self.settings[name] = value
