"""The testbench of a core, once for each of some faults. A fault lies in what is observed at the ports of the core."""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cocotb
import numpy as np
from cocotb.triggers import FallingEdge, Timer

from ceprop.hdl.lanes.messages import Space
from ceprop.sim import bench_core, driver
from ceprop.sim.expectation import COUNTERS
from ceprop.sim.job import VARIABLE, Outcome

RESULT = ("prediction", "tie", "free_end", "free_steps", "nudged_steps", "nudged_settled")
"""The fields of the result. In each, the lowest bit is wrong in the second sample."""

TRACE = ("first_state", "second_state", "drive", "place", "lost_step", "lost_trace")
"""Faults in the trace of the second sample."""

MEMORIES = {
    "weight": (Space.WEIGHT, 0),
    "bias": (Space.BIAS, 0),
    "bias_column": (Space.BIAS, 1),
    "generator": (Space.GENERATOR, 0),
    "generator_column": (Space.GENERATOR, 1),
    "state": (Space.STATE, 0),
    "state_column": (Space.STATE, 1),
}
"""Memories, and edges, of which the lowest bit of the first word is wrong."""

SETTINGS = ("setting", "most", "least", "set_back")
"""Faults in the four times in which all registers are read before the first sample, one in each."""

FAULTS = (
    "none",
    "late_trace",
    "late",
    "silent",
    "flicker",
    *RESULT,
    *TRACE,
    *MEMORIES,
    "backward",
    *COUNTERS,
    *SETTINGS,
)


class FaultyDriver(driver.CoreDriver):
    """A driver that sees the port of a core with one fault."""

    fault = "none"

    def __init__(self, dut: Any, geometry: Any, manifest: dict[str, Any], *, pauses: int | None = None):
        super().__init__(Flickering(dut) if self.fault == "flicker" else dut, geometry, manifest, pauses=pauses)
        self._results = self._reads = 0

    async def _beat(self, name: str) -> int:
        if name == "trace" and self.fault == "late_trace":
            await self._first_result()
        beat = await super()._beat(name)
        if name == "result":
            self._results += 1
            second = self._results == 2
            if second and self.fault == "silent":
                await Timer(1, "sec")
            if second and self.fault == "late":
                await FallingEdge(self.dut.clk)
            if second and self.fault in RESULT:
                beat ^= 1 << self.codecs["result"].offset(self.fault)
            if second:
                self._spoil_trace()
        return beat

    def _spoil_trace(self) -> None:
        """Put the fault into the trace of the sample."""
        codec = self.codecs["trace"]
        entry = next(field for field in codec.payload["fields"] if field["name"] == "neurons")
        drive = next(field["offset"] for field in entry["element"] if field["name"] == "drive")
        first = next(k for k, beat in enumerate(self.traced) if codec.number(beat, "layer") == 1)
        second = next(k for k, beat in enumerate(self.traced) if codec.number(beat, "layer") == 2)
        match self.fault:
            case "first_state":
                self.traced[first] ^= 1 << entry["offset"]
            case "second_state":
                self.traced[second] ^= 1 << entry["offset"]
            case "drive":
                self.traced[first] ^= 1 << entry["offset"] + drive
            case "place":
                self.traced[first] ^= 1 << codec.offset("slot")
            case "lost_step":
                steps = [k for k, beat in enumerate(self.traced) if codec.number(beat, "layer") == 1]
                slots = self.geometry.slots(1)
                del self.traced[steps[-slots] :]
            case "lost_trace":
                self.traced.clear()

    async def _first_result(self) -> None:
        """Wait for some cycles after the first result. Until then, the trace waits in the core."""
        if self._results:
            return
        self.dut.trace__ready.value = 0
        while not self._results:
            await FallingEdge(self.dut.clk)
        for _ in range(50):
            await FallingEdge(self.dut.clk)
        self.dut.trace__ready.value = 1

    def _pause(self) -> int:
        return 3 if self.fault == "flicker" else super()._pause()

    async def read(self, space: Space, address: int, count: int, *, column: int = 0, lane: int = 0) -> np.ndarray:
        found = await super().read(space, address, count, column=column, lane=lane)
        if self.fault == "backward" and space is Space.WEIGHT:
            connection = self.geometry.connections[1]
            assert connection.backward_base is not None
            found[connection.backward_base << self.geometry.row_slot_bits, 0] ^= 1
        elif MEMORIES.get(self.fault) == (space, column) and address == lane == 0:
            found[0, 0] ^= 1
        return found

    async def read_register_words(self, count: int, address: int = 0) -> list[int]:
        found = await super().read_register_words(count, address)
        found[0] ^= self.fault in SETTINGS and SETTINGS.index(self.fault) == self._reads
        self._reads += 1
        return found

    async def read_registers(self, names: Sequence[str]) -> dict[str, int]:
        found = await super().read_registers(names)
        return {name: value ^ (name == self.fault) for name, value in found.items()}


class Flickering:
    """The handle of a core. The payload of its result changes each time it is looked at."""

    def __init__(self, dut: Any):
        self._dut, self._looks = dut, 0

    def __getattr__(self, name: str) -> Any:
        if name != "result__payload":
            return getattr(self._dut, name)
        return self

    @property
    def value(self) -> int:
        """The payload, with a wrong bit at every second look."""
        self._looks += 1
        return int(self._dut.result__payload.value) ^ self._looks % 2


@cocotb.test()
@cocotb.parametrize(fault=FAULTS)
async def learn_with_a_fault(dut: Any, fault: str) -> None:
    """Run the samples of the job, and write down the outcome."""
    place = Path(os.environ[VARIABLE])
    FaultyDriver.fault = fault
    bench_core.CoreDriver = FaultyDriver
    text = ""
    try:
        await bench_core.learn_side_by_side.func(dut)
        outcome = Outcome.load(place)
    except RuntimeError as error:
        outcome, text = Outcome(), str(error)
    with (place / "outcomes").open("a", encoding="utf-8") as file:
        file.write(json.dumps({"fault": fault, "error": text} | asdict(outcome)) + "\n")
