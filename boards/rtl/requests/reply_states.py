"""States that answer: the head of every reply, then a payload that is there at once, groups of words, or results."""

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal

from ceprop.boards.protocol import REFUSAL, REPLY, Identity, Refusal, Status
from ceprop.boards.rtl.requests.parts import DispatcherParts

REFUSAL_BYTES = 3
"""Bytes of the payload of a refusal."""


def select_payload(m: Module, parts: DispatcherParts) -> tuple[Signal, Signal]:
    """A byte of the payloads that are there at once, by `index`, and whether it is the last of its payload."""
    registers, flash = parts.registers, parts.flash
    reason = registers.reason
    refusal = Cat(reason, Const(0, 8 - len(reason)), registers.code, registers.expected)
    identity = Array(Const(byte, 8) for byte in parts.identity.pack())
    byte, last = Signal(8, name="byte"), Signal(name="last")
    m.d.sync += [byte.eq(identity[registers.index]), last.eq(registers.index == Identity.BYTES - 1)]
    with m.If(registers.refused):
        m.d.sync += [
            byte.eq(refusal.word_select(registers.index, 8)),
            last.eq(registers.index == REFUSAL_BYTES - 1),
        ]
    with m.Elif(parts.request.status):
        m.d.sync += [byte.eq(flash.byte), last.eq(registers.index == Status.BYTES - 1)]
    with m.Elif(registers.index == 1):
        m.d.sync += byte.eq(registers.expected)
    return byte, last


def add_reply_states(m: Module, parts: DispatcherParts, byte: Signal, last: Signal) -> None:
    """REPLY SEQUENCE, REPLY CODE, HOLD, READ STATUS, PAYLOAD, END: the head of every reply, and the payload of
    :func:`select_payload`. The status does not change while it is sent."""
    request, registers = parts.request, parts.registers
    alone = ~registers.refused & request.changing
    code = Mux(registers.refused, REFUSAL, registers.code | REPLY)
    with m.State("REPLY SEQUENCE"), m.If(parts.send_byte(m, registers.sequence)):
        m.next = "REPLY CODE"
    with m.State("REPLY CODE"), m.If(parts.send_byte(m, code, alone)):
        m.next = "PAYLOAD"
        with m.If(alone):
            m.next = "END"
        with m.Elif(~registers.refused & request.read):
            m.next = "GROUP"
        with m.Elif(~registers.refused & request.results):
            m.next = "COUNT"
        with m.Elif(~registers.refused & request.status):
            m.next = "HOLD"
    with m.State("HOLD"):
        m.d.comb += parts.flash.hold.eq(1)
        with m.If(~parts.flash.changes):
            m.next = "READ STATUS"
    with m.State("READ STATUS"):
        # The first byte comes two cycles after the status stands still.
        m.d.comb += parts.flash.hold.eq(1)
        m.next = "PAYLOAD"
    with m.State("PAYLOAD"):
        m.d.comb += parts.flash.hold.eq(request.status)
        with m.If(parts.send_byte(m, byte, last)):
            m.d.sync += registers.index.eq(registers.index + 1)
            with m.If(last):
                m.next = "END"
    with m.State("END"):
        # A damaged frame was never kept.
        m.d.comb += parts.frames.release.eq(~registers.refused | (registers.reason != Refusal.DAMAGED))
        m.d.sync += registers.expected.eq(registers.expected + registers.counts)
        m.next = "IDLE"


def add_group_states(m: Module, parts: DispatcherParts) -> None:
    """GROUP, BYTES: what READ asked the core for, as it comes."""
    group, registers, facts = parts.group, parts.registers, parts.facts
    m.d.comb += parts.response.ready.eq(group.loading)
    with m.State("GROUP"):
        with m.If(group.loading & parts.response.valid):
            m.next = "BYTES"
        with m.Else():
            m.d.comb += group.load.eq(1)
    with m.State("BYTES"), m.If(parts.send_byte(m, group.bytes[0], facts.last_byte & facts.last_group)):
        m.d.comb += group.shift.eq(1)
        m.d.sync += registers.index.eq(registers.index + 1)
        with m.If(facts.last_byte):
            m.d.sync += [registers.index.eq(0), registers.left.eq(registers.left - 1)]
            m.next = "GROUP"
            with m.If(facts.last_group):
                m.next = "END"


def add_result_states(m: Module, parts: DispatcherParts) -> None:
    """COUNT, RESULT: how many results there have been, then those that were asked for."""
    results, registers, last_result = parts.results, parts.registers, parts.facts.last_group
    with m.State("COUNT"), m.If(parts.send_byte(m, results.count, registers.left == 0)):
        m.next = "RESULT"
        with m.If(registers.left == 0):
            m.next = "END"
    high = registers.index[0]
    byte = results.word.word_select(high, 8)
    with m.State("RESULT"), m.If(parts.send_byte(m, byte, high & last_result)):
        m.d.sync += registers.index.eq(registers.index ^ 1)
        with m.If(high):
            first = registers.arguments.results.first
            m.d.sync += [first.eq(first + 1), registers.left.eq(registers.left - 1)]
            m.next = "RESULT"
            with m.If(last_result):
                m.next = "END"
