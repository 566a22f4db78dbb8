"""The port of the flash, at the model of a part: every number of lines, makers, a consumer that pauses, and faults."""

# Amaranth makes ports at run time, where pyright cannot see them.
# pyright: reportAttributeAccessIssue=false, reportArgumentType=false

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from amaranth.hdl import Cat, Const, Value
from amaranth.sim import Simulator

from ceprop.boards.rtl.flash import flash_port
from ceprop.boards.rtl.flash.flash_facts import FlashTiming
from ceprop.boards.rtl.flash.flash_port import FlashPort
from ceprop.boards.rtl.flash.port_registers import FlashTask

_CLOCK_HZ = 1_000_000
"""A slow clock, so that the times of the part are few cycles."""

_ADDRESS = 0x30_0123
_DATA = bytes(random.Random(1).randrange(256) for _ in range(80))


class Bench:
    """A port and a part, cycle by cycle."""

    def __init__(self, context: Any, port: FlashPort, chip: Any):
        self.context, self.port, self._chip = context, port, chip
        self.cycles = self.shared = 0

    async def tick(self) -> None:
        """A cycle, with what the part answers."""
        pins, get = self.port.pins, self.context.get
        out, enable = get(pins.dq_out), get(pins.dq_enable)
        if len(pins.dq_out) == 2:  # WP and HOLD are high, by the pins of the top level
            out, enable = out | 0b1100, enable | 0b1100
        levels = self._chip.tick(get(pins.select), get(pins.clock), out, enable)
        self.context.set(pins.dq_in, levels & (1 << len(pins.dq_in)) - 1)
        self.cycles += 1
        await self.context.tick()

    async def begin(self, task: FlashTask, address: int) -> None:
        """Start a task."""
        for signal, value in ((self.port.task, task), (self.port.address, address), (self.port.start, 1)):
            self.context.set(signal, value)
        await self.tick()
        self.context.set(self.port.start, 0)

    async def finish(self, most: int = 100_000) -> bool:
        """Wait until the task ends; whether it succeeded. The address goes on with each page."""
        end = self.cycles + most
        while not self.context.get(self.port.idle):
            assert self.cycles < end
            await self.tick()
        return not self.context.get(self.port.failed)

    async def take(self, count: int, pause: Callable[[], int]) -> bytes:
        """Bytes of READ, each after a pause."""
        found, left, end = bytearray(), pause(), self.cycles + 20_000
        while len(found) < count:
            assert self.cycles < end
            self.context.set(self.port.read.ready, left == 0)
            taken = self.context.get(self.port.read.valid) and left == 0
            if taken:
                found.append(self.context.get(self.port.read.payload))
            await self.tick()
            left = pause() if taken else max(0, left - 1)
        self.context.set(self.port.read.ready, 0)
        return bytes(found)

    async def read(self, address: int, count: int, pause: Callable[[], int] = lambda: 0) -> bytes:
        """A whole task READ."""
        await self.begin(FlashTask.READ, address)
        found = await self.take(count, pause)
        self.context.set(self.port.stop, 1)
        assert await self.finish()
        self.context.set(self.port.stop, 0)
        return found

    async def program(self, address: int, data: bytes, pause: Callable[[], int]) -> bool:
        """A task PROGRAM for each page, until one fails; whether none did."""
        for start in range(0, len(data), 256):
            if not await self.program_page(address + start, data[start : start + 256], pause):
                return False
        return True

    async def program_page(self, address: int, data: bytes, pause: Callable[[], int]) -> bool:
        """A whole task PROGRAM; whether it succeeded."""
        await self.begin(FlashTask.PROGRAM, address)
        get, port, left = self.context.get, self.port, 0
        for number, byte in enumerate(data):
            left, taken = pause(), False
            self.context.set(port.last, number == len(data) - 1)
            while not taken and not get(port.failed):
                self.context.set(port.write.valid, left <= 0)
                self.context.set(port.write.payload, byte if left <= 0 else 0)
                taken = get(port.write.ready)
                await self.tick()
                left -= 1
            self.context.set(port.write.valid, 0)
        return await self.finish()


def _run(chip: Any, lines: int, work: Callable[[Bench], Any], clock_hz: int = _CLOCK_HZ) -> None:
    """Let a port do some work at a part, which must find no rule broken."""
    port = FlashPort(clock_hz, lines)
    simulator = Simulator(port)
    simulator.add_clock(1e-6)

    async def testbench(context: Any) -> None:
        await work(Bench(context, port, chip))

    simulator.add_testbench(testbench)
    simulator.run()
    assert chip.broken() is None


@pytest.fixture
def data(image: Path) -> bytes:
    """What lies at the address."""
    with image.open("r+b") as file:
        file.seek(_ADDRESS)
        file.write(_DATA)
    return _DATA


_MAKERS = ("winbond", "issi", "macronix", "gigadevice", "micron", "no quad")


@pytest.mark.parametrize("lines", [1, 2, 4])
@pytest.mark.parametrize("part", _MAKERS)
def test_reads_whatever_the_pauses(part: str, lines: int, power_on: Any, data: bytes) -> None:
    """No byte is lost or read twice; the second read finds the part set up."""
    draw = random.Random(f"{part} {lines}")

    async def work(bench: Bench) -> None:
        assert await bench.read(_ADDRESS, 40, lambda: draw.choice((0, 0, 0, 1, 2, 3, 4, 5, 20))) == data[:40]
        before = bench.cycles
        assert await bench.read(_ADDRESS + 7, 30, lambda: draw.choice((0, 1, 5))) == data[7:37]
        assert bench.cycles - before < 2 * (48 + 30 * 8 + 6 * 30)

    _run(power_on(part, _CLOCK_HZ), lines, work)


