"""States that find out which files in flash are whole, and which of them is the one to use."""

from amaranth.hdl import Cat, Module, Mux, Signal

from ceprop.boards.protocol import CRC_BYTES, Command, Flash
from ceprop.boards.rtl.flash.parts import ControllerParts, field_constant
from ceprop.boards.rtl.flash.port_registers import FlashTask


def add_check_states(m: Module, parts: ControllerParts) -> None:
    """OPEN, HEAD, COMPARE, LENGTH, CONTENT or NOT HERE, CLOSE: whether a file is whole, by its mark, its length, and
    its CRC over everything."""
    port, crc, registers = parts.port, parts.crc, parts.registers
    head, marked = registers.head, Signal(name="marked")
    marks = (field_constant(mark) for mark in (parts.data_set_mark, parts.snapshot_mark))
    m.d.sync += marked.eq(head.mark == Mux(registers.is_task(Command.RUN), *marks))
    taken = port.read.valid & crc.idle
    with m.State("OPEN"):
        m.d.comb += crc.start.eq(1)
        parts.start_flash(m, FlashTask.READ)
        m.d.sync += registers.index.eq(0)
        m.next = "HEAD"
    with m.State("HEAD"):
        m.d.comb += [port.read.ready.eq(crc.idle), crc.valid.eq(taken)]
        with m.If(taken):
            m.d.sync += [
                registers.index.eq(registers.index + 1),
                head.as_value().eq(Cat(head, port.read.payload)[8:]),
            ]
            with m.If(registers.index == Flash.HEAD_BYTES - 1):
                m.next = "COMPARE"
        with m.If(port.failed):
            m.next = "FAIL"
    with m.State("COMPARE"):
        m.next = "LENGTH"
    with m.State("LENGTH"):
        m.d.sync += registers.left.eq(head.length + CRC_BYTES)
        m.next = "CONTENT"
        with m.If(~marked | head.length[24:].any()):
            m.next = "NOT HERE"
    with m.State("CONTENT"):
        m.d.comb += [port.read.ready.eq(crc.idle), crc.valid.eq(taken)]
        with m.If(taken):
            m.d.sync += registers.left.eq(registers.left - 1)
            with m.If(registers.one_left):
                m.next = "CLOSE"
    with m.State("NOT HERE"), m.If(crc.idle):
        # A file is not whole until its CRC has been seen: what was read so far has none.
        m.next = "CLOSE"
    with m.State("CLOSE"):
        m.d.comb += port.stop.eq(1)
        with m.If(port.idle):
            m.next = "CHECKED"


def add_choice_states(m: Module, parts: ControllerParts) -> None:
    """CHECKED, CHOOSE, FAIL: the data set for RUN, the newest whole snapshot for RESTORE, the other place for SAVE."""
    port, crc, registers = parts.port, parts.crc, parts.registers
    saves = registers.is_task(Command.SAVE)
    with m.State("CHECKED"), m.If(crc.idle & port.idle):
        newer = crc.matches & (~registers.found | (registers.head.number > registers.newest))
        with m.If(registers.is_task(Command.RUN)):
            m.d.sync += registers.base.eq(Flash.DATA_SET + Flash.HEAD_BYTES)
            m.next = "PLAN"
            with m.If(~crc.matches):
                m.next = "FAIL"
        with m.Else():
            with m.If(newer):
                m.d.sync += [
                    registers.found.eq(1),
                    registers.newest.eq(registers.head.number),
                    registers.newest_place.eq(registers.second),
                ]
            m.d.sync += [registers.second.eq(1), registers.base.eq(Flash.SNAPSHOTS[1])]
            m.next = "OPEN"
            with m.If(registers.second):
                m.next = "CHOOSE"
    with m.State("CHOOSE"):
        first, second = Flash.SNAPSHOTS
        chosen = registers.newest_place ^ saves
        m.d.sync += [
            registers.base.eq(Mux(chosen, second, first)),
            registers.head.number.eq(registers.newest + 1),
            registers.left.eq(parts.snapshot_bytes + Flash.HEAD_BYTES + CRC_BYTES),
        ]
        m.next = "ERASE"
        with m.If(registers.is_task(Command.RESTORE)):
            m.d.sync += registers.base.eq(Mux(chosen, second + Flash.HEAD_BYTES, first + Flash.HEAD_BYTES))
            m.next = "RESTORE"
            with m.If(~registers.found):
                m.next = "FAIL"
    with m.State("FAIL"):
        m.d.sync += registers.failed.eq(1)
        m.next = "IDLE"
