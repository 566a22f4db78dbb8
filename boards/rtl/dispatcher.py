"""Carries out the requests of the host (`docs/protocol.md`)."""

from collections.abc import Iterable

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ceprop.boards.protocol import (
    LONGEST_PAYLOAD,
    REFUSAL,
    REPLY,
    Address,
    Command,
    Feature,
    Identity,
    Refusal,
    StatusFlag,
)
from ceprop.boards.rtl.sender import BODY
from ceprop.errors import CepropError
from ceprop.geometry import Geometry
from ceprop.hdl.ports import Ports

_LENGTHS = {
    Command.IDENTIFY: 0,
    Command.READ: Address.BYTES + 1,
    Command.RESULTS: 2,
    Command.RESET: 0,
    Command.RUN: 2,
    Command.STATUS: 0,
    Command.SAVE: 0,
    Command.RESTORE: 0,
}
"""Bytes of payloads that have one length."""

_CHANGING = (Command.WRITE, Command.SAMPLES, Command.RESET, Command.RUN, Command.SAVE, Command.RESTORE)
_FLASH = (Command.RUN, Command.SAVE, Command.RESTORE)
_CORE = (Command.WRITE, Command.READ, Command.SAMPLES)
_REFUSAL_BYTES = 3
_STATUS_BYTES = 5
_RESULT_BYTES = 2
_RESET_CYCLES = 4


