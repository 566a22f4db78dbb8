"""Reads, erases and writes SPI NOR flash by the commands that all makers share (JEDEC; W25Q128JV data sheet)."""

import enum
from dataclasses import dataclass

from amaranth.hdl import Cat, Module, Mux, Signal, ValueLike
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ceprop.boards.protocol import Flash
from ceprop.boards.rtl.flash.spi_byte import SpiByte
from ceprop.boards.rtl.signatures import SpiPinInterface, SpiPinSignature

_FASTEST_HZ = 33_000_000
"""Clock that every part stands in the plain read command."""

_WAKING_SECONDS = 35e-6
"""Longest time that a part takes to leave deep sleep."""

_REST_CYCLES = 16
"""Cycles between two commands: 100 ns and more at 160 MHz."""


class FlashTask(enum.IntEnum):
    """What flash does."""

    READ = 0
    PROGRAM = 1
    ERASE = 2


class _Opcode(enum.IntEnum):
    PROGRAM = 0x02
    READ = 0x03
    STATUS = 0x05
    ENABLE = 0x06
    ERASE = 0x20
    WAKE = 0xAB


@dataclass(frozen=True)
class _Registers:
    """Opcode of the command at work; task, address, and whether the task ends with this page; the byte of the address;
    cycles to rest; and whether the part was woken."""

    opcode: Signal
    task: Signal
    address: Signal
    ended: Signal
    index: Signal
    rest: Signal
    awake: Signal

    @classmethod
    def create(cls, longest_rest: int) -> "_Registers":
        return cls(
            opcode=Signal(8, name="opcode"),
            task=Signal(2, name="task_at_work"),
            address=Signal(24, name="address_at_work"),
            ended=Signal(name="ended"),
            index=Signal(2, name="index"),
            rest=Signal(range(longest_rest + 1), name="rest"),
            awake=Signal(name="awake"),
        )


