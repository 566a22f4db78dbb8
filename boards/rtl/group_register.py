"""The words of a group on their way between bytes and the core."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ceprop.hdl.io.stream_payloads import Ports
from ceprop.specification import Geometry


class GroupRegister(wiring.Component):
    """Takes a group at once or byte by byte, and gives it likewise.

    It is as wide as the array, and lies where the core is rather than where it is told what to do; so it does that a
    cycle later, and what enables all of it is a register.

    Members
    -------
    load, loading, response : In, Out, In
        In the next cycle, which `loading` marks, take all of the core's words.
    shift, byte : In
        In the next cycle forget the lowest byte, and take this one at the top; it must still be there then.
    words : Out
        In as many whole bytes as hold them.
    """

    def __init__(self, geometry: Geometry):
        ports = Ports(geometry)
        super().__init__(
            {
                "load": In(1),
                "loading": Out(1),
                "response": In(ports.response),
                "shift": In(1),
                "byte": In(8),
                "words": Out(8 * ports.group_bytes),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """A shift register."""
        m = Module()
        moving = Signal(name="moving")
        # Without a reset, for it is as wide as the array.
        words = Signal.like(self.words, name="held_words", reset_less=True)
        m.d.sync += [self.loading.eq(self.load), moving.eq(self.load | self.shift)]
        with m.If(moving):
            m.d.sync += words.eq(Mux(self.loading, self.response, Cat(words, self.byte)[8:]))
        m.d.comb += self.words.eq(words)
        return m