class Dispatcher(wiring.Component):
    """One request after the other: head, checks, execution, reply. Raises :class:`CepropError` for an array with so
    many lanes that a frame cannot hold a group of their words.

    Members
    -------
    waiting, body, remaining, release, damaged, heard
        The receiver's other side.
    reply : Out, stream
        Bodies for the sender.
    command, response : Out, In, streams
        The core's.
    samples : Out, stream
        Bytes for the unpacker.
    result_count, result_address, result_word : In, Out, In
        The results' other side.
    reset : Out
        Reset core and unpacker.
    flash_start, flash_command, passes : Out
        RUN, SAVE or RESTORE begins in this cycle; the passes of RUN.
    flash_flags, samples_left : In
        What STATUS says.
    at_work : In
        Samples that the host has sent, half of one perhaps, are not finished.
    """

    def __init__(self, geometry: Geometry, identity: Identity):
        self._identity = identity
        ports = Ports(geometry)
        self._group_bytes = -(-ports.words.size // 8)
        if self._group_bytes > LONGEST_PAYLOAD - Address.BYTES:
            raise CepropError(
                f"array {geometry.rows}x{geometry.cols}: a group of words takes {self._group_bytes} bytes, a frame has "
                f"room for {LONGEST_PAYLOAD - Address.BYTES}; use fewer lanes"
            )
        super().__init__(
            {
                "waiting": In(1),
                "body": In(stream.Signature(8)),
                "remaining": In(8),
                "release": Out(1),
                "damaged": In(1),
                "heard": Out(1),
                "reply": Out(stream.Signature(BODY)),
                "command": Out(stream.Signature(ports.command)),
                "response": In(stream.Signature(ports.response)),
                "samples": Out(stream.Signature(8)),
                "result_count": In(8),
                "result_address": Out(8),
                "result_word": In(8 * _RESULT_BYTES),
                "reset": Out(1),
                "flash_start": Out(1),
                "flash_command": Out(4),
                "passes": Out(16),
                "flash_flags": In(8),
                "samples_left": In(32),
                "at_work": In(1),
            }
        )
        self._sequence, self._code, self._expected = Signal(8), Signal(8), Signal(8)
        self._reason, self._refused, self._counts = Signal(Refusal), Signal(), Signal()
        self._place = Signal(8 * Address.BYTES)
        self._words = Signal(8 * self._group_bytes)
        self._index = Signal(range(1 + max(self._group_bytes, Identity.BYTES)))
        self._left = Signal(8)

    def elaborate(self, platform: object) -> Module:
        """One state machine; `_place` holds the arguments, `_words` a group, `_index` counts bytes and `_left`
        groups."""
        m = Module()
        command, space_bits = self.command.payload, 3
        m.d.comb += [
            Value.cast(command.space).eq(self._place[:space_bits]),
            command.column.eq(self._place[Address.COLUMN_BIT]),
            command.lane.eq(self._place[8:16]),
            command.address.eq(self._place[16:]),
            command.count.eq(self._left),
            Value.cast(command.words).eq(self._words),
            self.result_address.eq(self._place[-16:-8]),
            self.flash_command.eq(self._code),
            self.passes.eq(self._place[-16:]),
        ]
        fits, payload = self._length_fits(m), self._payload(m)
        with m.FSM():
            self._head(m)
            self._check(m, fits)
            self._arguments(m)
            self._execute(m)
            self._reply(m, *payload)
            self._groups(m)
            self._results(m)
        return m

    def _is(self, commands: Iterable[Command]) -> Value:
        return Cat(self._code == command for command in commands).any()

    def _take(self, m: Module, target: Signal) -> Value:
        """Shift the body's next byte into the top of `target`; whether there was one."""
        m.d.comb += self.body.ready.eq(1)
        with m.If(self.body.valid):
            m.d.sync += target.eq(Cat(target, self.body.payload)[8:])
        return self.body.valid

    def _refuse(self, m: Module, reason: Refusal) -> None:
        m.d.sync += [self._reason.eq(reason), self._refused.eq(1), self._counts.eq(0)]
        m.next = "REPLY SEQUENCE"

    def _head(self, m: Module) -> None:
        with m.State("IDLE"):
            m.d.sync += [self._refused.eq(0), self._index.eq(0)]
            with m.If(self.damaged):
                m.d.comb += self.heard.eq(1)
                m.d.sync += [self._sequence.eq(0), self._code.eq(0)]
                self._refuse(m, Refusal.DAMAGED)
            with m.Elif(self.waiting):
                m.next = "SEQUENCE"
        with m.State("SEQUENCE"), m.If(self._take(m, self._sequence)):
            m.next = "CODE"
        with m.State("CODE"), m.If(self._take(m, self._code)):
            m.next = "CHECK"

    def _length_fits(self, m: Module) -> Signal:
        """Whether the payload has a length that its command may have."""
        fits = Signal()
        with m.Switch(self._code):
            for command, length in _LENGTHS.items():
                with m.Case(command):
                    m.d.comb += fits.eq(self.remaining == length)
            with m.Case(Command.WRITE):
                m.d.comb += fits.eq(self.remaining > Address.BYTES)
            with m.Case(Command.SAMPLES):
                m.d.comb += fits.eq(self.remaining != 0)
        return fits

    def _check(self, m: Module, fits: Signal) -> None:
        behind = (self._expected - self._sequence)[:8]
        busy = self.flash_flags & (StatusFlag.RUNNING | StatusFlag.STORING) != 0
        absent = Const(0) if self._identity.features & Feature.FLASH else self._is(_FLASH)
        with m.State("CHECK"):
            m.d.sync += [self._left.eq(self.remaining - Address.BYTES), self._counts.eq(behind == 0)]
            with m.If(self._code > max(Command)):
                self._refuse(m, Refusal.UNKNOWN)
            with m.Elif(~fits):
                self._refuse(m, Refusal.LENGTH)
            with m.Elif(self._code == Command.IDENTIFY):
                m.d.sync += self._counts.eq(0)
                m.next = "REPLY SEQUENCE"
            with m.Elif(behind[-1]):
                self._refuse(m, Refusal.ORDER)
            with m.Elif(absent):
                self._refuse(m, Refusal.ABSENT)
            with m.Elif((behind != 0) & self._is(_CHANGING)):
                m.next = "REPLY SEQUENCE"
            with m.Elif((busy & self._is((*_CORE, *_FLASH))) | (self.at_work & self._is(_FLASH))):
                self._refuse(m, Refusal.BUSY)
            with m.Elif(self._code == Command.WRITE):
                m.next = "MEASURE"
            with m.Elif(self._code == Command.SAMPLES):
                m.next = "SAMPLES"
            with m.Else():
                m.next = "ARGUMENTS"
        with m.State("MEASURE"):
            # Whole groups only, found out before the first one is written.
            m.d.sync += self._left.eq(self._left - self._group_bytes)
            with m.If(self._left < self._group_bytes):
                self._refuse(m, Refusal.LENGTH)
            with m.Elif(self._left == self._group_bytes):
                m.next = "ARGUMENTS"

    def _arguments(self, m: Module) -> None:
        """All of a payload, but the groups of WRITE; the last byte of READ and RESULTS is a count."""
        counted = self._is((Command.READ, Command.RESULTS))
        with m.State("ARGUMENTS"):
            with m.If((self._code == Command.WRITE) & (self._index == Address.BYTES)):
                m.d.sync += self._index.eq(0)
                m.next = "WORDS"
            with m.Elif(self.remaining == 0):
                m.d.sync += self._index.eq(0)
                m.next = "EXECUTE"
            with m.Elif(counted & (self.remaining == 1)):
                m.d.comb += self.body.ready.eq(1)
                m.d.sync += self._left.eq(self.body.payload)
            with m.Else(), m.If(self._take(m, self._place)):
                m.d.sync += self._index.eq(self._index + 1)

    def _execute(self, m: Module) -> None:
        command = self.command
        with m.State("EXECUTE"), m.Switch(self._code):
            with m.Case(Command.READ):
                most = min(LONGEST_PAYLOAD // self._group_bytes, 2 ** len(command.payload.count) - 1)
                with m.If((self._left == 0) | (self._left > most)):
                    self._refuse(m, Refusal.LENGTH)
                with m.Else():
                    m.d.comb += command.valid.eq(1)
                    with m.If(command.ready):
                        m.next = "REPLY SEQUENCE"
            with m.Case(Command.RESULTS):
                m.next = "REPLY SEQUENCE"
                with m.If(self._left > (LONGEST_PAYLOAD - 1) // _RESULT_BYTES):
                    self._refuse(m, Refusal.LENGTH)
            with m.Case(Command.RESET):
                m.d.comb += self.reset.eq(1)
                m.d.sync += self._index.eq(self._index + 1)
                with m.If(self._index == _RESET_CYCLES - 1):
                    m.d.sync += self._index.eq(0)
                    m.next = "REPLY SEQUENCE"
            with m.Default():
                m.d.comb += self.flash_start.eq(self._is(_FLASH))
                m.next = "REPLY SEQUENCE"
        with m.State("WORDS"), m.If(self._take(m, self._words)):
            m.d.sync += self._index.eq(self._index + 1)
            with m.If(self._index == self._group_bytes - 1):
                m.d.sync += self._index.eq(0)
                m.next = "PUT"
        with m.State("PUT"):
            m.d.comb += [command.valid.eq(1), command.payload.write.eq(1)]
            with m.If(command.ready):
                address = self._place[16 : 16 + len(command.payload.address)]
                m.d.sync += address.eq(address + 1)
                m.next = "WORDS"
                with m.If(self.remaining == 0):
                    m.next = "REPLY SEQUENCE"
        with m.State("SAMPLES"):
            m.d.comb += [
                self.samples.valid.eq(self.body.valid),
                self.samples.payload.eq(self.body.payload),
                self.body.ready.eq(self.samples.ready),
            ]
            with m.If(self.remaining == 0):
                m.next = "REPLY SEQUENCE"

    def _say(self, m: Module, byte: Value | int, last: Value | int = 0) -> Value:
        """Send a byte; whether it is taken."""
        m.d.comb += [self.reply.valid.eq(1), self.reply.payload.byte.eq(byte), self.reply.payload.last.eq(last)]
        return self.reply.ready

    def _payload(self, m: Module) -> tuple[Signal, Signal]:
        """A byte of the payloads that are there at once, by `_index`, and how many there are."""
        refusal = Cat(self._reason, Const(0, 8 - len(self._reason)), self._code, self._expected)
        identity = Array(Const(byte, 8) for byte in self._identity.pack())
        byte, length = Signal(8), Signal(8)
        m.d.comb += [byte.eq(identity[self._index]), length.eq(Identity.BYTES)]
        with m.If(self._refused):
            m.d.comb += [byte.eq(refusal.word_select(self._index, 8)), length.eq(_REFUSAL_BYTES)]
        with m.Elif(self._code == Command.STATUS):
            status = Cat(self.flash_flags, self.samples_left)
            m.d.comb += [byte.eq(status.word_select(self._index, 8)), length.eq(_STATUS_BYTES)]
        with m.Elif(self._index == 1):
            m.d.comb += byte.eq(self._expected)
        return byte, length

    def _reply(self, m: Module, byte: Signal, length: Signal) -> None:
        """The head of every reply, and the payloads that are there at once."""
        paid = self._refused | self._is(set(Command) - set(_CHANGING))
        with m.State("REPLY SEQUENCE"), m.If(self._say(m, self._sequence)):
            m.next = "REPLY CODE"
        with m.State("REPLY CODE"), m.If(self._say(m, Mux(self._refused, REFUSAL, self._code | REPLY), ~paid)):
            m.next = "END"
            with m.If(self._refused | self._is((Command.IDENTIFY, Command.STATUS))):
                m.next = "SAY"
            with m.Elif(self._code == Command.READ):
                m.next = "GROUP"
            with m.Elif(self._code == Command.RESULTS):
                m.next = "COUNT"
        with m.State("SAY"), m.If(self._say(m, byte, self._index == length - 1)):
            m.d.sync += self._index.eq(self._index + 1)
            with m.If(self._index == length - 1):
                m.next = "END"
        with m.State("END"):
            # A damaged frame was never kept.
            m.d.comb += self.release.eq(~self._refused | (self._reason != Refusal.DAMAGED))
            m.d.sync += self._expected.eq(self._expected + self._counts)
            m.next = "IDLE"

    def _groups(self, m: Module) -> None:
        """What READ asked the core for, as it comes."""
        with m.State("GROUP"):
            m.d.comb += self.response.ready.eq(1)
            with m.If(self.response.valid):
                m.d.sync += self._words.eq(self.response.payload)
                m.next = "BYTES"
        last = self._index == self._group_bytes - 1
        with m.State("BYTES"), m.If(self._say(m, self._words[:8], last & (self._left == 1))):
            m.d.sync += [self._words.eq(self._words >> 8), self._index.eq(self._index + 1)]
            with m.If(last):
                m.d.sync += [self._index.eq(0), self._left.eq(self._left - 1)]
                m.next = "GROUP"
                with m.If(self._left == 1):
                    m.next = "END"

    def _results(self, m: Module) -> None:
        with m.State("COUNT"), m.If(self._say(m, self.result_count, self._left == 0)):
            m.next = "END"
            with m.If(self._left != 0):
                m.next = "RESULT"
        high = self._index[0]
        byte = self.result_word.word_select(high, 8)
        with m.State("RESULT"), m.If(self._say(m, byte, high & (self._left == 1))):
            m.d.sync += self._index.eq(self._index ^ 1)
            with m.If(high):
                first = self._place[-8:]
                m.d.sync += [first.eq(first + 1), self._left.eq(self._left - 1)]
                m.next = "LOOK UP"
                with m.If(self._left == 1):
                    m.next = "END"
        with m.State("LOOK UP"):
            m.next = "RESULT"