class FlashPort(wiring.Component):
    """One task after the other. A task is a row of commands: WAKE, once; then READ, or for each page or sector ENABLE,
    PROGRAM or ERASE, and STATUS until that is done. Every command takes these states::

        IDLE ─► SELECT ─► OPCODE ─► NEXT ─┬─► ADDRESS ─► ADDRESSED ─┬─► READ ◄─► GIVE ─────┬─► RELEASE ─► REST ─┬─► IDLE
                   ▲                      │                         ├─► WRITE ─► WRITTEN ──┤                    │
                   │                      │                         └──────────────────────┤                    │
                   │                      ├─► ASK ◄─► ANSWER (STATUS) ─────────────────────┤                    │
                   │                      └─► (WAKE, ENABLE) ──────────────────────────────┘                    │
                   └──── the next command ──────────────────────────────────────────────────────────────────────┘

    Members
    -------
    start, task, address : In
        A task begins, only while `idle`. ERASE erases the sector at the address.
    idle : Out
        None is at work.
    read : Out, stream
        Bytes from the address on, for READ, until `stop`; one is there for a cycle more than it is valid.
    stop : In
        No more bytes are wanted.
    write : In, stream
        Bytes for PROGRAM, over as many pages as they take; the task ends after the one with `last`.
    last : In
        The byte on `write` is the last one.
    pins : Out
        The flash's.
    """

    start: Signal
    task: Signal
    address: Signal
    idle: Signal
    read: stream.Interface
    stop: Signal
    write: stream.Interface
    last: Signal
    pins: SpiPinInterface

    def __init__(self, clock_hz: int):
        self._half_period = -(-clock_hz // (2 * _FASTEST_HZ))
        self._waking_cycles = int(clock_hz * _WAKING_SECONDS)
        super().__init__(
            {
                "start": In(1),
                "task": In(2),
                "address": In(24),
                "idle": Out(1),
                "read": Out(stream.Signature(8)),
                "stop": In(1),
                "write": In(stream.Signature(8)),
                "last": In(1),
                "pins": Out(SpiPinSignature()),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """The state machine of the drawing, over one byte of SPI after the other."""
        m = Module()
        m.submodules.spi = spi = SpiByte(self._half_period)
        pins, registers = self.pins, _Registers.create(max(self._waking_cycles, _REST_CYCLES))
        m.d.comb += [pins.clock.eq(spi.clock), pins.data_out.eq(spi.data_out), spi.data_in.eq(pins.data_in)]
        m.d.comb += self.read.payload.eq(spi.received)
        with m.FSM() as machine:
            self._add_idle_state(m, registers)
            self._add_command_states(m, spi, registers)
            self._add_byte_states(m, spi, registers)
            _add_status_states(m, spi)
            self._add_rest_states(m, registers)
        m.d.comb += self.idle.eq(machine.ongoing("IDLE"))
        return m

    def _add_idle_state(self, m: Module, registers: "_Registers") -> None:
        """IDLE: a task begins."""
        with m.State("IDLE"):
            m.d.sync += [
                registers.task.eq(self.task),
                registers.address.eq(self.address),
                registers.ended.eq(self.task != FlashTask.PROGRAM),
            ]
            with m.If(self.start):
                first = Mux(self.task == FlashTask.READ, _Opcode.READ, _Opcode.ENABLE)
                m.d.sync += registers.opcode.eq(Mux(registers.awake, first, _Opcode.WAKE))
                m.next = "SELECT"

    def _add_command_states(self, m: Module, spi: SpiByte, registers: "_Registers") -> None:
        """SELECT, OPCODE, NEXT, ADDRESS, ADDRESSED: a command, and its address where it has one."""
        opcode, index = registers.opcode, registers.index
        with m.State("SELECT"):
            m.d.sync += [self.pins.select.eq(1), index.eq(2)]
            m.next = "OPCODE"
        with m.State("OPCODE"):
            _send_byte(m, spi, opcode)
            m.next = "NEXT"
        with m.State("NEXT"), m.If(spi.idle):
            m.next = "ADDRESS"
            with m.If((opcode == _Opcode.WAKE) | (opcode == _Opcode.ENABLE)):
                m.next = "RELEASE"
            with m.Elif(opcode == _Opcode.STATUS):
                m.next = "ASK"
        with m.State("ADDRESS"), m.If(spi.idle):
            _send_byte(m, spi, registers.address.word_select(index, 8))
            m.d.sync += index.eq(index - 1)
            with m.If(index == 0):
                m.next = "ADDRESSED"
        with m.State("ADDRESSED"), m.If(spi.idle), m.Switch(registers.task):
            with m.Case(FlashTask.READ):
                m.next = "READ"
            with m.Case(FlashTask.PROGRAM):
                m.next = "WRITE"
            with m.Default():
                m.next = "RELEASE"

    def _add_byte_states(self, m: Module, spi: SpiByte, registers: "_Registers") -> None:
        """READ, GIVE, WRITE, WRITTEN: bytes are read until no more are wanted, or written up to the end of a page."""
        address = registers.address
        with m.State("READ"):
            _send_byte(m, spi, 0)
            m.next = "GIVE"
        with m.State("GIVE"), m.If(spi.idle):
            m.d.comb += self.read.valid.eq(1)
            with m.If(self.stop):
                m.next = "RELEASE"
            with m.Elif(self.read.ready):
                m.next = "READ"
        with m.State("WRITE"), m.If(spi.idle):
            m.d.comb += self.write.ready.eq(1)
            with m.If(self.write.valid):
                _send_byte(m, spi, self.write.payload)
                m.d.sync += [address.eq(address + 1), registers.ended.eq(self.last)]
                with m.If(self.last | (Cat(address[: Flash.PAGE_BYTES.bit_length() - 1]).all())):
                    m.next = "WRITTEN"
        with m.State("WRITTEN"), m.If(spi.idle):
            m.next = "RELEASE"

    def _add_rest_states(self, m: Module, registers: "_Registers") -> None:
        """RELEASE, REST: the end of a command, and what follows."""
        opcode, task, rest = registers.opcode, registers.task, registers.rest
        main = Signal(8, name="main")
        m.d.comb += main.eq(Mux(task == FlashTask.PROGRAM, _Opcode.PROGRAM, _Opcode.ERASE))
        with m.State("RELEASE"):
            m.d.sync += [self.pins.select.eq(0), registers.awake.eq(1)]
            m.d.sync += rest.eq(Mux(opcode == _Opcode.WAKE, self._waking_cycles, _REST_CYCLES))
            m.next = "REST"
        with m.State("REST"):
            m.d.sync += rest.eq(rest - 1)
            with m.If(rest == 0):
                m.next = "SELECT"
                with m.Switch(opcode):
                    with m.Case(_Opcode.WAKE):
                        m.d.sync += opcode.eq(Mux(task == FlashTask.READ, _Opcode.READ, _Opcode.ENABLE))
                    with m.Case(_Opcode.ENABLE):
                        m.d.sync += opcode.eq(main)
                    with m.Case(_Opcode.READ):
                        m.next = "IDLE"
                    with m.Case(_Opcode.STATUS):
                        m.d.sync += opcode.eq(_Opcode.ENABLE)
                        with m.If(registers.ended):
                            m.next = "IDLE"
                    with m.Default():
                        m.d.sync += opcode.eq(_Opcode.STATUS)


def _add_status_states(m: Module, spi: SpiByte) -> None:
    """ASK, ANSWER: the status is read until the flash is no longer busy."""
    with m.State("ASK"):
        _send_byte(m, spi, 0)
        m.next = "ANSWER"
    with m.State("ANSWER"), m.If(spi.idle):
        m.next = "RELEASE"
        with m.If(spi.received[0]):
            m.next = "ASK"


def _send_byte(m: Module, spi: SpiByte, byte: ValueLike) -> None:
    m.d.comb += [spi.start.eq(1), spi.byte.eq(byte)]
