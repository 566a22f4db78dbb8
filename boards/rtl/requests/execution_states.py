"""States that carry a request out: READ is asked of the core, WRITE and SAMPLES pass on their payload."""

from amaranth.hdl import Module

from ceprop.boards.protocol import LONGEST_PAYLOAD, Refusal
from ceprop.boards.rtl.requests.parts import DispatcherParts
from ceprop.boards.rtl.signatures import RESULT_BYTES
from ceprop.hdl.io.stream_payloads import Ports

RESET_CYCLES = 4
"""Cycles for which RESET resets the core."""

MOST_RESULTS = (LONGEST_PAYLOAD - 1) // RESULT_BYTES
"""Results that a reply holds after their count."""


def most_groups(ports: Ports) -> int:
    """How many groups of words READ takes: what a reply holds, and what the count of the core's command holds."""
    return min(LONGEST_PAYLOAD // ports.group_bytes, 2 ** ports.command["count"].width - 1)


def add_execution_states(m: Module, parts: DispatcherParts) -> None:
    """EXECUTE, ASK, RESET, SAMPLES: what needs no more of the payload, and SAMPLES, which needs only the payload."""
    request, registers, body = parts.request, parts.registers, parts.frames.body
    most = most_groups(parts.ports)
    with m.State("EXECUTE"):
        m.next = "REPLY SEQUENCE"
        with m.If(request.read):
            m.next = "ASK"
            with m.If((registers.left == 0) | (registers.left > most)):
                parts.refuse(m, Refusal.LENGTH)
        with m.Elif(request.results), m.If(registers.left > MOST_RESULTS):
            parts.refuse(m, Refusal.LENGTH)
        with m.Elif(request.reset):
            m.next = "RESET"
        with m.Else():
            m.d.comb += parts.flash.start.eq(request.for_flash)
    with m.State("ASK"):
        m.d.comb += parts.command.valid.eq(1)
        with m.If(parts.command.ready):
            m.next = "REPLY SEQUENCE"
    with m.State("RESET"):
        m.d.comb += parts.reset.eq(1)
        m.d.sync += registers.index.eq(registers.index + 1)
        with m.If(registers.index == RESET_CYCLES - 1):
            m.d.sync += registers.index.eq(0)
            m.next = "REPLY SEQUENCE"
    with m.State("SAMPLES"):
        m.d.comb += [
            parts.samples.valid.eq(body.valid),
            parts.samples.payload.eq(body.payload),
            body.ready.eq(parts.samples.ready),
        ]
        with m.If(parts.facts.empty):
            m.next = "REPLY SEQUENCE"


def add_write_states(m: Module, parts: DispatcherParts) -> None:
    """WORDS, SHIFTED, PUT: groups as they come from the payload, each to the next address."""
    command, registers, body = parts.command, parts.registers, parts.frames.body
    with m.State("WORDS"):
        with m.If(parts.facts.empty):
            m.next = "REPLY SEQUENCE"
        with m.Else():
            m.d.comb += body.ready.eq(1)
            with m.If(body.valid):
                m.d.comb += parts.group.shift.eq(1)
                m.d.sync += registers.index.eq(registers.index + 1)
                with m.If(registers.index == parts.ports.group_bytes - 1):
                    m.d.sync += registers.index.eq(0)
                    m.next = "SHIFTED"
    with m.State("SHIFTED"):
        m.next = "PUT"
    with m.State("PUT"):
        m.d.comb += [command.valid.eq(1), command.payload.write.eq(1)]
        with m.If(command.ready):
            address = registers.arguments.address.address
            m.d.sync += address.eq(address + 1)
            m.next = "WORDS"
