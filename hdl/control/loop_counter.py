"""A loop counter whose end is known from a register, not from a comparison in the same cycle."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out


class LoopCounter(wiring.Component):
    """Counts from 0 to `length - 1`, over and over; a length of 0 counts as 1.

    Members
    -------
    load, length : In
        Begin anew with this length.
    step : In
        Go on to the next number.
    index, final : Out
        The number, and whether it is the last one.
    """

    def __init__(self, bits: int):
        super().__init__({"load": In(1), "length": In(bits), "step": In(1), "index": Out(bits), "final": Out(1)})

    def elaborate(self, platform: object) -> Module:
        """The number before the last one is worked out at the start."""
        m = Module()
        single, before_last = Signal(name="single"), Signal.like(self.length, name="before_last")
        with m.If(self.load):
            m.d.sync += [
                self.index.eq(0),
                self.final.eq(self.length <= 1),
                single.eq(self.length <= 1),
                before_last.eq(self.length - 2),
            ]
        with m.Elif(self.step):
            with m.If(self.final):
                m.d.sync += [self.index.eq(0), self.final.eq(single)]
            with m.Else():
                m.d.sync += [self.index.eq(self.index + 1), self.final.eq(self.index == before_last)]
        return m
