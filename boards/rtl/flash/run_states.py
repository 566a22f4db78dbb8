"""States of RUN: every pass streams the samples of the data set into the unpacker."""

from amaranth.hdl import Module

from ceprop.boards.protocol import Flash
from ceprop.boards.rtl.flash.flash_port import FlashTask
from ceprop.boards.rtl.flash.parts import ControllerParts


def add_run_states(m: Module, parts: ControllerParts) -> None:
    """TOTAL for every pass, then PASS and STREAM for every pass, then DRAIN until the core has finished every
    sample."""
    port, registers, samples = parts.port, parts.registers, parts.samples
    with m.State("TOTAL"):
        m.d.sync += registers.base.eq(Flash.DATA_SET + Flash.HEAD_BYTES)
        m.d.sync += registers.sizing.eq(registers.sizing - 1)
        with m.If(registers.sizing == 0):
            m.next = "PASS"
        with m.Else():
            m.d.sync += parts.samples_left.eq(parts.samples_left + registers.head.number)
    with m.State("PASS"):
        m.d.sync += [registers.left.eq(registers.head.length), registers.passes.eq(registers.passes - 1)]
        m.next = "DRAIN"
        with m.If((registers.passes != 0) & (registers.head.length != 0)):
            parts.start_flash(m, FlashTask.READ)
            m.next = "STREAM"
    with m.State("STREAM"):
        m.d.comb += [
            samples.valid.eq(port.read.valid & ~registers.none_left),
            samples.payload.eq(port.read.payload),
            port.read.ready.eq(samples.ready & ~registers.none_left),
            port.stop.eq(registers.none_left),
        ]
        with m.If(samples.valid & samples.ready):
            m.d.sync += registers.left.eq(registers.left - 1)
        with m.If(registers.none_left & port.idle):
            m.next = "PASS"
    with m.State("DRAIN"), m.If(registers.drained):
        m.next = "IDLE"
