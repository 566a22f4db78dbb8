"""States of SAVE: the place is erased, then head, groups and CRC are written."""

from amaranth.hdl import Cat, Const, Module, Mux, Value, ValueLike

from ceprop.boards.protocol import CRC_BYTES, Flash
from ceprop.boards.rtl.flash.parts import FIELD_BYTES, ControllerParts, field_constant
from ceprop.boards.rtl.flash.port_registers import FlashTask


def add_erase_states(m: Module, parts: ControllerParts) -> None:
    """ERASE and ERASING by turns: all sectors that the snapshot takes; `left` counts bytes."""
    port, registers = parts.port, parts.registers
    first, second = Flash.SNAPSHOTS
    with m.State("ERASE"):
        parts.start_flash(m, FlashTask.ERASE)
        m.next = "ERASING"
    with m.State("ERASING"), m.If(port.idle):
        m.d.sync += [
            registers.base.eq(registers.base + Flash.SECTOR_BYTES),
            registers.left.eq(registers.left - Flash.SECTOR_BYTES),
        ]
        m.next = "ERASE"
        with m.If(registers.left <= Flash.SECTOR_BYTES):
            m.d.sync += [registers.base.eq(Mux(registers.newest_place, first, second)), registers.index.eq(0)]
            m.next = "PROGRAM"
        with m.If(port.failed):
            m.next = "FAIL"


def add_save_states(m: Module, parts: ControllerParts) -> None:
    """PROGRAM, SAVE HEAD, then ASK, GROUP and SAVE GROUP for every group."""
    crc, walk, registers = parts.crc, parts.walk, parts.registers
    head = Cat(field_constant(parts.snapshot_mark), registers.head.number, Const(parts.snapshot_bytes, 8 * FIELD_BYTES))
    with m.State("PROGRAM"):
        m.d.comb += [crc.start.eq(1), walk.start.eq(1)]
        parts.start_flash(m, FlashTask.PROGRAM)
        m.next = "SAVE HEAD"
    with m.State("SAVE HEAD"), m.If(_write_byte(m, parts, head.word_select(registers.index, 8))):
        m.d.sync += registers.index.eq(registers.index + 1)
        with m.If(registers.index == Flash.HEAD_BYTES - 1):
            m.next = "ASK"
    with m.State("ASK"):
        m.d.comb += parts.command.valid.eq(1)
        with m.If(parts.command.ready):
            m.next = "GROUP"
    with m.State("GROUP"):
        m.d.sync += registers.index.eq(0)
        with m.If(parts.group.loading & parts.response.valid):
            m.next = "SAVE GROUP"
        with m.Else():
            m.d.comb += parts.group.load.eq(1)
    with m.State("SAVE GROUP"), m.If(_write_byte(m, parts, parts.group.bytes[0])):
        m.d.comb += parts.group.shift.eq(1)
        m.d.sync += registers.index.eq(registers.index + 1)
        with m.If(registers.index == parts.group_bytes - 1):
            m.d.comb += walk.advance.eq(1)
            m.d.sync += registers.index.eq(0)
            m.next = "ASK"
            with m.If(walk.last):
                m.next = "SAVE CRC"
    _add_crc_states(m, parts)


def _add_crc_states(m: Module, parts: ControllerParts) -> None:
    """SAVE CRC, SAVED."""
    port, crc, registers = parts.port, parts.crc, parts.registers
    with m.State("SAVE CRC"):
        last = registers.index == CRC_BYTES - 1
        number = registers.index[: (CRC_BYTES - 1).bit_length()]
        m.d.comb += [
            port.write.valid.eq(crc.idle),
            port.write.payload.eq(crc.crc.word_select(number, 8)),
            port.last.eq(last),
        ]
        with m.If(port.write.ready & crc.idle):
            m.d.sync += registers.index.eq(registers.index + 1)
            with m.If(last):
                m.next = "SAVED"
        with m.If(port.failed):
            m.next = "FAIL"
    with m.State("SAVED"), m.If(port.idle):
        m.next = "IDLE"
        with m.If(port.failed):
            m.next = "FAIL"


def _write_byte(m: Module, parts: ControllerParts, byte: ValueLike) -> Value:
    """Write a byte of a file, which goes through the CRC when flash has taken it; whether it is taken. FAIL follows
    where flash has failed."""
    port, crc = parts.port, parts.crc
    taken = port.write.ready & crc.idle
    m.d.comb += [
        port.write.valid.eq(crc.idle),
        port.write.payload.eq(byte),
        crc.byte.eq(byte),
        crc.valid.eq(taken),
    ]
    with m.If(port.failed):
        m.next = "FAIL"
    return taken
