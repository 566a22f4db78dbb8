"""The flash processor against its instructions written in Python, over random programs; and its program for sizes."""

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from amaranth.sim import Simulator

from ceprop.boards.rtl.flash.assembler import Assembler
from ceprop.boards.rtl.flash.firmware import program
from ceprop.boards.rtl.flash.instructions import (
    PROGRAM_WORDS,
    WORD_BITS,
    Condition,
    InPort,
    Operation,
    OutPort,
)
from ceprop.boards.rtl.flash.processor import Processor
from ceprop.specification import Geometry, Specification
from ceprop.specification.bundled import bundled_specification

_MASK = 2**WORD_BITS - 1
_REGISTERS = ("a", "b", "c")
_CONSTANTS = {"BIG": 0xABCDEF, "ONE": 1}


class Model:
    """What the instructions do. `written` has what OUT wrote."""

    def __init__(self) -> None:
        self.accumulator = self.carry = self.flash_bytes = 0
        self.registers = dict.fromkeys(_REGISTERS, 0) | _CONSTANTS
        self.written: list[int] = []

    def value(self, operand: str | int) -> int:
        return self.registers[operand] if isinstance(operand, str) else operand

    def byte(self, port: int) -> int:
        """The next byte of flash, or that of another port."""
        if port != InPort.FLASH:
            return _byte(port)
        self.flash_bytes += 1
        return _flash_byte(self.flash_bytes - 1)

    def add(self, operand: str | int, chained: bool) -> None:
        total = self.accumulator + self.value(operand) + (self.carry if chained else 0)
        self.accumulator, self.carry = total & _MASK, total >> WORD_BITS

    def subtract(self, operand: str | int, chained: bool) -> None:
        total = self.accumulator - self.value(operand) - (1 - self.carry if chained else 0)
        self.accumulator, self.carry = total & _MASK, int(total >= 0)


def _step(a: Assembler, model: Model, random: Random, number: int) -> None:
    """Add an instruction to the program, and do it in the model."""
    operand = random.choice([*_REGISTERS, *_CONSTANTS, 0, random.randrange(256)])
    chained = random.random() < 0.5
    match random.choice(["load", "add", "subtract", "store", "read", "shift", "write", "jump", "call"]):
        case "load":
            a.load(operand)
            model.accumulator = model.value(operand)
        case "add":
            a.add(operand, chained=chained)
            model.add(operand, chained)
        case "subtract":
            a.subtract(operand, chained=chained)
            model.subtract(operand, chained)
        case "store":
            register = random.choice(_REGISTERS)
            a.store(register)
            model.registers[register] = model.accumulator
        case "read":
            port = random.randrange(4)
            a.read(port)
            model.accumulator = model.byte(port)
        case "shift":
            port = random.randrange(4)
            a.shift(port)
            model.accumulator = model.accumulator >> 8 | model.byte(port) << WORD_BITS - 8
        case "write":
            a.write(OutPort.ADDRESS)
            model.written.append(model.accumulator)
        case "jump":
            _jump(a, model, random, f"behind {number}")
        case "call":
            a.call("double")
            model.registers["c"] = model.accumulator
            model.add("c", False)


def _jump(a: Assembler, model: Model, random: Random, label: str) -> None:
    """A jump over an instruction that would be seen."""
    kind = random.choice(["always", "zero", "not zero", "carry", "no carry"])
    jump = {"zero": a.jump_zero, "not zero": a.jump_not_zero, "carry": a.jump_carry, "no carry": a.jump_no_carry}
    jump.get(kind, a.jump)(label)
    a.store("b")
    a.label(label)
    zero, carry = model.accumulator == 0, bool(model.carry)
    if not {"always": True, "zero": zero, "not zero": not zero, "carry": carry, "no carry": not carry}[kind]:
        model.registers["b"] = model.accumulator


def _byte(port: int) -> int:
    return (17 * port + 5) % 256


def _flash_byte(number: int) -> int:
    return (29 * number + 3) % 256


def _run(processor: Processor, cycles: int, hold: Iterator[bool]) -> list[int]:
    """What the processor writes. A byte of flash comes some cycles after the one before was taken, and nothing that is
    right lies on its port until then."""
    written: list[int] = []
    draw = Random(1)

    async def bench(context: Any) -> None:
        number, left = 0, 20
        for _ in range(cycles):
            context.set(processor.hold, next(hold))
            port, there = context.get(processor.in_port) % 4, left <= 0
            flash = _flash_byte(number) if there else draw.randrange(256)
            context.set(processor.data_in, flash if port == InPort.FLASH else _byte(port))
            context.set(processor.conditions, 1 << Condition.STARTED | there << Condition.BYTE_READ)
            if context.get(processor.strobe):
                written.append(context.get(processor.data_out))
            left -= 1
            if context.get(processor.taken) and context.get(processor.port) == InPort.FLASH:
                assert there
                number, left = number + 1, draw.randrange(12)
            await context.tick()

    simulator = Simulator(processor)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    return written


