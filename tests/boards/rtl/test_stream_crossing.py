"""A stream between two clocks of any ratio: every payload arrives once, in order, and only while it is offered."""

# Amaranth makes ports at run time, where pyright cannot see them.
# pyright: reportAttributeAccessIssue=false

from random import Random
from typing import Any

import pytest
from amaranth.hdl import ClockDomain, Module
from amaranth.lib.wiring import Component
from amaranth.sim import Simulator

from ceprop.boards.rtl.stream_crossing import StreamCrossing

PAYLOADS = 40


class Bench:
    """A crossing between two clocks, with pauses at both ends. `received` has the payloads, and `cycles` for each the
    cycles of the source in which it was offered."""

    def __init__(self, ratio: float, pauses: int, seed: int):
        self._random = Random(seed)
        self._pauses = pauses
        self.crossing = StreamCrossing(12, source_domain="source", target_domain="target")
        self.received: list[int] = []
        self.cycles: list[int] = []
        self.simulator = Simulator(self._in_domains(self.crossing))
        self.simulator.add_clock(1e-6, domain="source")
        self.simulator.add_clock(1e-6 / ratio, phase=3.7e-7, domain="target")
        self.simulator.add_testbench(self._send)
        self.simulator.add_testbench(self._receive)

    @staticmethod
    def _in_domains(part: Component) -> Module:
        m = Module()
        m.domains += [ClockDomain("source"), ClockDomain("target")]
        m.submodules.part = part
        return m

    def _pause(self) -> int:
        return self._random.randrange(self._pauses + 1)

    async def _send(self, context: Any) -> None:
        source = self.crossing.source
        for number in range(PAYLOADS):
            context.set(source.valid, 0)
            # What is not offered may be anything.
            for _ in range(self._pause()):
                context.set(source.payload, self._random.randrange(4096))
                await context.tick("source")
            context.set(source.payload, 17 * number)
            context.set(source.valid, 1)
            self.cycles.append(1)
            while not (await context.tick("source").sample(source.ready))[-1]:
                self.cycles[-1] += 1
            # The source must not believe that its payload was taken before it was.
            assert len(self.received) == number + 1
        context.set(source.valid, 0)

    async def _receive(self, context: Any) -> None:
        target = self.crossing.target
        while len(self.received) < PAYLOADS:
            context.set(target.ready, 0)
            for _ in range(self._pause()):
                await context.tick("target")
            context.set(target.ready, 1)
            (payload,) = await context.tick("target").sample(target.payload).until(target.valid)
            self.received.append(payload)


@pytest.mark.parametrize("ratio", [0.13, 0.5, 0.997, 1.0, 1.31, 3.0, 11.7])
@pytest.mark.parametrize("pauses", [0, 9])
def test_every_payload_arrives_once(ratio: float, pauses: int) -> None:
    bench = Bench(ratio, pauses, seed=1)
    bench.simulator.run_until(PAYLOADS * 40e-6 * max(1, 1 / ratio))
    assert bench.received == [17 * number for number in range(PAYLOADS)]
    assert len(bench.cycles) == PAYLOADS


def test_a_payload_takes_about_ten_cycles() -> None:
    bench = Bench(1.0, 0, seed=1)
    bench.simulator.run_until(PAYLOADS * 40e-6)
    assert len(bench.cycles) == PAYLOADS
    assert max(bench.cycles) <= 11
