"""Reads, erases and writes SPI NOR flash over one, two or four data lines."""

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ceprop.boards.rtl.flash.flash_facts import OPCODES, QUAD_MODE, READ_OPCODES, FlashCommand, FlashTiming
from ceprop.boards.rtl.flash.port_registers import FlashTask, PortRegisters, first_command
from ceprop.boards.rtl.flash.quad_setup import add_setup, add_setup_opcodes, add_status_end
from ceprop.boards.rtl.flash.spi_bits import SpiBits, digits, on_line_0
from ceprop.boards.rtl.signatures import FlashPinInterface, FlashPinSignature

_NOTHING = 0xFF
"""What is read where no part answers."""


class FlashPort(wiring.Component):
    """One task after the other. A task is a row of commands: at first WAKE, STATUS and the setup
    (:mod:`ceprop.boards.rtl.flash.quad_setup`); then READ, or ENABLE, PROGRAM or ERASE, and STATUS until that is
    done. Every command takes these states::

        IDLE ─► SELECT ─► OPCODE ─┬─► ADDRESS ─┬─► DUMMY ─► READ ───┬─► RELEASE ─► REST ─┬─► IDLE
                  ▲               │            ├─► GAP ◄─► WRITE ───┤                    │
                  │               │            └────────────────────┤                    │
                  │               ├─► ANSWER ◄─► JUDGE (STATUS) ────┤                    │
                  │               └─► (WAKE, ENABLE) ───────────────┘                    │
                  └──── the next command ────────────────────────────────────────────────┘

    DUMMY is there only with more than one line. In a read over four lines, ADDRESS sends the address and a mode byte
    over all of them; everything else goes out over line 0. READ has no gap between bytes: a byte is there from the fall
    of the clock that brought its last bits until the next fall, which waits until the byte was taken.

    Parameters
    ----------
    clock_hz : int
        The clock.
    lines : int
        Data lines that are read on, 1, 2 or 4. Of four, two are used where the part does not let itself be set up.

    Members
    -------
    start : In
        A task begins once `idle`, in the cycle in which both are 1.
    task : In
        What begins; it stays until the task ends, but for a READ that was stopped. ERASE erases the sector at the
        address.
    address : In
        Where; it stays until it was sent, and READ has a byte or has failed.
    idle : Out
        None is at work.
    failed : Out
        The last task failed: there is no part, or it stays busy.
    read : Out, stream
        Bytes from the address on, for READ, until `stop`; one is there for a cycle more than it is valid.
    stop : In
        No more bytes are wanted, and none is valid. It stays until READ ends.
    write : In, stream
        Bytes for PROGRAM, none beyond the end of a page; the task ends after the one with `last`. A byte is taken when
        its last bit was sent.
    last : In
        The byte on `write` is the last one.
    pins : Out
        The flash's.
    """

    start: Signal
    task: Signal
    address: Signal
    idle: Signal
    failed: Signal
    read: stream.Interface
    stop: Signal
    write: stream.Interface
    last: Signal
    pins: FlashPinInterface

    def __init__(self, clock_hz: int, lines: int):
        self._lines, self._timing = lines, FlashTiming.of(clock_hz, lines)
        super().__init__(
            {
                "start": In(1),
                "task": In(2),
                "address": In(24),
                "idle": Out(1),
                "failed": Out(1),
                "read": Out(stream.Signature(8)),
                "stop": In(1),
                "write": In(stream.Signature(8)),
                "last": In(1),
                "pins": Out(FlashPinSignature(lines)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """The state machine of the drawing, over the clock and the bits of SPI."""
        m = Module()
        m.submodules.bits = bits = SpiBits(self._timing.period, self._lines)
        registers = PortRegisters.create(self._timing, self._lines)
        self._wire(m, bits, registers)
        with m.If(bits.rises):
            m.d.sync += registers.count.eq(registers.count + 1)
        with m.FSM() as machine:
            self._add_idle_state(m, registers)
            self._add_command_states(m, bits, registers)
            self._add_read_states(m, bits, registers)
            self._add_write_states(m, bits, registers)
            self._add_answer_states(m, bits, registers)
            self._add_rest_states(m, bits, registers)
        m.d.comb += [self.idle.eq(machine.ongoing("IDLE")), self.failed.eq(registers.failed)]
        return m

    def _wire(self, m: Module, bits: SpiBits, registers: PortRegisters) -> None:
        """What does not depend on the state: the pins, and the bit to be sent by its number."""
        pins, count, released = self.pins, registers.count, registers.released
        more = range(2, len(pins.dq_out))
        m.d.comb += [
            pins.clock.eq(bits.clock),
            pins.dq_out.eq(bits.data_out),
            pins.dq_enable.eq(Cat(~released, registers.wide, *(~(released & registers.quad) for _ in more))),
            bits.data_in.eq(pins.dq_in),
            self.read.payload.eq(bits.received),
        ]
        opcode = Signal(8, name="opcode")
        self._add_opcodes(m, opcode, registers)
        sent = Cat(opcode[::-1], self.address[::-1])
        m.d.comb += bits.next.eq(on_line_0(sent.bit_select(count[:5], 1)))
        if self._lines == 4:
            sent_wide = [*digits(self.address), *digits(Const(QUAD_MODE, 8))]
            with m.If(registers.quad & (registers.command == FlashCommand.READ) & count[3]):
                m.d.comb += bits.next.eq(Array(sent_wide)[count[:3]])

    def _add_opcodes(self, m: Module, opcode: Signal, registers: PortRegisters) -> None:
        with m.Switch(registers.command):
            for command in OPCODES:
                with m.Case(command):
                    m.d.comb += opcode.eq(OPCODES[command])
            with m.Case(FlashCommand.READ):
                narrow = READ_OPCODES[min(2, self._lines)]
                m.d.comb += opcode.eq(Mux(registers.quad, READ_OPCODES[4], narrow) if self._lines == 4 else narrow)
            add_setup_opcodes(m, opcode, registers, self._lines)

    def _add_idle_state(self, m: Module, registers: PortRegisters) -> None:
        """IDLE: a task begins."""
        with m.State("IDLE"):
            m.d.sync += registers.tried.eq(0)
            with m.If(self.start):
                m.d.sync += [registers.command.eq(FlashCommand.WAKE), registers.failed.eq(0)]
                with m.If(registers.known):
                    m.d.sync += registers.command.eq(first_command(self.task))
                m.next = "SELECT"

    def _add_command_states(self, m: Module, bits: SpiBits, registers: PortRegisters) -> None:
        """SELECT, OPCODE, ADDRESS, DUMMY: the beginning of a command, as far as it goes."""
        command, ended = registers.command, registers.byte_ended(bits)
        with m.State("SELECT"):
            m.d.comb += bits.load.eq(1)
            m.d.sync += self.pins.select.eq(1)
            m.next = "OPCODE"
        with m.State("OPCODE"):
            m.d.comb += bits.run.eq(1)
            with m.If(ended), m.Switch(command):
                with m.Case(FlashCommand.READ):
                    if self._lines == 4:
                        m.d.sync += registers.wide.eq(registers.quad)
                    m.next = "ADDRESS"
                with m.Case(FlashCommand.PROGRAM, FlashCommand.ERASE):
                    m.next = "ADDRESS"
                with m.Case(FlashCommand.WAKE, FlashCommand.ENABLE, FlashCommand.ENABLE_QUAD):
                    m.next = "RELEASE"
                with m.Case(FlashCommand.WRITE_QUAD):
                    m.next = "GAP"
                with m.Default():
                    m.next = "ANSWER"
        with m.State("ADDRESS"):
            m.d.comb += bits.run.eq(1)
            with m.If(ended & (registers.wide | (registers.count[3:5] == 0))), m.Switch(command):
                with m.Case(FlashCommand.READ):
                    self._end_address(m, registers)
                with m.Case(FlashCommand.PROGRAM):
                    m.next = "GAP"
                with m.Default():
                    m.next = "RELEASE"
        if self._lines > 1:
            with m.State("DUMMY"):
                m.d.comb += bits.run.eq(1)
                with m.If(bits.falls & ~registers.count[:2].any() & (registers.quad | (registers.count[2] == 0))):
                    m.next = "READ"

    def _end_address(self, m: Module, registers: PortRegisters) -> None:
        """The data of READ follow, on more than one line after some clocks, from the end of which the part drives."""
        m.next = "READ" if self._lines == 1 else "DUMMY"
        if self._lines > 1:
            m.d.sync += registers.released.eq(1)
        if self._lines == 4:
            m.d.sync += registers.wide.eq(0)

    def _add_read_states(self, m: Module, bits: SpiBits, registers: PortRegisters) -> None:
        """READ: bytes until no more are wanted. The command ends while the clock is low."""
        full, count = registers.full, registers.count
        narrow, wide = min(2, self._lines), self._lines
        with m.State("READ"):
            m.d.comb += [
                self.read.valid.eq(full & ~self.stop),
                bits.run.eq(bits.clock | ~self.stop),
                bits.hold.eq(full & ~self.stop),
                bits.width.eq(Mux(registers.quad, wide.bit_length() - 1, narrow.bit_length() - 1)),
            ]
            last = Mux(registers.quad, ~count[: _byte_bits(wide)].any(), ~count[: _byte_bits(narrow)].any())
            with m.If(self.read.ready | self.stop):
                m.d.sync += full.eq(0)
            with m.If(bits.falls & last & ~self.stop):
                m.d.sync += full.eq(1)
            with m.If(self.stop & ~bits.clock):
                m.next = "RELEASE"

    def _add_write_states(self, m: Module, bits: SpiBits, registers: PortRegisters) -> None:
        """GAP, WRITE: bytes up to the last one, each once it is there."""
        quad = registers.command == FlashCommand.WRITE_QUAD
        byte = Mux(quad, registers.kept, self.write.payload) if self._lines == 4 else self.write.payload
        with m.State("GAP"):
            m.d.comb += [bits.load.eq(1), bits.next.eq(on_line_0(byte[7]))]
            with m.If(self.write.valid | quad):
                m.next = "WRITE"
        with m.State("WRITE"):
            m.d.comb += [bits.run.eq(1), bits.next.eq(on_line_0(byte[::-1].bit_select(registers.count[:3], 1)))]
            with m.If(registers.byte_ended(bits)):
                m.d.comb += self.write.ready.eq(~quad)
                m.next = "GAP"
                with m.If(quad):
                    m.next = "RELEASE"
                with m.Elif(self.last):
                    m.next = "RELEASE"

    def _add_answer_states(self, m: Module, bits: SpiBits, registers: PortRegisters) -> None:
        """ANSWER, JUDGE: a byte of the part; the status again and again, until the part is not busy or is so too long.

        What is no part gives ones, and they are no status: its identity will tell."""
        busy = bits.received[0]
        if self._lines > 1:
            busy &= registers.known | (bits.received != _NOTHING)
        late = Signal(name="late")
        m.d.comb += late.eq(registers.count[self._timing.busy_bit])
        with m.State("ANSWER"):
            m.d.comb += bits.run.eq(1)
            with m.If(registers.byte_ended(bits)):
                m.next = "JUDGE"
        with m.State("JUDGE"):
            m.next = "RELEASE"
            with m.If((registers.command == FlashCommand.STATUS) & busy):
                m.d.sync += registers.failed.eq(late)
                with m.If(~late):
                    m.next = "ANSWER"

    def _add_rest_states(self, m: Module, bits: SpiBits, registers: PortRegisters) -> None:
        """RELEASE, REST: the end of a command, and what follows."""
        command, count, timing = registers.command, registers.count, self._timing
        with m.State("RELEASE"):
            m.d.sync += [self.pins.select.eq(0), count.eq(0)]
            m.next = "REST"
        with m.State("REST"):
            m.d.sync += count.eq(count + 1)
            rested = Signal(name="rested")
            with m.Switch(command):
                with m.Case(FlashCommand.WAKE):
                    m.d.comb += rested.eq(count[timing.waking_bit])
                with m.Case(FlashCommand.READ):
                    m.d.comb += rested.eq(count[timing.read_rest_bit])
                with m.Default():
                    m.d.comb += rested.eq(count[timing.rest_bit])
            with m.If(rested):
                m.d.sync += [count.eq(0), registers.released.eq(0)]
                m.next = "SELECT"
                with m.Switch(command):
                    with m.Case(FlashCommand.READ):
                        m.next = "IDLE"
                    with m.Case(FlashCommand.ENABLE):
                        programs = self.task == FlashTask.PROGRAM
                        m.d.sync += command.eq(Mux(programs, FlashCommand.PROGRAM, FlashCommand.ERASE))
                    with m.Case(FlashCommand.STATUS):
                        add_status_end(m, self.task, registers, self._lines)
                        with m.If(registers.failed):
                            m.d.sync += registers.known.eq(0)
                            m.next = "IDLE"
                        with m.Elif(registers.known):
                            m.next = "IDLE"
                    add_setup(m, bits.received, self.task, registers, self._lines)
                    with m.Default():
                        m.d.sync += command.eq(FlashCommand.STATUS)


def _byte_bits(lines: int) -> int:
    """Bits of the count of clocks that are 0 where a byte ends."""
    return (8 // lines).bit_length() - 1
