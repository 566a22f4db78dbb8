"""The bins of the streams, seen at the pins of a core in every cycle."""

from typing import Any

from cocotb.triggers import FallingEdge, Timer

from ceprop.sim.driver import PERIOD
from ceprop.verification.coverage.found import Found
from ceprop.verification.coverage.points import STREAMS

_LONG = 40
"""A beat waits long if it waits for this number of cycles."""


class StreamMonitor:
    """Watches the streams of a core with a trace. `found` are the bins since the last call of `take`."""

    def __init__(self, dut: Any):
        self._clock, self._reset = dut.clk, dut.rst
        self._ends = {name: (getattr(dut, f"{name}__valid"), getattr(dut, f"{name}__ready")) for name in STREAMS}
        self._waited = dict.fromkeys(STREAMS, 0)
        self._passed = dict.fromkeys(STREAMS, False)
        self._found = Found()

    async def run(self) -> None:
        """Watch every cycle. This function never returns."""
        while True:
            await FallingEdge(self._clock)
            # The testbench drives at the falling edge, and the core takes at the rising edge.
            await Timer(PERIOD // 4, "ns")
            if self._reset.value:
                self._waited = dict.fromkeys(STREAMS, 0)
                self._passed = dict.fromkeys(STREAMS, False)
            else:
                self._look()

    def take(self) -> Found:
        """Return the bins since the last call."""
        found, self._found = self._found, Found()
        return found

    def _look(self) -> None:
        waits: set[str] = set()
        for name, (valid, ready) in self._ends.items():
            point, offered, taken = f"stream {name}", bool(valid.value), bool(ready.value)
            passes = offered and taken
            if offered and not taken:
                waits.add(name)
            self._found.add(point, "at once", passes and not self._waited[name])
            self._found.add(point, "reader waits", taken and not offered)
            self._found.add(point, "back to back", passes and self._passed[name])
            self._waited[name] = self._waited[name] + 1 if name in waits else 0
            self._found.add(point, "waits", self._waited[name])
            self._found.add(point, "waits long", self._waited[name] >= _LONG)
            self._passed[name] = passes
        for some in (("result", "trace"), ("sample", "trace"), ("command", "response")):
            self._found.add("streams that wait together", " and ".join(some), waits.issuperset(some))