@pytest.mark.parametrize(("high", "rule"), [(0b101, "WP is low"), (0b011, "HOLD is low")])
def test_a_port_that_lets_wp_or_hold_fall_is_found(
    high: int, rule: str, power_on: Any, data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flash_port, "on_line_0", lambda bit: Value.cast(Cat(bit, Const(high, 3))))
    chip = power_on("winbond", _CLOCK_HZ)

    async def work(bench: Bench) -> None:
        assert await bench.read(_ADDRESS, 2, lambda: 0) == data[:2]

    with pytest.raises(AssertionError):
        _run(chip, 4, work)
    assert chip.broken() == (rule, 0x00)


@pytest.mark.parametrize(
    ("lines", "byte_clocks", "clock_hz", "period"),
    [
        (1, 8, _CLOCK_HZ, 2),
        (2, 4, _CLOCK_HZ, 2),
        (4, 2, _CLOCK_HZ, 2),
        pytest.param(4, 2, 130_000_000, 3, marks=pytest.mark.slow),
    ],
)
def test_there_is_no_gap_between_bytes(
    lines: int, byte_clocks: int, clock_hz: int, period: int, power_on: Any, data: bytes
) -> None:
    async def work(bench: Bench) -> None:
        await bench.begin(FlashTask.READ, _ADDRESS)
        assert await bench.take(8, lambda: 0) == data[:8]
        before = bench.cycles
        assert await bench.take(64, lambda: 0) == data[8:72]
        assert bench.cycles - before == 64 * byte_clocks * period

    _run(power_on("winbond", clock_hz), lines, work, clock_hz)


@pytest.mark.parametrize(("part", "byte_clocks"), [("no quad", 4), ("micron", 4), ("issi", 2), ("macronix", 2)])
def test_four_lines_only_where_the_part_allows_them(part: str, byte_clocks: int, power_on: Any, data: bytes) -> None:
    async def work(bench: Bench) -> None:
        await bench.read(_ADDRESS, 1)
        await bench.begin(FlashTask.READ, _ADDRESS)
        await bench.take(8, lambda: 0)
        before = bench.cycles
        assert await bench.take(32, lambda: 0) == data[8:40]
        assert bench.cycles - before == 32 * byte_clocks * 2

    _run(power_on(part, _CLOCK_HZ), 4, work)


@pytest.mark.slow
@pytest.mark.parametrize("lines", [1, 4])
def test_erases_and_programs_over_pages(lines: int, power_on: Any, image: Path) -> None:
    content = bytes(random.Random(2).randrange(256) for _ in range(260))
    draw = random.Random(lines)
    with image.open("r+b") as file:
        file.seek(0x2000)
        file.write(bytes(4096))

    async def work(bench: Bench) -> None:
        await bench.begin(FlashTask.ERASE, 0x2000)
        assert await bench.finish()
        assert await bench.program(0x2000, content, lambda: draw.choice((0, 0, 3, 20)))
        assert await bench.read(0x2000, 20) == content[:20]

    _run(power_on("winbond", _CLOCK_HZ), lines, work)
    assert image.read_bytes()[0x2000:0x3000] == content + b"\xff" * (4096 - len(content))


@pytest.mark.parametrize(("part", "lines"), [("absent", 2), ("absent", 4), ("grounded", 2), ("grounded", 4)])
def test_without_a_part_it_fails(part: str, lines: int, power_on: Any) -> None:
    async def work(bench: Bench) -> None:
        for _ in range(2):
            await bench.begin(FlashTask.READ, 0)
            assert not await bench.finish(2000)

    _run(power_on(part, _CLOCK_HZ), lines, work)


@pytest.mark.slow
@pytest.mark.parametrize(("lines", "task"), [(1, FlashTask.ERASE), (4, FlashTask.PROGRAM)])
def test_a_part_that_stays_busy_ends_the_task(lines: int, task: FlashTask, power_on: Any) -> None:
    clock_hz = 10_000
    most = 2 ** (FlashTiming.of(clock_hz, lines).busy_bit + 1)

    async def work(bench: Bench) -> None:
        await bench.read(0, 1)
        before = bench.cycles
        if task == FlashTask.ERASE:
            await bench.begin(task, 0)
            assert not await bench.finish()
        else:
            assert not await bench.program(0, bytes(300), lambda: 0)
            before += 2 * 8 * 256
        assert clock_hz <= bench.cycles - before < most * 1.2

    _run(power_on("stays busy", clock_hz, wake=1), lines, work, clock_hz)


@pytest.mark.parametrize(
    ("clock_hz", "lines", "period"),
    [(30e6, 1, 2), (66e6, 1, 2), (100e6, 1, 4), (80e6, 4, 2), (90e6, 4, 2), (100e6, 2, 2), (150e6, 4, 3)],
)
def test_the_clock_is_one_that_every_part_stands(clock_hz: float, lines: int, period: int) -> None:
    assert FlashTiming.of(round(clock_hz), lines).period == period
