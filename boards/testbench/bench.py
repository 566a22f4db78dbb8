"""What runs inside the simulator: the host's own driver, over a bus model, at a board's pins."""

from collections.abc import Callable
from random import Random
from typing import Any

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.task import bridge, resume
from cocotb.triggers import ClockCycles
from cocotb.utils import get_sim_time

from ceprop.boards.host import HostDriver, Link, train_beside
from ceprop.boards.host.machine import unwatched
from ceprop.boards.host.requests import Timing
from ceprop.boards.testbench.buses import Bus, StreamBus, WishboneBus
from ceprop.boards.testbench.runner import BOARD, CLOCK_HZ, LinkJob
from ceprop.hdl.checks import violated_names
from ceprop.model import Dataset, Trainer
from ceprop.sim.driver import PERIOD
from ceprop.specification import Geometry, Specification

BUSES: dict[str, type[Bus]] = {"axi4-stream": StreamBus, "wishbone": WishboneBus}

_TIMING = Timing(quiet=1000 / CLOCK_HZ, reply=1.0, patience=20_000 / CLOCK_HZ)
"""All three are simulated time. No run lasts as long as `reply`, so that nothing is sent again: no byte may be lost."""

_MOST_MICROSECONDS = 20_000
"""Longer than any of the runs; a board that hangs fails then."""


class BusTransport:
    """A bus as the host's transport, for a thread beside the simulator."""

    name = "bus"
    baud = CLOCK_HZ

    def __init__(self, bus: Bus):
        self._send, self._receive = resume(bus.send), resume(bus.receive)

    def read(self, seconds: float) -> bytes:
        """What has come; waits for the first byte for so long by the board's clock."""
        return self._receive(round(seconds * CLOCK_HZ))

    def write(self, data: bytes) -> None:
        """Send bytes."""
        self._send(data)


@cocotb.test(timeout_time=_MOST_MICROSECONDS, timeout_unit="us")
async def learn_over_the_bus(dut: Any) -> None:
    """Load, learn, read back; every integer equal, and every frame at the first attempt."""
    job = LinkJob.load()
    kind = BUSES[job.transport]
    for name in kind.INPUTS:
        getattr(dut, name).value = 0
    dut.rst.value = 1
    Clock(dut.clk, PERIOD, unit="ns").start(start_high=False)
    await ClockCycles(dut.clk, 3)
    dut.rst.value = 0
    await bridge(_learn)(job, resume(_now), BusTransport(kind(dut, Random(job.seed))))
    violated = violated_names(job.checks, str(dut.violations.value))
    assert not violated, f"violated checks: {', '.join(violated)} (seed {job.seed})"


async def _now() -> float:
    """The simulated time in seconds: on a busy machine a simulation may take any time."""
    return get_sim_time("sec")


def _learn(job: LinkJob, clock: Callable[[], float], transport: BusTransport) -> None:
    specification = Specification.from_mapping(job.specification)
    link = Link(transport, _TIMING, clock)
    driver = HostDriver(link, Geometry(specification), BOARD)
    trainer = Trainer.start(specification, _random_samples(specification, job.samples, job.seed))
    proof = train_beside(driver, trainer, job.samples, unwatched)
    assert proof.mismatches == 0, f"{proof.first_mismatch} (seed {job.seed})"
    statistics = link.statistics
    again = (statistics.frames_resent, statistics.damaged_replies, statistics.refusals)
    assert again == (0, 0, 0), f"bytes were lost: {statistics} (seed {job.seed})"


def _random_samples(specification: Specification, count: int, seed: int) -> Dataset:
    draw = np.random.default_rng(seed)
    inputs = draw.integers(0, 1 << specification.formats.input_bits, (count, specification.layers[0]))
    inputs[draw.random(inputs.shape) < 0.5] = 0
    labels = draw.integers(0, specification.classes, count)
    return Dataset("random", inputs, labels, inputs, labels)
