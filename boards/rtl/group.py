"""The words of a group on their way between bytes and the core."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ceprop.geometry import Geometry
from ceprop.hdl.ports import Ports


class Group(wiring.Component):
    """Takes a group at once or byte by byte, and gives it likewise.

    It is as wide as the array, and lies where the core is rather than where it is told what to do; so that comes from
    registers.

    Members
    -------
    load, response : In
        Take all of the core's words in this cycle; `load` must come from a register.
    shift, byte : In
        In the next cycle forget the lowest byte, and take this one at the top; it must still be there then.
    words : Out
        In as many whole bytes as hold them.
    """

    def __init__(self, geometry: Geometry):
        ports = Ports(geometry)
        bits = 8 * ports.group_bytes
        members = {"load": In(1), "response": In(ports.response), "shift": In(1), "byte": In(8), "words": Out(bits)}
        super().__init__(members)

    def elaborate(self, platform: object) -> Module:
        """A shift register."""
        m = Module()
        shifting = Signal()
        m.d.sync += shifting.eq(self.shift)
        with m.If(self.load):
            m.d.sync += self.words.eq(self.response)
        with m.Elif(shifting):
            m.d.sync += self.words.eq(Cat(self.words, self.byte)[8:])
        return m
