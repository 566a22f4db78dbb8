"""A loop counter whose end is known from a register, not from a comparison in the same cycle."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out


class LoopCounter(wiring.Component):
    """Counts from 0 to `length - 1`, again and again; a length of 0 counts as 1.

    Latency: one cycle from `load` or `step` to `index` and `final`. Throughput: one number per cycle.

    Members
    -------
    load, length : In
        Begin again at 0, with this length; `load` prevails over `step`.
    step : In
        Go on to the next number; behind the last one follows 0.
    index, final : Out
        The number, and whether it is the last one.
    """

    load: Signal
    length: Signal
    step: Signal
    index: Signal
    final: Signal

    def __init__(self, bits: int):
        super().__init__({"load": In(1), "length": In(bits), "step": In(1), "index": Out(bits), "final": Out(1)})

    def elaborate(self, platform: object) -> Module:
        """The number before the last one is computed by `load`, so that a comparison with it gives `final` in time."""
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
