"""What the states of the dispatcher share: ports, registers, and the few things that several states do."""

from dataclasses import dataclass
from typing import Any

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import data, stream

from ceprop.boards.protocol import Address, Identity, Refusal
from ceprop.boards.rtl.group_register import GroupRegister
from ceprop.boards.rtl.requests.request_decoder import RequestDecoder
from ceprop.boards.rtl.signatures import FlashCommandInterface, FrameInterface, ResultReadInterface
from ceprop.hdl.io.stream_payloads import Ports

_BITS = 8 * Address.BYTES


def arguments_layout(ports: Ports) -> data.UnionLayout:
    """The register into which the arguments of a request are shifted from the top: 5 bytes of :class:`Address`, the 4
    bytes of RUN, or the first byte of RESULTS, whose count goes elsewhere.

    `address` has the bits that the core's command takes; it is modulo that, as docs/protocol.md has it."""
    space_bits, address_bits = 3, ports.command["address"].width
    address = {
        "space": space_bits,
        "unused": Address.COLUMN_BIT - space_bits,
        "column": 1,
        "lane": 8,
        "address": address_bits,
        "unused_address": 24 - address_bits,
    }
    return data.UnionLayout(
        {
            "address": data.StructLayout(address),
            "run": data.StructLayout({"unused": _BITS - 32, "first_epoch": 16, "epochs": 16}),
            "results": data.StructLayout({"unused": _BITS - 8, "first": 8}),
        }
    )


@dataclass(frozen=True)
class Registers:
    """Registers of the request that is at work.

    Fields
    ------
    sequence, code : Signal
        Head of the request.
    expected : Signal
        Sequence number of the next request.
    refused, reason : Signal
        The request is refused, and why.
    counts : Signal
        The next sequence number is expected once this request is done.
    arguments : view of :func:`arguments_layout`
        Arguments of the request.
    index, left : Signal
        Counters: of bytes within a group or payload, and of groups or results to go; while WRITE's payload is measured
        `left` counts its bytes.
    """

    sequence: Signal
    code: Signal
    expected: Signal
    reason: Signal
    refused: Signal
    counts: Signal
    arguments: Any
    index: Signal
    left: Signal

    @classmethod
    def create(cls, ports: Ports) -> "Registers":
        """Registers for a core with such ports."""
        return cls(
            sequence=Signal(8, name="sequence"),
            code=Signal(8, name="code"),
            expected=Signal(8, name="expected"),
            reason=Signal(Refusal, name="reason"),
            refused=Signal(name="refused"),
            counts=Signal(name="counts"),
            arguments=Signal(arguments_layout(ports), name="arguments"),
            index=Signal(range(1 + max(ports.group_bytes, Identity.BYTES)), name="index"),
            left=Signal(9, name="left"),
        )


@dataclass(frozen=True)
class Facts:
    """What is known of the request, from registers: bytes of a body come some cycles apart, so it may be a cycle late.

    Fields
    ------
    empty : Signal
        Nothing of the payload is still to come.
    addressed : Signal
        The address of a WRITE has come.
    behind : Signal
        How many numbers the request is before the one that is expected; more than 127 mean that it is after it.
    repeated : Signal
        The request has been carried out before.
    busy : Signal
        The board works from its flash, or on its flash.
    last_byte, last_group : Signal
        `index` is at the last byte of a group, `left` at the last group or result.
    """

    empty: Signal
    addressed: Signal
    behind: Signal
    repeated: Signal
    busy: Signal
    last_byte: Signal
    last_group: Signal

    @classmethod
    def create(cls) -> "Facts":
        """Signals for them."""
        flags = ("empty", "addressed", "repeated", "busy", "last_byte", "last_group")
        return cls(behind=Signal(8, name="behind"), **{name: Signal(name=name) for name in flags})


@dataclass(frozen=True)
class DispatcherParts:
    """The ports of :class:`Dispatcher`, by their names there, and what lies between them."""

    frames: FrameInterface
    reply: stream.Interface
    command: stream.Interface
    response: stream.Interface
    samples: stream.Interface
    results: ResultReadInterface
    flash: FlashCommandInterface
    reset: Signal
    at_work: Signal
    request: RequestDecoder
    group: GroupRegister
    registers: Registers
    facts: Facts
    ports: Ports
    identity: Identity

    def take_byte(self, m: Module, target: Value) -> Value:
        """Shift the next byte of the body into the top of `target`; whether there was one."""
        body = self.frames.body
        m.d.comb += body.ready.eq(1)
        with m.If(body.valid):
            m.d.sync += target.eq(Cat(target, body.payload)[8:])
        return body.valid

    def send_byte(self, m: Module, byte: Value | int, last: Value | int = 0) -> Value:
        """Send a byte of the reply; whether it is taken."""
        reply = self.reply
        m.d.comb += [reply.valid.eq(1), reply.payload.byte.eq(byte), reply.payload.last.eq(last)]
        return reply.ready

    def refuse(self, m: Module, reason: Refusal) -> None:
        """Answer with a refusal."""
        r = self.registers
        m.d.sync += [r.reason.eq(reason), r.refused.eq(1), r.counts.eq(0), r.index.eq(0)]
        m.next = "REPLY SEQUENCE"

    def drive_command(self, m: Module) -> None:
        """The payload of the core's command: always the address and the words that are there."""
        command, address = self.command.payload, self.registers.arguments.address
        m.d.comb += [
            Value.cast(command.space).eq(address.space),
            command.column.eq(address.column),
            command.lane.eq(address.lane),
            command.address.eq(address.address),
            command.count.eq(self.registers.left),
            Value.cast(command.words).eq(self.group.words),
        ]
