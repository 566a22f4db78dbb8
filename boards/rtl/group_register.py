"""The words of a group, between the bytes of the link and the core."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ceprop.hdl.io.stream_payloads import Ports
from ceprop.specification import Geometry


class GroupRegister(wiring.Component):
    """Takes a group at once or byte by byte, and gives it at once or byte by byte.

    The register is as wide as the array, and lies near the core, far from the part that controls it. So it acts a cycle
    later, and what enables all of its bits is a register.

    Members
    -------
    load, loading, response : In, Out, In
        In the next cycle, which `loading` marks, take all of the core's words.
    shift, byte : In
        In the next cycle forget the lowest byte, and take this one at the top; it must still be there then.
    words : Out
        The group, lane 0 first.
    bytes : Out
        The same as whole bytes, the lowest one first.
    """

    load: Signal
    loading: Signal
    response: data.View
    shift: Signal
    byte: Signal
    words: Signal
    bytes: data.View

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
                "bytes": Out(data.ArrayLayout(8, ports.group_bytes)),
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
        m.d.comb += [self.words.eq(words), self.bytes.as_value().eq(words)]
        return m
