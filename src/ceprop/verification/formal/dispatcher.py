"""Every request gets one reply in a bounded time, and nothing keeps RESET from being carried out.

The dispatcher is proved with any frames, any answers of the core, the flash and the results. The others keep their part
of the signatures: whoever is waited for answers within `_PATIENCE` cycles.

Time is bounded by a potential (:class:`Potential`). It is positive while a request is at work, and each change of the
dispatcher makes it smaller. Between two changes the dispatcher waits for other parts. Before and after each wait, it
does nothing for at most `_SILENT` cycles. From these constants follows the number of cycles in which a request ends.
"""

import random
from typing import Any

from amaranth.hdl import Assert, Assume, Cat, Elaboratable, Module, Mux, Signal, Value

from ceprop.boards.protocol import CRC_BYTES, HEAD_BYTES, LONGEST_BODY, PROTOCOL, Command, Feature, Identity, Refusal
from ceprop.boards.rtl.requests.dispatcher import Dispatcher
from ceprop.boards.rtl.requests.execution_states import MOST_RESULTS, RESET_CYCLES, most_groups
from ceprop.boards.rtl.requests.parts import DispatcherParts
from ceprop.boards.rtl.signatures import RESULT_BYTES
from ceprop.hdl.io.stream_payloads import Ports
from ceprop.specification import Geometry
from ceprop.verification.formal.dispatcher_potential import Potential
from ceprop.verification.formal.harness import earlier
from ceprop.verification.formal.proof import Property
from ceprop.verification.networks import random_core

_PATIENCE = 3
"""Cycles between two changes in which the dispatcher waits for another part at most. A real part may take longer. Each
wait is bounded in the same way, and more cycles only make the proof longer."""

_SETTLING = 3
"""Cycles after a byte in which the counts of bytes are not steady, at least."""

_SILENT = 3
"""Cycles in a row in which nothing changes and nothing is waited for, at most."""

_LONGEST = LONGEST_BODY - CRC_BYTES
"""Bytes of the longest frame that is passed on."""

_HEAD = ("SEQUENCE", "CODE", "DECODE", "CHECK")
_WORK = ("MEASURE", "MEASURED", "ARGUMENTS", "EXECUTE", "ASK", "RESET", "SAMPLES", "WORDS", "SHIFTED", "PUT")
_REPLY_HEAD = ("REPLY SEQUENCE", "REPLY CODE")
_INDEX_IS_0 = (
    *_HEAD,
    "MEASURE",
    "MEASURED",
    "EXECUTE",
    "ASK",
    "SAMPLES",
    "SHIFTED",
    "PUT",
    "HOLD",
    "READ STATUS",
    "GROUP",
    "COUNT",
)
_OF_RESET = ("IDLE", "ARGUMENTS", "EXECUTE", "RESET", *_REPLY_HEAD, "END")


class _Watched(Dispatcher):
    """A dispatcher that shows its states and its registers."""

    parts: DispatcherParts
    states: Any

    def __init__(self, geometry: Geometry, identity: Identity):
        super().__init__(geometry, identity)
        # Now, because what watches the states needs them.
        self._module = super().elaborate(None)

    def elaborate(self, platform: object) -> Module:
        return self._module

    def add_states(self, m: Module, parts: DispatcherParts) -> Any:
        self.parts, self.states = parts, super().add_states(m, parts)
        return self.states

    def at(self, *names: str) -> Value:
        """Whether it is in one of these states."""
        return Value.cast(Cat(self.states.ongoing(name) for name in names)).any()


