"""A short queue in block RAM, whose reader looks a cycle after the writer has written."""

from amaranth.hdl import Module, Mux, Signal, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ceprop.hdl.lanes import lane_memory


class Queue(wiring.Component):
    """Keeps words in their order. Amaranth's own lets a word through in the cycle in which it is written, which costs
    more than the memory where block RAM cannot do that.

    Parameters
    ----------
    bits : int
        Width of a word.
    depth : int
        Most words, a power of two. Whoever writes sees to it that there is room.

    Members
    -------
    write, word : In
        A word to be kept.
    out : Out, stream
        The oldest word.
    """

    def __init__(self, bits: int, depth: int):
        self._depth = depth
        super().__init__({"write": In(1), "word": In(bits), "out": Out(stream.Signature(unsigned(bits)))})

    def elaborate(self, platform: object) -> Module:
        """A memory, and how many words went into it and out of it, with one bit more than an address has."""
        m = Module()
        m.submodules.words = memory = lane_memory(unsigned(len(self.word)), self._depth)
        write, read = memory.write_port(), memory.read_port()
        written, readable, taken = (
            Signal(range(2 * self._depth), name=name) for name in ("written", "readable", "taken")
        )
        following = Signal.like(taken)
        moves = self.out.valid & self.out.ready
        m.d.comb += [
            following.eq(Mux(moves, taken + 1, taken)),
            self.out.valid.eq(readable != taken),
            write.en.eq(self.write),
            write.addr.eq(written),
            write.data.eq(self.word),
            read.en.eq(1),
            read.addr.eq(following),
            self.out.payload.eq(read.data),
        ]
        m.d.sync += [taken.eq(following), readable.eq(written), written.eq(written + self.write)]
        return m
