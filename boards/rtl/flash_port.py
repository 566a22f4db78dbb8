"""Reads, erases and writes SPI NOR flash by the commands that all makers share (JEDEC; W25Q128JV data sheet)."""

import enum

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ceprop.boards.protocol import Flash
from ceprop.boards.rtl.spi_receiver import SpiByte

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


class FlashPort(wiring.Component):
    """One task after the other.

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
        Beside `write`.
    select, clock, data_out, data_in : Out, Out, Out, In
        The pins; `select` is 1 for the part to listen.
    """

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
                "select": Out(1),
                "clock": Out(1),
                "data_out": Out(1),
                "data_in": In(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """A task is a row of commands: wake, once; enable, program or erase, wait, for each page or sector; or read."""
        m = Module()
        m.submodules.spi = spi = SpiByte(self._half_period)
        m.d.comb += [self.clock.eq(spi.clock), self.data_out.eq(spi.data_out), spi.data_in.eq(self.data_in)]
        m.d.comb += self.read.payload.eq(spi.received)
        opcode, task, address = Signal(8, name="opcode"), Signal(2, name="task"), Signal(24, name="address")
        index, rest = Signal(2, name="index"), Signal(range(max(self._waking_cycles, _REST_CYCLES) + 1), name="rest")
        awake, ended = Signal(name="awake"), Signal(name="ended")
        main = Signal(8, name="main")
        m.d.comb += main.eq(Mux(task == FlashTask.PROGRAM, _Opcode.PROGRAM, _Opcode.ERASE))

        def send(byte) -> None:
            m.d.comb += [spi.start.eq(1), spi.byte.eq(byte)]

        with m.FSM() as machine:
            with m.State("IDLE"):
                m.d.sync += [task.eq(self.task), address.eq(self.address), ended.eq(self.task != FlashTask.PROGRAM)]
                with m.If(self.start):
                    first = Mux(self.task == FlashTask.READ, _Opcode.READ, _Opcode.ENABLE)
                    m.d.sync += opcode.eq(Mux(awake, first, _Opcode.WAKE))
                    m.next = "SELECT"
            with m.State("SELECT"):
                m.d.sync += [self.select.eq(1), index.eq(2)]
                m.next = "OPCODE"
            with m.State("OPCODE"):
                send(opcode)
                m.next = "NEXT"
            with m.State("NEXT"), m.If(spi.idle):
                m.next = "ADDRESS"
                with m.If((opcode == _Opcode.WAKE) | (opcode == _Opcode.ENABLE)):
                    m.next = "RELEASE"
                with m.Elif(opcode == _Opcode.STATUS):
                    m.next = "ASK"
            with m.State("ADDRESS"), m.If(spi.idle):
                send(address.word_select(index, 8))
                m.d.sync += index.eq(index - 1)
                with m.If(index == 0):
                    m.next = "ADDRESSED"
            with m.State("ADDRESSED"), m.If(spi.idle), m.Switch(task):
                with m.Case(FlashTask.READ):
                    m.next = "READ"
                with m.Case(FlashTask.PROGRAM):
                    m.next = "WRITE"
                with m.Default():
                    m.next = "RELEASE"
            self._bytes(m, spi, address, ended, send)
            with m.State("ASK"):
                send(0)
                m.next = "ANSWER"
            with m.State("ANSWER"), m.If(spi.idle):
                m.next = "RELEASE"
                with m.If(spi.received[0]):
                    m.next = "ASK"
            with m.State("RELEASE"):
                m.d.sync += [self.select.eq(0), awake.eq(1)]
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
                            with m.If(ended):
                                m.next = "IDLE"
                        with m.Default():
                            m.d.sync += opcode.eq(_Opcode.STATUS)
        m.d.comb += self.idle.eq(machine.ongoing("IDLE"))
        return m

    def _bytes(self, m: Module, spi: SpiByte, address: Signal, ended: Signal, send) -> None:
        """What follows the address: bytes that are read until they are no more wanted, or written up to a page's
        end."""
        with m.State("READ"):
            send(0)
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
                send(self.write.payload)
                m.d.sync += [address.eq(address + 1), ended.eq(self.last)]
                with m.If(self.last | (Cat(address[: Flash.PAGE_BYTES.bit_length() - 1]).all())):
                    m.next = "WRITTEN"
        with m.State("WRITTEN"), m.If(spi.idle):
            m.next = "RELEASE"
