"""A byte out and a byte in over SPI, mode 0: data changes when the clock falls and is taken when it rises."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out


class SpiByte(wiring.Component):
    """Exchanges one byte at a time, the highest bit first.

    Parameters
    ----------
    half_period : int
        Cycles for which the clock is low, and high.

    Members
    -------
    start, byte : In
        A byte to be sent, only while `idle`.
    idle : Out
        None is on its way.
    received : Out
        What came in meanwhile.
    clock, data_out, data_in : Out, Out, In
        The pins.
    """

    start: Signal
    byte: Signal
    idle: Signal
    received: Signal
    clock: Signal
    data_out: Signal
    data_in: Signal

    def __init__(self, half_period: int):
        self._half_period = half_period
        super().__init__(
            {
                "start": In(1),
                "byte": In(8),
                "idle": Out(1),
                "received": Out(8),
                "clock": Out(1),
                "data_out": Out(1),
                "data_in": In(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """One shift register: what comes in takes the place of what went out."""
        m = Module()
        shift, taken = Signal(8, name="shift"), Signal(name="taken")
        left = Signal(range(9), name="left")
        timer = Signal(range(self._half_period), name="timer")
        m.d.comb += [self.idle.eq(left == 0), self.received.eq(shift), self.data_out.eq(shift[7])]
        with m.If(self.start):
            m.d.sync += [shift.eq(self.byte), left.eq(8), timer.eq(self._half_period - 1)]
        with m.Elif(timer != 0):
            m.d.sync += timer.eq(timer - 1)
        with m.Elif(left != 0):
            m.d.sync += [timer.eq(self._half_period - 1), self.clock.eq(~self.clock)]
            with m.If(~self.clock):
                m.d.sync += taken.eq(self.data_in)
            with m.Else():
                m.d.sync += [shift.eq(Cat(taken, shift)), left.eq(left - 1)]
        return m
