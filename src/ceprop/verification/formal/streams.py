"""Queues and streams neither drop nor repeat a payload, and a payload waits for its reader.

The payloads are numbers that count up. None of these parts looks at a payload, so what holds for these numbers holds
for any payload.
"""

import random
from typing import Any

from amaranth.hdl import Assert, Assume, ClockDomain, Elaboratable, Module, Mux, Signal, Value, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ceprop.boards.rtl.granule_splitter import GranuleSplitter
from ceprop.boards.rtl.pipeline_register import PipelineRegister
from ceprop.boards.rtl.stream_crossing import StreamCrossing
from ceprop.hdl.io.fifo import Fifo
from ceprop.hdl.streams import stream_of
from ceprop.hdl.typing import Interface
from ceprop.verification.formal.harness import earlier
from ceprop.verification.formal.proof import Property

_BITS = 3
"""Bits of a payload. The largest queue here holds fewer than `2^_BITS` payloads."""
_PAYLOAD: Any = unsigned(_BITS)
_PATIENCE = 12
"""Cycles in which a payload comes through where the reader is always ready."""


class _InOrder(Elaboratable):
    """A part with a stream in and a stream out, and what goes through it: 0, 1, 2 and so on.

    With `patient` the reader, once ready, stays ready until a payload comes.
    """

    def __init__(self, part: Any, source: stream.Interface, target: stream.Interface, *, patient: bool = False):
        self.part, self.source, self.target, self.patient = part, source, target, patient
        self.inputs = [source.valid, target.ready]

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.part = self.part
        source, target = self.source, self.target
        given, taken = Signal(_BITS, name="given"), Signal(_BITS, name="taken")
        m.d.sync += [given.eq(given + (source.valid & source.ready)), taken.eq(taken + (target.valid & target.ready))]
        m.d.comb += [source.payload.eq(given), Assert(~target.valid | (target.payload == taken))]
        _contract(m, source, target)
        _progress(m, source.valid, target)
        if self.patient:
            m.d.comb += Assume(~earlier(m, target.ready & ~target.valid, 1) | target.ready)
        return m


def _contract(m: Module, source: stream.Interface, target: stream.Interface) -> None:
    """What is offered stays until it is taken: an assumption about the source, an assertion about the target."""
    m.d.comb += [
        Assume(~earlier(m, source.valid & ~source.ready, 1) | source.valid),
        Assert(~earlier(m, target.valid & ~target.ready, 1) | target.valid),
    ]


def _progress(m: Module, waits: Value, target: stream.Interface) -> None:
    """While something waits and the reader is ready, a payload comes within some cycles."""
    cycles = Signal(range(_PATIENCE + 2), name="cycles_without_a_payload")
    m.d.sync += cycles.eq(Mux(target.valid | ~target.ready | ~waits, 0, cycles + (cycles <= _PATIENCE)))
    m.d.comb += Assert(cycles <= _PATIENCE)


class _Writer(wiring.Component):
    """A FIFO whose writer knows how many words are in it, as a stream."""

    source: Interface
    target: Interface

    def __init__(self, fifo: Fifo):
        self._fifo = fifo
        words = stream_of(len(fifo.word))
        super().__init__({"source": In(words), "target": Out(words)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.fifo = fifo = self._fifo
        count = Signal(range(fifo.depth + 1), name="count")
        left = fifo.out.valid & fifo.out.ready
        m.d.sync += count.eq(count + fifo.write - left)
        m.d.comb += [
            # A single word may be replaced in the cycle in which it leaves.
            self.source.ready.eq((count != fifo.depth) | (left if fifo.depth == 1 else 0)),
            fifo.write.eq(self.source.valid & self.source.ready),
            fifo.word.eq(self.source.payload),
        ]
        wiring.connect(m, fifo.out, wiring.flipped(self.target))
        return m


class _Split(Elaboratable):
    """A splitter of bytes whose numbers count up, and the granules that must leave it."""

    def __init__(self, bits: int):
        self.bits, self.splitter = bits, GranuleSplitter(bits)
        splitter = self.splitter
        self.inputs = [splitter.bytes.valid, splitter.granules.ready, splitter.drop]

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.splitter = splitter = self.splitter
        source, target, count = splitter.bytes, splitter.granules, 8 // self.bits
        given, taken = Signal(8, name="given"), Signal(8, name="taken")
        index = Signal(range(count), name="index")
        leaves = target.valid & target.ready
        ends = (leaves & (index == count - 1)) | (splitter.drop & (index != 0))
        m.d.sync += [
            given.eq(given + (source.valid & source.ready)),
            taken.eq(taken + ends),
            index.eq(Mux(ends, 0, index + leaves)),
        ]
        m.d.comb += [
            source.payload.eq(given),
            Assume(~(splitter.drop & leaves)),
            Assert(~target.valid | (target.payload == taken.word_select(index, self.bits))),
            Assume(~earlier(m, source.valid & ~source.ready, 1) | source.valid),
            Assert(~earlier(m, target.valid & ~target.ready & ~splitter.drop, 1) | target.valid),
        ]
        _progress(m, source.valid & ~splitter.drop, target)
        return m


class _Crossing(Elaboratable):
    """A crossing of clock domains whose clocks come at any time, and what goes through it."""

    def __init__(self) -> None:
        self.crossing = StreamCrossing(_PAYLOAD, source_domain="source", target_domain="target")
        self.source_domain, self.target_domain = (ClockDomain(name, reset_less=True) for name in ("source", "target"))
        self.inputs = [
            *(self.source_domain.clk, self.target_domain.clk),
            *(self.crossing.source.valid, self.crossing.target.ready),
        ]

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.domains += [self.source_domain, self.target_domain]
        m.submodules.crossing = crossing = self.crossing
        source, target = crossing.source, crossing.target
        given, taken = Signal(_BITS, name="given"), Signal(_BITS, name="taken")
        offered, waited = Signal(name="offered_before"), Signal(name="waited_before")
        m.d.source += [given.eq(given + (source.valid & source.ready)), offered.eq(source.valid & ~source.ready)]
        m.d.target += [taken.eq(taken + (target.valid & target.ready)), waited.eq(target.valid & ~target.ready)]
        m.d.comb += [
            source.payload.eq(given),
            Assume(~offered | source.valid),
            Assert(~waited | target.valid),
            Assert(~target.valid | (target.payload == taken)),
        ]
        return m


def pipeline_register(draw: random.Random) -> Property:
    """The pipeline register between two ends of a stream, for both kinds of readers."""
    patient = draw.random() < 0.5
    part = PipelineRegister(_PAYLOAD, patient=patient)
    design = _InOrder(part, part.source, part.target, patient=patient)
    return Property(f"pipeline register{', patient' if patient else ''}", design, design.inputs)


def fifo(draw: random.Random) -> Property:
    """The FIFO of a core, of one word and of several."""
    depth = draw.choice((1, 2, 4))
    part = _Writer(Fifo(_BITS, depth))
    design = _InOrder(part, part.source, part.target)
    return Property(f"FIFO of {depth} words", design, design.inputs, bound=None if depth == 1 else 14)


def granule_splitter(draw: random.Random) -> Property:
    """The splitter of bytes, with parts of bytes that are dropped."""
    bits = draw.choice((1, 2, 4, 8))
    design = _Split(bits)
    return Property(f"granules of {bits} bits", design, design.inputs, bound=None if bits == 8 else 16)


def stream_crossing(_: random.Random) -> Property:
    """The crossing between two clocks without any relation."""
    design = _Crossing()
    return Property("stream crossing", design, design.inputs, bound=20, several_clocks=True)
