"""States from the first byte of a request to its arguments: head, checks, and what is refused."""

from amaranth.hdl import Const, Module

from ceprop.boards.protocol import Address, Feature, Refusal
from ceprop.boards.rtl.requests.parts import DispatcherParts


def add_head_states(m: Module, parts: DispatcherParts) -> None:
    """IDLE, SEQUENCE, CODE, DECODE: the head of a frame, and a cycle for the decoder."""
    frames, registers = parts.frames, parts.registers
    with m.State("IDLE"):
        m.d.sync += [registers.refused.eq(0), registers.index.eq(0)]
        with m.If(frames.damaged):
            m.d.comb += frames.heard.eq(1)
            m.d.sync += [registers.sequence.eq(0), registers.code.eq(0)]
            parts.refuse(m, Refusal.DAMAGED)
        with m.Elif(frames.waiting):
            m.next = "SEQUENCE"
    with m.State("SEQUENCE"), m.If(parts.take_byte(m, registers.sequence)):
        m.next = "CODE"
    with m.State("CODE"), m.If(parts.take_byte(m, registers.code)):
        m.next = "DECODE"
    with m.State("DECODE"), m.If(frames.steady):
        m.next = "CHECK"


def add_check_states(m: Module, parts: DispatcherParts) -> None:
    """CHECK, MEASURE, MEASURED: whether the request is carried out, answered once more, or refused."""
    request, registers, facts = parts.request, parts.registers, parts.facts
    absent = Const(0) if parts.identity.features & Feature.FLASH else request.for_flash
    busy = (facts.busy & (request.for_core | request.for_flash)) | (parts.at_work & request.for_flash)
    with m.State("CHECK"):
        m.d.sync += [
            registers.left.eq(parts.frames.remaining - Address.BYTES),
            registers.counts.eq(~facts.repeated),
        ]
        with m.If(~request.known):
            parts.refuse(m, Refusal.UNKNOWN)
        with m.Elif(~request.fits):
            parts.refuse(m, Refusal.LENGTH)
        with m.Elif(request.identify):
            m.d.sync += registers.counts.eq(0)
            m.next = "REPLY SEQUENCE"
        with m.Elif(facts.behind[-1]):
            parts.refuse(m, Refusal.ORDER)
        with m.Elif(absent):
            parts.refuse(m, Refusal.ABSENT)
        with m.Elif(facts.repeated & request.changing):
            m.next = "REPLY SEQUENCE"
        with m.Elif(busy):
            parts.refuse(m, Refusal.BUSY)
        with m.Elif(request.write):
            m.next = "MEASURE"
        with m.Elif(request.samples):
            m.next = "SAMPLES"
        with m.Else():
            m.next = "ARGUMENTS"
    with m.State("MEASURE"):
        # Whole groups only, which is found out before the first one is written.
        m.d.sync += registers.left.eq(registers.left - parts.ports.group_bytes)
        m.next = "MEASURED"
    with m.State("MEASURED"):
        m.next = "MEASURE"
        with m.If(registers.left[-1]):
            parts.refuse(m, Refusal.LENGTH)
        with m.Elif(registers.left == 0):
            m.next = "ARGUMENTS"


def add_argument_state(m: Module, parts: DispatcherParts) -> None:
    """ARGUMENTS: all of a payload but the groups of WRITE; the last byte of READ and RESULTS is a count."""
    request, registers, body = parts.request, parts.registers, parts.frames.body
    with m.State("ARGUMENTS"):
        with m.If(parts.facts.addressed):
            m.d.sync += registers.index.eq(0)
            m.next = "WORDS"
        with m.Elif(parts.facts.empty):
            m.d.sync += registers.index.eq(0)
            m.next = "EXECUTE"
        with m.Elif(request.counted & request.final):
            m.d.comb += body.ready.eq(1)
            with m.If(body.valid):
                m.d.sync += registers.left.eq(body.payload)
        with m.Else(), m.If(parts.take_byte(m, registers.arguments.as_value())):
            m.d.sync += registers.index.eq(registers.index + 1)
