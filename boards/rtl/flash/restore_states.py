"""States of RESTORE: the groups of a snapshot go back to where they were."""

from amaranth.hdl import Module

from ceprop.boards.rtl.flash.parts import ControllerParts
from ceprop.boards.rtl.flash.port_registers import FlashTask


def add_restore_states(m: Module, parts: ControllerParts) -> None:
    """RESTORE, then TAKE GROUP, SHIFTED and WRITE GROUP for every group, then RESTORED."""
    port, walk, registers, command = parts.port, parts.walk, parts.registers, parts.command
    with m.State("RESTORE"):
        m.d.comb += walk.start.eq(1)
        parts.start_flash(m, FlashTask.READ)
        m.d.sync += registers.index.eq(0)
        m.next = "TAKE GROUP"
    with m.State("TAKE GROUP"):
        m.d.comb += port.read.ready.eq(1)
        with m.If(port.read.valid):
            m.d.comb += parts.group.shift.eq(1)
            m.d.sync += registers.index.eq(registers.index + 1)
            with m.If(registers.index == parts.group_bytes - 1):
                m.d.sync += registers.index.eq(0)
                m.next = "SHIFTED"
    with m.State("SHIFTED"):
        m.next = "WRITE GROUP"
    with m.State("WRITE GROUP"):
        m.d.comb += [command.valid.eq(1), command.payload.write.eq(1)]
        with m.If(command.ready):
            m.d.comb += walk.advance.eq(1)
            m.next = "TAKE GROUP"
            with m.If(walk.last):
                m.next = "RESTORED"
    with m.State("RESTORED"):
        m.d.comb += port.stop.eq(1)
        with m.If(port.idle):
            m.next = "IDLE"
