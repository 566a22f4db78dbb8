"""Carries out the requests of the host (`docs/protocol.md`)."""

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ceprop.boards.protocol import LONGEST_PAYLOAD, REFUSAL, REPLY, Address, Feature, Identity, Refusal, StatusFlag
from ceprop.boards.rtl.cobs_decoder import CobsDecoder
from ceprop.boards.rtl.frame_receiver import FRAMES
from ceprop.boards.rtl.frame_sender import BODY
from ceprop.boards.rtl.group_register import GroupRegister
from ceprop.common.errors import CepropError
from ceprop.hdl.io.stream_payloads import Ports
from ceprop.specification import Geometry

_REFUSAL_BYTES = 3
_STATUS_BYTES = 5
_RESULT_BYTES = 2
_RESET_CYCLES = 4


class Dispatcher(wiring.Component):
    """One request after the other: head, checks, execution, reply. Raises :class:`CepropError` for an array with so
    many lanes that a frame cannot hold a group of their words.

    Members
    -------
    frames : In
        From the receiver.
    reply : Out, stream
        Bodies for the sender, which takes ten cycles for a byte: what it gets may be a few cycles late.
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
        Samples that the host has sent, half of one perhaps, are not finished; some cycles late.
    """

    def __init__(self, geometry: Geometry, identity: Identity):
        self._identity = identity
        ports = Ports(geometry)
        self._group_bytes = ports.group_bytes
        if self._group_bytes > LONGEST_PAYLOAD - Address.BYTES:
            raise CepropError(
                f"array {geometry.rows}x{geometry.cols}: a group of words takes {self._group_bytes} bytes, a frame has "
                f"room for {LONGEST_PAYLOAD - Address.BYTES}; use fewer lanes"
            )
        self._most_groups = min(LONGEST_PAYLOAD // self._group_bytes, 2 ** ports.command["count"].width - 1)
        super().__init__(
            {
                "frames": In(FRAMES),
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
        self._request = CobsDecoder()
        self._sequence, self._code, self._expected = (
            Signal(8, name="sequence"),
            Signal(8, name="code"),
            Signal(8, name="expected"),
        )
        self._reason, self._refused, self._counts = (
            Signal(Refusal, name="reason"),
            Signal(name="refused"),
            Signal(name="counts"),
        )
        self._place = Signal(8 * Address.BYTES, name="place")
        self._group = GroupRegister(geometry)
        self._index = Signal(range(1 + max(self._group_bytes, Identity.BYTES)), name="index")
        self._left = Signal(9, name="left")
        self._empty, self._addressed = Signal(name="empty"), Signal(name="addressed")

    def elaborate(self, platform: object) -> Module:
        """One state machine; `_place` holds the arguments, `_index` counts bytes and `_left` groups."""
        m = Module()
        m.submodules.request = request = self._request
        m.submodules.group = group = self._group
        command, space_bits = self.command.payload, 3
        m.d.comb += [
            request.code.eq(self._code),
            request.remaining.eq(self.frames.remaining),
            Value.cast(command.space).eq(self._place[:space_bits]),
            command.column.eq(self._place[Address.COLUMN_BIT]),
            command.lane.eq(self._place[8:16]),
            command.address.eq(self._place[16:]),
            command.count.eq(self._left),
            Value.cast(command.words).eq(group.words),
            group.response.eq(self.response.payload),
            group.byte.eq(self.frames.body.payload),
            self.result_address.eq(self._place[-8:]),
            self.flash_command.eq(self._code),
            self.passes.eq(self._place[-16:]),
        ]
        behind, repeated, busy = Signal(8, name="behind"), Signal(name="repeated"), Signal(name="busy")
        # Bytes of a body come some cycles apart, so what is known of them may be a cycle late.
        m.d.sync += [
            self._empty.eq(self.frames.steady & self.frames.none),
            self._addressed.eq(request.write & (self._index == Address.BYTES)),
            behind.eq(self._expected - self._sequence),
            repeated.eq(behind != 0),
            busy.eq(self.flash_flags & (StatusFlag.RUNNING | StatusFlag.STORING) != 0),
        ]
        byte, last = self._payload(m)
        last_of_group, last_group = Signal(name="last_of_group"), Signal(name="last_group")
        m.d.sync += [
            last_of_group.eq(self._index == self._group_bytes - 1),
            last_group.eq(self._left == 1),
        ]
        with m.FSM():
            self._head(m)
            self._check(m, behind[-1], repeated, busy)
            self._arguments(m)
            self._execute(m)
            self._write(m)
            self._reply(m, byte, last)
            self._groups(m, last_of_group, last_group)
            self._results(m, last_group)
        return m

    def _take(self, m: Module, target: Signal) -> Value:
        """Shift the body's next byte into the top of `target`; whether there was one."""
        body = self.frames.body
        m.d.comb += body.ready.eq(1)
        with m.If(body.valid):
            m.d.sync += target.eq(Cat(target, body.payload)[8:])
        return body.valid

    def _refuse(self, m: Module, reason: Refusal) -> None:
        m.d.sync += [self._reason.eq(reason), self._refused.eq(1), self._counts.eq(0), self._index.eq(0)]
        m.next = "REPLY SEQUENCE"

    def _head(self, m: Module) -> None:
        with m.State("IDLE"):
            m.d.sync += [self._refused.eq(0), self._index.eq(0)]
            with m.If(self.frames.damaged):
                m.d.comb += self.frames.heard.eq(1)
                m.d.sync += [self._sequence.eq(0), self._code.eq(0)]
                self._refuse(m, Refusal.DAMAGED)
            with m.Elif(self.frames.waiting):
                m.next = "SEQUENCE"
        with m.State("SEQUENCE"), m.If(self._take(m, self._sequence)):
            m.next = "CODE"
        with m.State("CODE"), m.If(self._take(m, self._code)):
            m.next = "DECODE"
        with m.State("DECODE"), m.If(self.frames.steady):
            m.next = "CHECK"

    def _check(self, m: Module, ahead: Value, repeated: Value, busy: Value) -> None:
        request = self._request
        absent = Const(0) if self._identity.features & Feature.FLASH else request.for_flash
        with m.State("CHECK"):
            m.d.sync += [self._left.eq(self.frames.remaining - Address.BYTES), self._counts.eq(~repeated)]
            with m.If(~request.known):
                self._refuse(m, Refusal.UNKNOWN)
            with m.Elif(~request.fits):
                self._refuse(m, Refusal.LENGTH)
            with m.Elif(request.identify):
                m.d.sync += self._counts.eq(0)
                m.next = "REPLY SEQUENCE"
            with m.Elif(ahead):
                self._refuse(m, Refusal.ORDER)
            with m.Elif(absent):
                self._refuse(m, Refusal.ABSENT)
            with m.Elif(repeated & request.changing):
                m.next = "REPLY SEQUENCE"
            with m.Elif((busy & (request.for_core | request.for_flash)) | (self.at_work & request.for_flash)):
                self._refuse(m, Refusal.BUSY)
            with m.Elif(request.write):
                m.next = "MEASURE"
            with m.Elif(request.samples):
                m.next = "SAMPLES"
            with m.Else():
                m.next = "ARGUMENTS"
        with m.State("MEASURE"):
            # Whole groups only, found out before the first one is written.
            m.d.sync += self._left.eq(self._left - self._group_bytes)
            m.next = "MEASURED"
        with m.State("MEASURED"):
            m.next = "MEASURE"
            with m.If(self._left[-1]):
                self._refuse(m, Refusal.LENGTH)
            with m.Elif(self._left == 0):
                m.next = "ARGUMENTS"

    def _arguments(self, m: Module) -> None:
        """All of a payload, but the groups of WRITE; the last byte of READ and RESULTS is a count."""
        request = self._request
        with m.State("ARGUMENTS"):
            with m.If(self._addressed):
                m.d.sync += self._index.eq(0)
                m.next = "WORDS"
            with m.Elif(self._empty):
                m.d.sync += self._index.eq(0)
                m.next = "EXECUTE"
            with m.Elif(request.counted & request.final):
                m.d.comb += self.frames.body.ready.eq(1)
                with m.If(self.frames.body.valid):
                    m.d.sync += self._left.eq(self.frames.body.payload)
            with m.Else(), m.If(self._take(m, self._place)):
                m.d.sync += self._index.eq(self._index + 1)

    def _execute(self, m: Module) -> None:
        """What needs no more of the payload; and SAMPLES, which needs only that."""
        request = self._request
        with m.State("EXECUTE"):
            m.next = "REPLY SEQUENCE"
            with m.If(request.read):
                m.next = "ASK"
                with m.If((self._left == 0) | (self._left > self._most_groups)):
                    self._refuse(m, Refusal.LENGTH)
            with m.Elif(request.results), m.If(self._left > (LONGEST_PAYLOAD - 1) // _RESULT_BYTES):
                self._refuse(m, Refusal.LENGTH)
            with m.Elif(request.reset):
                m.next = "RESET"
            with m.Else():
                m.d.comb += self.flash_start.eq(request.for_flash)
        with m.State("ASK"):
            m.d.comb += self.command.valid.eq(1)
            with m.If(self.command.ready):
                m.next = "REPLY SEQUENCE"
        with m.State("RESET"):
            m.d.comb += self.reset.eq(1)
            m.d.sync += self._index.eq(self._index + 1)
            with m.If(self._index == _RESET_CYCLES - 1):
                m.d.sync += self._index.eq(0)
                m.next = "REPLY SEQUENCE"
        with m.State("SAMPLES"):
            m.d.comb += [
                self.samples.valid.eq(self.frames.body.valid),
                self.samples.payload.eq(self.frames.body.payload),
                self.frames.body.ready.eq(self.samples.ready),
            ]
            with m.If(self._empty):
                m.next = "REPLY SEQUENCE"

    def _write(self, m: Module) -> None:
        """Groups as they come from the payload, each to the next address."""
        command = self.command
        with m.State("WORDS"):
            with m.If(self._empty):
                m.next = "REPLY SEQUENCE"
            with m.Else():
                m.d.comb += self.frames.body.ready.eq(1)
                with m.If(self.frames.body.valid):
                    m.d.comb += self._group.shift.eq(1)
                    m.d.sync += self._index.eq(self._index + 1)
                    with m.If(self._index == self._group_bytes - 1):
                        m.d.sync += self._index.eq(0)
                        m.next = "SHIFTED"
        with m.State("SHIFTED"):
            m.next = "PUT"
        with m.State("PUT"):
            m.d.comb += [command.valid.eq(1), command.payload.write.eq(1)]
            with m.If(command.ready):
                address = self._place[16 : 16 + len(command.payload.address)]
                m.d.sync += address.eq(address + 1)
                m.next = "WORDS"

    def _say(self, m: Module, byte: Value | int, last: Value | int = 0) -> Value:
        """Send a byte; whether it is taken."""
        m.d.comb += [self.reply.valid.eq(1), self.reply.payload.byte.eq(byte), self.reply.payload.last.eq(last)]
        return self.reply.ready

    def _payload(self, m: Module) -> tuple[Signal, Signal]:
        """A byte of the payloads that are there at once, by `_index`, and whether it is their last."""
        refusal = Cat(self._reason, Const(0, 8 - len(self._reason)), self._code, self._expected)
        identity = Array(Const(byte, 8) for byte in self._identity.pack())
        byte, last = Signal(8, name="byte"), Signal(name="last")
        m.d.sync += [byte.eq(identity[self._index]), last.eq(self._index == Identity.BYTES - 1)]
        with m.If(self._refused):
            m.d.sync += [byte.eq(refusal.word_select(self._index, 8)), last.eq(self._index == _REFUSAL_BYTES - 1)]
        with m.Elif(self._request.status):
            status = Cat(self.flash_flags, self.samples_left)
            m.d.sync += [byte.eq(status.word_select(self._index, 8)), last.eq(self._index == _STATUS_BYTES - 1)]
        with m.Elif(self._index == 1):
            m.d.sync += byte.eq(self._expected)
        return byte, last

    def _reply(self, m: Module, byte: Signal, last: Signal) -> None:
        """The head of every reply, and the payloads that are there at once."""
        request = self._request
        alone = ~self._refused & request.changing
        code = Mux(self._refused, REFUSAL, self._code | REPLY)
        with m.State("REPLY SEQUENCE"), m.If(self._say(m, self._sequence)):
            m.next = "REPLY CODE"
        with m.State("REPLY CODE"), m.If(self._say(m, code, alone)):
            m.next = "SAY"
            with m.If(alone):
                m.next = "END"
            with m.Elif(~self._refused & request.read):
                m.next = "GROUP"
            with m.Elif(~self._refused & request.results):
                m.next = "COUNT"
        with m.State("SAY"), m.If(self._say(m, byte, last)):
            m.d.sync += self._index.eq(self._index + 1)
            with m.If(last):
                m.next = "END"
        with m.State("END"):
            # A damaged frame was never kept.
            m.d.comb += self.frames.release.eq(~self._refused | (self._reason != Refusal.DAMAGED))
            m.d.sync += self._expected.eq(self._expected + self._counts)
            m.next = "IDLE"

    def _groups(self, m: Module, last_byte: Signal, last_group: Signal) -> None:
        """What READ asked the core for, as it comes."""
        loading = self._group.loading
        m.d.comb += self.response.ready.eq(loading)
        with m.State("GROUP"):
            with m.If(loading & self.response.valid):
                m.next = "BYTES"
            with m.Else():
                m.d.comb += self._group.load.eq(1)
        with m.State("BYTES"), m.If(self._say(m, self._group.words[:8], last_byte & last_group)):
            m.d.comb += self._group.shift.eq(1)
            m.d.sync += self._index.eq(self._index + 1)
            with m.If(last_byte):
                m.d.sync += [self._index.eq(0), self._left.eq(self._left - 1)]
                m.next = "GROUP"
                with m.If(last_group):
                    m.next = "END"

    def _results(self, m: Module, last_result: Signal) -> None:
        with m.State("COUNT"), m.If(self._say(m, self.result_count, self._left == 0)):
            m.next = "RESULT"
            with m.If(self._left == 0):
                m.next = "END"
        high = self._index[0]
        byte = self.result_word.word_select(high, 8)
        with m.State("RESULT"), m.If(self._say(m, byte, high & last_result)):
            m.d.sync += self._index.eq(self._index ^ 1)
            with m.If(high):
                first = self._place[-8:]
                m.d.sync += [first.eq(first + 1), self._left.eq(self._left - 1)]
                m.next = "RESULT"
                with m.If(last_result):
                    m.next = "END"
