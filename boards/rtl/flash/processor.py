"""A small processor, which decides what happens in flash; what takes long beside it is hardware of its own."""

from collections.abc import Sequence

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, unsigned
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from ceprop.boards.rtl.flash.instructions import (
    ADDRESS_BITS,
    FIRST_LINK,
    INSTRUCTION,
    PROGRAM_WORDS,
    REGISTERS,
    Condition,
    InPort,
    Operation,
    OutPort,
)
from ceprop.hdl.devices.named_ports import read_port, write_port

_LAST_PORT_BITS = max(InPort.TASK + 4, *OutPort).bit_length()


class Processor(wiring.Component):
    """Carries out an instruction every three cycles, or more where it waits::

        FETCH (the program is read) ─► DECODE (the register is read) ─► EXECUTE ─► FETCH

    Nothing of it has to be fast, and so it is small: the program and the registers are memories.

    Parameters
    ----------
    program : sequence of int
        The instructions.

    Members
    -------
    conditions : In
        A bit for each :class:`Condition`; ZERO and CARRY are the processor's own.
    port : Out
        The port of IN or OUT.
    taken, data_in : Out, In
        In this cycle the accumulator takes what IN finds.
    strobe, data_out : Out
        In this cycle OUT writes the accumulator, which changes at the earliest three cycles later.
    hold, held : In, Out
        The host asks that the processor rests, so that it can read `status_byte`; and it does. It works on while
        `locked`.
    locked : In
        The status is about to change.
    status_address, status_byte : In, Out
        A register, and a cycle later what it holds.
    """

    conditions: Signal
    port: Signal
    taken: Signal
    data_in: Signal
    strobe: Signal
    data_out: Signal
    hold: Signal
    held: Signal
    locked: Signal
    status_address: Signal
    status_byte: Signal

    def __init__(self, program: Sequence[int]):
        self._program = program
        super().__init__(
            {
                "conditions": In(len(Condition)),
                "port": Out(_LAST_PORT_BITS),
                "taken": Out(1),
                "data_in": In(8),
                "strobe": Out(1),
                "data_out": Out(8),
                "hold": In(1),
                "held": Out(1),
                "locked": In(1),
                "status_address": In(range(REGISTERS)),
                "status_byte": Out(8),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Three phases, the two memories, and what EXECUTE does."""
        m = Module()
        m.submodules.program = program = Memory(shape=unsigned(16), depth=PROGRAM_WORDS, init=self._program)
        m.submodules.registers = registers = Memory(shape=unsigned(ADDRESS_BITS), depth=REGISTERS, init=[])
        fetch, read, write = read_port(program), read_port(registers), write_port(registers)
        status = read_port(registers, "status")
        word = INSTRUCTION(fetch.data)
        counter = Signal(ADDRESS_BITS, name="program_counter")
        phase = Signal(3, name="phase", init=0b001)
        execute, stays, carry = phase[2], Signal(name="stays"), Signal(name="carry")
        m.d.comb += [
            fetch.addr.eq(counter),
            fetch.en.eq(phase[0]),
            read.addr.eq(word.operand),
            read.en.eq(phase[1]),
            status.addr.eq(self.status_address),
            status.en.eq(1),
            self.status_byte.eq(status.data),
            self.held.eq(phase[0] & self.hold & ~self.locked),
        ]
        with m.If(~self.held & ~(execute & stays)):
            m.d.sync += phase.eq(phase.rotate_left(1))
        self._compute(m, word, read.data, execute, carry)
        self._store(m, word, counter, execute, write)
        self._go_on(m, word, read.data, execute, counter, stays, carry)
        return m

    def _compute(self, m: Module, word, register: Signal, execute: Signal, carry: Signal) -> None:
        """LOAD, ADD, SUB and IN change the accumulator."""
        accumulator = self.data_out
        subtracts = word.operation == Operation.SUB
        operand, total = Signal(8, name="operand"), Signal(9, name="total")
        m.d.comb += [
            operand.eq(Mux(word.immediate, word.operand, register[:8]) ^ subtracts.replicate(8)),
            total.eq(accumulator + operand + Mux(word.chained, carry, subtracts)),
            self.port.eq(word.operand),
            self.taken.eq(execute & (word.operation == Operation.IN)),
            self.strobe.eq(execute & (word.operation == Operation.OUT)),
        ]
        with m.If(execute), m.Switch(word.operation):
            with m.Case(Operation.LOAD):
                m.d.sync += accumulator.eq(operand)
            with m.Case(Operation.ADD, Operation.SUB):
                m.d.sync += Cat(accumulator, carry).eq(total)
            with m.Case(Operation.IN):
                m.d.sync += accumulator.eq(self.data_in)

    def _store(self, m: Module, word, counter: Signal, execute: Signal, write) -> None:
        """STORE and CALL write a register."""
        calls = word.operation == Operation.CALL
        link = Cat(word.chained, word.immediate, Const(FIRST_LINK >> 2, 4))
        m.d.comb += [
            write.addr.eq(Mux(calls, link, word.operand)),
            write.data.eq(Mux(calls, counter + 1, self.data_out)),
            write.en.eq(execute & (calls | (word.operation == Operation.STORE))),
        ]

    def _go_on(
        self, m: Module, word, register: Signal, execute: Signal, counter: Signal, stays: Signal, carry: Signal
    ) -> None:
        """Where the program goes on: WAIT, SKIP, JUMP, CALL and RETURN."""
        holds = Signal(name="holds")
        own = Cat(self.data_out == 0, carry)
        m.d.comb += holds.eq(Array(Cat(own, self.conditions[len(own) :]))[word.operand[:4]])
        m.d.comb += stays.eq((word.operation == Operation.WAIT) & ~holds)
        skips = (word.operation == Operation.SKIP) & (holds ^ word.immediate)
        with m.If(execute & ~stays):
            m.d.sync += counter.eq(counter + 1 + skips)
            with m.Switch(word.operation):
                with m.Case(Operation.JUMP, Operation.CALL):
                    m.d.sync += counter.eq(Cat(word.operand, word.ninth))
                with m.Case(Operation.RETURN):
                    m.d.sync += counter.eq(register)