@pytest.mark.parametrize("seed", range(4))
def test_random_programs(seed: int) -> None:
    random = Random(seed)
    a, model = Assembler(_REGISTERS, _CONSTANTS), Model()
    a.jump("start")
    a.subroutine("double", seed % 4)
    a.store("c")
    a.add("c")
    a.end("double")
    a.label("start")
    a.load(0)
    a.store(*_REGISTERS)
    for number in range(150):
        _step(a, model, random, number)
    for register in (*_REGISTERS, *_CONSTANTS):
        a.load(register)
        a.write(OutPort.ADDRESS)
        model.written.append(model.registers[register])
    a.wait(Condition.FLASH_IDLE)  # for ever
    processor = Processor(a.words, a.initial)
    # The host reads the status now and then, which changes nothing.
    holds = iter(lambda: random.random() < 0.2, None)
    assert _run(processor, 7 * len(a.words), holds) == model.written
    assert model.flash_bytes > 3


def test_it_waits_and_skips() -> None:
    a = Assembler(("a",), {})
    a.wait(Condition.STARTED)
    a.load(1)
    a.jump_unless(Condition.FLASH_IDLE, "not idle")
    a.load(2)
    a.label("not idle")
    a.write(OutPort.ADDRESS)
    a.jump_unless(Condition.STARTED, "wrong")
    a.load(3)
    a.label("wrong")
    a.write(OutPort.ADDRESS)
    a.wait(Condition.FLASH_IDLE)
    a.write(OutPort.ADDRESS)
    assert _run(Processor(a.words, a.initial), 60, iter(lambda: False, None)) == [1, 3]


def test_it_rests_while_the_host_reads_but_not_while_locked() -> None:
    a = Assembler(("a", "b"), {"SEEN": 0x123456})
    a.label("again")
    a.load("a")
    a.add(1)
    a.store("a")
    a.jump("again")
    processor = Processor(a.words, a.initial)

    async def bench(context: Any) -> None:
        for locked in (1, 0):
            context.set(processor.locked, locked)
            context.set(processor.hold, 1)
            context.set(processor.register, 0)
            await context.tick().repeat(5)
            assert context.get(processor.held) == 1 - locked
            before, seen = context.get(processor.content), set[int]()
            for _ in range(30):
                await context.tick()
                seen.add(context.get(processor.content))
            assert (seen == {before}) == (not locked)
        context.set(processor.register, 2)
        await context.tick()
        assert context.get(processor.content) == 0x123456

    simulator = Simulator(processor)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()


def test_a_constant_is_never_written() -> None:
    a = Assembler(("a",), {"ONE": 1})
    with pytest.raises(AssertionError, match="ONE is a constant"):
        a.store("ONE")


@pytest.mark.parametrize("stand_alone", [False, True])
def test_the_host_never_waits_long_for_the_status(stand_alone: bool) -> None:
    """From LOCK to UNLOCK the program goes straight on, and not for long."""
    geometry = Geometry(Specification.load(bundled_specification("digits")).with_array())
    words = program(geometry, stand_alone=stand_alone).words
    locks = [k for k, word in enumerate(words) if word == Operation.OUT << 12 | OutPort.LOCK]
    assert locks
    straight = (Operation.LOAD, Operation.ADD, Operation.SUB, Operation.STORE)
    for start in locks:
        end = words.index(Operation.OUT << 12 | OutPort.UNLOCK, start)
        assert end - start < 12
        assert all(word >> 12 in straight for word in words[start + 1 : end])


@pytest.mark.parametrize("stand_alone", [False, True])
@pytest.mark.parametrize("name", ["digits", "mnist-64"])
def test_the_program_fits(name: str, stand_alone: bool) -> None:
    """The more layers and the larger the array, the more a program must know; it must fit for all of them."""
    deep = (
        "layers=[64,9,9,9,9,9,9,10]",
        "update.shifts=[3,3,3,3,3,3,3]",
        "update.schedule=[]",
        "array.rows=16",
        "array.cols=9",
    )
    array = deep if name == "digits" else ("array.rows=4", "array.cols=7")
    overrides = ("array.memory_words=65536", "nudge.sign=random", *array)
    found = program(Geometry(Specification.load(bundled_specification(name), overrides)), stand_alone=stand_alone)
    assert len(found.words) <= PROGRAM_WORDS
    assert all(0 <= word < 2**16 for word in found.words)
