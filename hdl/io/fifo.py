"""A short FIFO, whose reader looks one cycle after the writer has written."""

from amaranth.hdl import Module, Signal, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ceprop.hdl.checks import check
from ceprop.hdl.devices.named_ports import read_port, write_port
from ceprop.hdl.lanes.lane_memory import lane_memory
from ceprop.hdl.streams import stream_of
from ceprop.hdl.typing import Interface


class Fifo(wiring.Component):
    """Keeps words in their order, in block RAM; a single one in a register.

    Amaranth's own FIFO lets a word through in the cycle in which it is written. Where block RAM cannot do that, the
    registers that make up for it cost more than the memory. Latency: two cycles from `write` to `out.valid`, or one
    with a `depth` of 1. Throughput: one word per cycle, or one in two cycles with a `depth` of 1.

    Parameters
    ----------
    bits : int
        Width of a word.
    depth : int
        Largest number of words, a power of two. The writer makes sure that there is room.

    Members
    -------
    write, word : In
        A word to be kept.
    out : Out, stream
        The oldest word.
    """

    write: Signal
    word: Signal
    out: Interface

    def __init__(self, bits: int, depth: int):
        self.depth = depth
        super().__init__({"write": In(1), "word": In(bits), "out": Out(stream_of(unsigned(bits)))})

    def elaborate(self, platform: object) -> Module:
        """One register, or a memory."""
        m = Module()
        if self.depth == 1:
            self._one_word(m)
        else:
            self._many_words(m)
        return m

    def _one_word(self, m: Module) -> None:
        check(m, "fifo_overflow", self.write & self.out.valid & ~self.out.ready)
        with m.If(self.write):
            m.d.sync += [self.out.valid.eq(1), self.out.payload.eq(self.word)]
        with m.Elif(self.out.ready):
            m.d.sync += self.out.valid.eq(0)

    def _many_words(self, m: Module) -> None:
        """A memory whose output register is the oldest word, and how many words went into it and out of it, with one
        bit more than an address has."""
        m.submodules.words = memory = lane_memory(unsigned(len(self.word)), self.depth)
        write, read = write_port(memory), read_port(memory)
        counts = unsigned(self.depth.bit_length())
        written, readable, taken = (Signal(counts, name=name) for name in ("written", "readable", "taken"))
        free, valid = Signal(name="free"), Signal(name="valid")
        m.d.comb += [
            free.eq(~valid | self.out.ready),
            write.en.eq(self.write),
            write.addr.eq(written),
            write.data.eq(self.word),
            read.en.eq(free),
            read.addr.eq(taken),
            self.out.valid.eq(valid),
            self.out.payload.eq(read.data),
        ]
        check(m, "fifo_overflow", self.write & ((written - taken)[: len(taken)] == self.depth))
        m.d.sync += [written.eq(written + self.write), readable.eq(written)]
        with m.If(free):
            m.d.sync += [valid.eq(readable != taken), taken.eq(taken + (readable != taken))]
