"""A small processor, which decides what happens in flash; what takes long beside it is hardware of its own."""

from collections.abc import Sequence

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, Value, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from ceprop.boards.rtl.flash.instructions import (
    ADDRESS_BITS,
    FIRST_LINK,
    INSTRUCTION,
    REGISTERS,
    WORD_BITS,
    Condition,
    Operation,
)
from ceprop.hdl.devices.named_ports import read_port, write_port
from ceprop.hdl.typing import Interface

PORT_BITS = 5
"""Bits of the number of a port."""


class Processor(wiring.Component):
    """Carries out an instruction every five cycles, or more where it waits::

        FETCH (the program is read) ─► DECODE (its word has come) ─► READ (the register is read) ─┐
                                                                     EXECUTE ◄─ OPERAND ◄─────────┘

    Nothing of it has to be fast, and so it is small: the program and the registers are memories. Block RAM is slow and
    may lie far away. So the word of the program goes to a register and nowhere else. What EXECUTE needs comes from
    registers too: the instruction and its operand, whether the condition of the instruction holds, and whether the
    accumulator is 0. All this would else set the clock of the whole board.

    Parameters
    ----------
    program, registers : sequence of int
        The instructions, and what the registers hold at first.

    Members
    -------
    conditions : In
        A bit for each :class:`Condition`.
    in_port, data_in : Out, In
        The port of IN or SHIFT, from READ on, and what it has then.
    port : Out
        A cycle after EXECUTE, its port.
    taken : Out
        In this cycle the port may go on to the next byte, for the processor has taken the one before.
    strobe, data_out : Out
        In this cycle OUT writes the accumulator, which changes at the earliest two cycles later.
    hold, held : In, Out
        The host asks that the processor rests, and it has begun to. It does not begin to while `locked`.
    locked : In
        The status is about to change.
    register, content : In, Out
        Number of a register, and a cycle later what it holds, while the processor rests.
    """

    PROGRAM_BITS = 16 * 590
    """Bits of the program, about."""

    conditions: Signal
    in_port: Signal
    data_in: Signal
    port: Signal
    taken: Signal
    strobe: Signal
    data_out: Signal
    hold: Signal
    held: Signal
    locked: Signal
    register: Signal
    content: Signal

    def __init__(self, program: Sequence[int], registers: Sequence[int]):
        self._program, self._registers = program, registers
        super().__init__(
            {
                "conditions": In(len(Condition)),
                "in_port": Out(PORT_BITS),
                "data_in": In(8),
                "port": Out(PORT_BITS),
                "taken": Out(1),
                "strobe": Out(1),
                "data_out": Out(WORD_BITS),
                "hold": In(1),
                "held": Out(1),
                "locked": In(1),
                "register": In(range(REGISTERS)),
                "content": Out(WORD_BITS),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """The phases, the two memories, and what EXECUTE does."""
        m = Module()
        m.submodules.program = program = Memory(shape=unsigned(16), depth=len(self._program), init=self._program)
        m.submodules.registers = registers = Memory(shape=unsigned(WORD_BITS), depth=REGISTERS, init=self._registers)
        fetch, read, write = read_port(program), read_port(registers), write_port(registers)
        counter = Signal(ADDRESS_BITS, name="program_counter")
        phase = Signal(5, name="phase", init=1)
        stays, carry = Signal(name="stays"), Signal(name="carry")
        rests = Signal(name="rests")
        executed = Signal(INSTRUCTION, name="executed")
        # An instruction acts in its last cycle of EXECUTE, the only one but where it waits.
        execute, waits, acts = phase[-1], Signal(name="waits"), Signal(name="acts")
        m.d.sync += executed.eq(INSTRUCTION(fetch.data))
        m.d.comb += [
            waits.eq((executed.operation == Operation.WAIT) | (_reads(executed) & executed.immediate)),
            acts.eq(execute & ~stays),
            fetch.addr.eq(counter),
            fetch.en.eq(phase[0]),
            # The register after `rests`, for the number of a register passes the whole memory.
            read.addr.eq(Mux(self.held, self.register, executed.operand)),
            read.en.eq(1),
            self.content.eq(read.data),
            rests.eq(self.hold & (self.held | ~self.locked) & (phase[0] | (execute & waits))),
        ]
        m.d.sync += self.held.eq(rests)
        with m.If(~rests & ~(execute & stays)):
            m.d.sync += phase.eq(phase.rotate_left(1))
        operand = self._compute(m, executed, read.data, acts, carry)
        self._store(m, executed, counter, execute, write)
        holds = Signal(name="holds")
        # From a register, for conditions come from far. What an instruction has begun is seen by the next one.
        m.d.sync += holds.eq(Array(self.conditions)[Value.cast(executed.operand)[:4]])
        m.d.comb += stays.eq(waits & (~holds | rests))
        self._go_on(m, executed, operand, acts, counter, holds, carry)
        return m

    def _compute(self, m: Module, executed: data.View, register: Value, acts: Signal, carry: Signal) -> Signal:
        """LOAD, ADD, SUB, IN and SHIFT change the accumulator. Return the operand, which belongs to the OPERAND stage,
        as the carry does that is added."""
        accumulator, subtracts = self.data_out, executed.operation == Operation.SUB
        operand, total = Signal(WORD_BITS, name="operand"), Signal(WORD_BITS + 1, name="total")
        added = Signal(name="added_carry")
        m.d.sync += [
            operand.eq(Mux(executed.immediate, executed.operand, register) ^ subtracts.replicate(WORD_BITS)),
            added.eq(Mux(executed.chained, carry, subtracts)),
        ]
        m.d.comb += [total.eq(accumulator + operand + added), self.in_port.eq(executed.operand)]
        # Ports are far, so registers lie on the way to them and back.
        found = Signal.like(self.data_in, name="found")
        m.d.sync += [
            found.eq(self.data_in),
            self.port.eq(executed.operand),
            self.taken.eq(acts & _reads(executed)),
            self.strobe.eq(acts & (executed.operation == Operation.OUT)),
        ]
        with m.If(acts), m.Switch(executed.operation):
            with m.Case(Operation.LOAD):
                m.d.sync += accumulator.eq(operand)
            with m.Case(Operation.ADD, Operation.SUB):
                m.d.sync += Cat(accumulator, carry).eq(total)
            with m.Case(Operation.IN):
                m.d.sync += accumulator.eq(found)
            with m.Case(Operation.SHIFT):
                m.d.sync += accumulator.eq(Cat(accumulator, found)[8:])
        return operand

    def _store(self, m: Module, word: data.View, counter: Signal, execute: Value, write: Interface) -> None:
        """STORE and CALL write a register."""
        calls = word.operation == Operation.CALL
        link = Cat(word.link, Const(FIRST_LINK >> 2, 4))
        m.d.comb += [
            write.addr.eq(Mux(calls, link, word.operand)),
            write.data.eq(Mux(calls, counter + 1, self.data_out)),
            write.en.eq(execute & (calls | (word.operation == Operation.STORE))),
        ]

    def _go_on(
        self, m: Module, word: data.View, operand: Signal, acts: Signal, counter: Signal, holds: Signal, carry: Signal
    ) -> None:
        """Where the program goes on: SKIP, JUMP, CALL and RETURN."""
        jumps, zero = Signal(name="jumps"), Signal(name="accumulator_is_zero")
        m.d.sync += zero.eq(self.data_out == 0)
        skips = (word.operation == Operation.SKIP) & holds
        inverted = Value.cast(word.operation)[0]
        with m.Switch(word.operation):
            with m.Case(Operation.JUMP, Operation.CALL):
                m.d.comb += jumps.eq(1)
            with m.Case(Operation.JUMP_ZERO, Operation.JUMP_NOT_ZERO):
                m.d.comb += jumps.eq(zero ^ inverted)
            with m.Case(Operation.JUMP_CARRY, Operation.JUMP_NO_CARRY):
                m.d.comb += jumps.eq(carry ^ inverted)
        with m.If(acts):
            m.d.sync += counter.eq(counter + 1 + skips)
            with m.If(jumps):
                m.d.sync += counter.eq(Cat(word.operand, word.immediate, word.chained))
            with m.Elif(word.operation == Operation.RETURN):
                m.d.sync += counter.eq(operand)


def _reads(word: data.View) -> Value:
    """The instruction is IN or SHIFT, which differ in the lowest bit."""
    return Value.cast(word.operation)[1:] == Operation.IN >> 1
