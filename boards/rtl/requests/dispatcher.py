"""Carries out the requests of the host (`docs/protocol.md`)."""

from typing import Any

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ceprop.boards.protocol import LONGEST_PAYLOAD, Address, Identity
from ceprop.boards.rtl.group_register import GroupRegister
from ceprop.boards.rtl.requests.arrival_states import add_argument_state, add_check_states, add_head_states
from ceprop.boards.rtl.requests.execution_states import add_execution_states, add_write_states
from ceprop.boards.rtl.requests.parts import DispatcherParts, Facts, Registers
from ceprop.boards.rtl.requests.reply_states import (
    add_group_states,
    add_reply_states,
    add_result_states,
    select_payload,
)
from ceprop.boards.rtl.requests.request_decoder import RequestDecoder
from ceprop.boards.rtl.signatures import (
    REPLY_BYTE,
    CoreAccessInterface,
    CoreAccessSignature,
    FlashCommandInterface,
    FlashCommandSignature,
    FrameInterface,
    FrameSignature,
    ResultReadInterface,
    ResultReadSignature,
)
from ceprop.common.errors import CepropError
from ceprop.hdl.io.stream_payloads import Ports
from ceprop.specification import Geometry


class Dispatcher(wiring.Component):
    """One request after the other: head, checks, execution, reply. Raises :class:`CepropError` for an array with so
    many lanes that a frame cannot hold a group of their words.

    Every request takes the states of its column from top to bottom. A request that is refused goes on at once at REPLY
    SEQUENCE, and its reply is REPLY CODE, PAYLOAD, END::

        states of       WRITE       READ        SAMPLES     RESULTS     RESET       others
        head            IDLE, SEQUENCE, CODE, DECODE for every request
        check           CHECK for every request; its refusals: UNKNOWN, LENGTH, ORDER, ABSENT, BUSY
        length          MEASURE and
                        MEASURED
                        by turns
        arguments       ARGUMENTS   ARGUMENTS               ARGUMENTS   ARGUMENTS   ARGUMENTS
        execution       WORDS,      EXECUTE,    SAMPLES     EXECUTE     EXECUTE,    EXECUTE
                        SHIFTED,    ASK                                 RESET
                        PUT for
                        each group
        head of reply   REPLY SEQUENCE, REPLY CODE for every request
        payload                     GROUP and               COUNT,                  PAYLOAD
                                    BYTES by                RESULT                  (IDENTIFY,
                                    turns                                           STATUS)
        end             END for every request, then IDLE

    IDENTIFY, and a request that changes something and is repeated, go from CHECK to REPLY SEQUENCE. In IDLE a damaged
    frame is refused.

    Members
    -------
    frames : In
        From the receiver.
    reply : Out, stream
        Bodies for the sender, which takes ten cycles per byte: what it gets may be a few cycles late.
    core : Out
        The core's command port, and the unpacker.
    results : Out
        The ring of results.
    flash : Out
        The flash controller.
    reset : Out
        Reset core and unpacker.
    at_work : In
        Samples that the host has sent, half of one perhaps, are not finished; some cycles late.
    """

    frames: FrameInterface
    reply: stream.Interface
    core: CoreAccessInterface
    results: ResultReadInterface
    flash: FlashCommandInterface
    reset: Signal
    at_work: Signal

    def __init__(self, geometry: Geometry, identity: Identity):
        self._geometry, self._identity = geometry, identity
        ports = Ports(geometry)
        if ports.group_bytes > LONGEST_PAYLOAD - Address.BYTES:
            raise CepropError(
                f"array {geometry.rows}x{geometry.cols}: a group of words takes {ports.group_bytes} bytes, a frame has "
                f"room for {LONGEST_PAYLOAD - Address.BYTES}; use fewer lanes"
            )
        super().__init__(
            {
                "frames": In(FrameSignature()),
                "reply": Out(stream.Signature(REPLY_BYTE)),
                "core": Out(CoreAccessSignature(ports)),
                "results": Out(ResultReadSignature()),
                "flash": Out(FlashCommandSignature()),
                "reset": Out(1),
                "at_work": In(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """One state machine, whose states lie in three files by what they do."""
        m = Module()
        m.submodules.request = request = RequestDecoder()
        m.submodules.group = group = GroupRegister(self._geometry)
        parts = self._parts(request, group)
        arguments = parts.registers.arguments
        parts.drive_command(m)
        m.d.comb += [
            request.code.eq(parts.registers.code),
            request.remaining.eq(self.frames.remaining),
            group.response.eq(self.core.response.payload),
            group.byte.eq(self.frames.body.payload),
            self.results.address.eq(arguments.results.first),
            self.flash.command.eq(parts.registers.code),
            self.flash.first_epoch.eq(arguments.run.first_epoch),
            self.flash.epochs.eq(arguments.run.epochs),
            self.flash.index.eq(parts.registers.index),
        ]
        _find_facts(m, parts)
        self.add_states(m, parts)
        return m

    def add_states(self, m: Module, parts: DispatcherParts) -> Any:
        """Add the state machine. Return it, so that a proof can watch its states."""
        byte, last = select_payload(m, parts)
        with m.FSM() as states:
            add_head_states(m, parts)
            add_check_states(m, parts)
            add_argument_state(m, parts)
            add_execution_states(m, parts)
            add_write_states(m, parts)
            add_reply_states(m, parts, byte, last)
            add_group_states(m, parts)
            add_result_states(m, parts)
        return states

    def _parts(self, request: RequestDecoder, group: GroupRegister) -> DispatcherParts:
        ports = Ports(self._geometry)
        return DispatcherParts(
            frames=self.frames,
            reply=self.reply,
            command=self.core.command,
            response=self.core.response,
            samples=self.core.samples,
            results=self.results,
            flash=self.flash,
            reset=self.reset,
            at_work=self.at_work,
            request=request,
            group=group,
            registers=Registers.create(ports),
            facts=Facts.create(),
            ports=ports,
            identity=self._identity,
        )


def _find_facts(m: Module, parts: DispatcherParts) -> None:
    registers, facts, frames = parts.registers, parts.facts, parts.frames
    m.d.sync += [
        facts.empty.eq(frames.steady & frames.none),
        facts.addressed.eq(parts.request.write & (registers.index == Address.BYTES)),
        facts.behind.eq(registers.expected - registers.sequence),
        facts.repeated.eq(facts.behind != 0),
        facts.busy.eq(parts.flash.busy),
        facts.last_byte.eq(registers.index == parts.ports.group_bytes - 1),
        facts.last_group.eq(registers.left == 1),
    ]