class _Answering(Elaboratable):
    """The dispatcher, and everything around it."""

    def __init__(self, geometry: Geometry, features: Feature):
        identity = Identity(PROTOCOL, 0, features, bytes(range(8)), 0x12345678, 30_000_000, 47_000_000)
        self.dispatcher = dispatcher = _Watched(geometry, identity)
        frames, core = dispatcher.frames, dispatcher.core
        self.comes, self.length = Signal(name="comes"), Signal(range(LONGEST_BODY + 1), name="length")
        self.inputs = [
            *(self.comes, self.length, frames.damaged, frames.body.valid, frames.body.payload),
            *(frames.remaining, frames.none, frames.steady),
            *(core.command.ready, core.response.valid, Value.cast(core.response.payload), core.samples.ready),
            *(dispatcher.reply.ready, dispatcher.results.count, dispatcher.results.word, dispatcher.at_work),
            *(dispatcher.flash.busy, dispatcher.flash.changes, dispatcher.flash.byte),
        ]

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.dispatcher = self.dispatcher
        to_come = self._frames(m)
        self._once(m)
        self._resets(m, to_come)
        self._counts(m, to_come)
        self._ends(m, to_come)
        return m

    def _frames(self, m: Module) -> Signal:
        """Frames of any length, one after the other, as :class:`FrameSignature` has them. Return the number of bytes
        that are still to come."""
        frames = self.dispatcher.frames
        to_come, recent = Signal(8, name="to_come"), Signal(range(_SETTLING + 1), name="recent")
        taken, begins = frames.body.valid & frames.body.ready, self.comes & ~frames.waiting
        m.d.sync += recent.eq(Mux(taken | frames.release | begins, _SETTLING, recent - (recent != 0)))
        with m.If(frames.release):
            m.d.sync += frames.waiting.eq(0)
        with m.Elif(begins):
            m.d.sync += [frames.waiting.eq(1), to_come.eq(self.length)]
        with m.Elif(taken):
            m.d.sync += to_come.eq(to_come - 1)
        was_steady = earlier(m, frames.steady, 1)
        m.d.comb += [
            Assume((self.length >= HEAD_BYTES) & (self.length <= _LONGEST)),
            Assume(~frames.steady | (frames.waiting & (recent == 0))),
            Assume(~frames.steady | ((frames.remaining == to_come) & (frames.none == (to_come == 0)))),
            # A byte comes after the counts of bytes are right, and they stay right until it is taken.
            Assume(~frames.body.valid | (frames.steady & was_steady & (to_come != 0))),
            Assume(~was_steady | (recent == _SETTLING) | frames.steady),
            Assume(~earlier(m, frames.damaged & ~frames.heard, 1) | frames.damaged),
        ]
        return to_come

    def _waits(self, m: Module, changes: Value) -> Value:
        """Whoever is waited for answers. The sender takes a byte and then none for two cycles. Return whether anything
        is waited for."""
        dispatcher = self.dispatcher
        frames, core, reply, flash = dispatcher.frames, dispatcher.core, dispatcher.reply, dispatcher.flash
        waits = {
            "steady": frames.waiting & ~frames.steady,
            "body": frames.steady & ~frames.none & ~frames.body.valid,
            "command": core.command.valid & ~core.command.ready,
            "response": core.response.ready & ~core.response.valid,
            "samples": core.samples.valid & ~core.samples.ready,
            "reply": reply.valid & ~reply.ready,
            "flash": flash.hold & flash.changes,
        }
        for name, waiting in waits.items():
            most = _PATIENCE + (_SETTLING if name == "steady" else 0)
            cycles = Signal(range(most + 2), name=f"waited_for_{name}")
            m.d.sync += cycles.eq(Mux(changes, 0, cycles) + waiting)
            m.d.comb += Assume(cycles <= most)
        for cycles in (1, 2):
            m.d.comb += Assume(~earlier(m, reply.valid & reply.ready, cycles) | ~reply.ready)
        m.d.comb += Assume(~earlier(m, ~flash.changes & flash.hold, 1) | ~flash.hold | ~flash.changes)
        return Value.cast(Cat(*waits.values())).any()

    def _once(self, m: Module) -> None:
        """One reply per request: its last byte is sent once, and the request ends with it."""
        dispatcher = self.dispatcher
        reply, sent = dispatcher.reply, Signal(name="sent")
        byte: Any = reply.payload
        with m.If(reply.valid & reply.ready & byte.last):
            m.d.sync += sent.eq(1)
        with m.If(dispatcher.at("END")):
            m.d.sync += sent.eq(0)
        m.d.comb += [
            Assert(sent == dispatcher.at("END")),
            Assert(~reply.valid | ~dispatcher.at("IDLE", *_HEAD, *_WORK)),
            Assert(~dispatcher.frames.release | dispatcher.at("END")),
        ]

    def _resets(self, m: Module, to_come: Value) -> None:
        """A RESET in its turn is carried out, whatever else is at work."""
        dispatcher = self.dispatcher
        request, registers = dispatcher.parts.request, dispatcher.parts.registers
        was_reset, in_turn = Signal(name="was_reset"), Signal(name="in_turn")
        with m.If(dispatcher.at("IDLE")):
            m.d.sync += [was_reset.eq(0), in_turn.eq(0)]
        with m.If(dispatcher.reset):
            m.d.sync += was_reset.eq(1)
        with m.If(dispatcher.at("CHECK")):
            fits = (registers.code == Command.RESET) & (to_come == 0)
            m.d.sync += in_turn.eq(fits & (registers.sequence == registers.expected))
        m.d.comb += [
            Assert(~in_turn | dispatcher.at(*_OF_RESET)),
            Assert(~in_turn | ~dispatcher.at(*_REPLY_HEAD, "END") | was_reset),
            Assert(~in_turn | dispatcher.at("IDLE") | (~registers.refused & (registers.code == Command.RESET))),
            Assert(~in_turn | dispatcher.at("IDLE") | (to_come == 0)),
            Assert(~dispatcher.reset | request.reset),
            Assert(~dispatcher.at(*_HEAD) | ~in_turn),
        ]

    def _counts(self, m: Module, to_come: Value) -> None:
        """What the counters are in each state. The potential needs it, and no request can break it."""
        dispatcher = self.dispatcher
        parts, registers, request = dispatcher.parts, dispatcher.parts.registers, dispatcher.parts.request
        at, left, refused = dispatcher.at, registers.left, registers.refused
        groups_fit = (left != 0) & (left <= most_groups(parts.ports))
        answers = at(*_REPLY_HEAD) & ~refused
        damaged = refused & (registers.reason == Refusal.DAMAGED)
        m.d.comb += [
            Assert(to_come <= _LONGEST),
            Assert(~at("SEQUENCE") | (to_come >= HEAD_BYTES)),
            Assert(~(at("IDLE") | damaged) | ~dispatcher.frames.waiting | (to_come >= HEAD_BYTES)),
            Assert(~at("CODE") | (to_come >= HEAD_BYTES - 1)),
            Assert(at("IDLE") | damaged | dispatcher.frames.waiting),
            Assert(~refused | at("IDLE", *_REPLY_HEAD, "PAYLOAD", "END")),
            Assert(~at("SAMPLES") | request.samples),
            Assert(~at("WORDS", "SHIFTED", "PUT", "MEASURE", "MEASURED") | request.write),
            Assert(~at("RESET") | request.reset),
            Assert(~at("HOLD", "READ STATUS") | request.status),
            Assert(~at(*_INDEX_IS_0) | (registers.index == 0)),
            Assert(~(at(*_REPLY_HEAD) & (refused | ~request.changing)) | (registers.index == 0)),
            Assert(~at("WORDS", "BYTES") | (registers.index < parts.ports.group_bytes)),
            Assert(~at("RESET") | (registers.index < RESET_CYCLES)),
            Assert(~at("RESULT") | (registers.index < RESULT_BYTES)),
            Assert(~at("MEASURE") | (left.as_signed() > 0)),
            Assert(~at("ASK", "GROUP", "BYTES") | (request.read & groups_fit)),
            Assert(~(answers & request.read) | groups_fit),
            Assert(~at("COUNT") | (request.results & (left <= MOST_RESULTS))),
            Assert(~at("RESULT") | (request.results & (left != 0) & (left <= MOST_RESULTS))),
            Assert(~(answers & request.results) | (left <= MOST_RESULTS)),
        ]

    def _ends(self, m: Module, to_come: Value) -> None:
        """The potential: it is positive while a request is at work, and each change makes it smaller."""
        dispatcher = self.dispatcher
        registers, idle = dispatcher.parts.registers, dispatcher.at("IDLE")
        potential = Potential(dispatcher.parts, to_come)
        states = {name: dispatcher.at(name) for name in potential.of_states()}
        now = potential.selected(m, states)
        # While a damaged frame is answered, the next one may come.
        coming = Mux(dispatcher.at(*_HEAD, *_WORK), to_come, 0)
        place = Value.cast(Cat(*states.values(), registers.index, registers.left, coming))
        changes = earlier(m, place, 1) != place
        waits, silent = self._waits(m, changes), Signal(range(_SILENT + 2), name="silent")
        m.d.sync += silent.eq(Mux(idle | changes | waits, 0, silent + 1))
        m.d.comb += [
            Assert(Value.cast(Cat(*states.values())).any()),
            Assert(idle | (silent <= _SILENT)),
            Assert(idle | ~changes | earlier(m, idle, 1) | (now < earlier(m, now, 1))),
            Assert(idle | ((now != 0) & (now <= potential.most))),
        ]


def replies(draw: random.Random) -> Property:
    """The dispatcher of a link, with and without flash."""
    geometry = Geometry(random_core(draw, draw.randrange(100)).with_array())
    features = draw.choice((Feature(0), Feature.FLASH))
    design = _Answering(geometry, features)
    name = f"replies with groups of {Ports(geometry).group_bytes} bytes, {features or 'no flash'}"
    return Property(name, design, design.inputs)
