"""The clock of SPI in mode 0, and the bits that go with it: they change when it falls, and the part takes them when it
rises."""

from amaranth.hdl import Cat, Const, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out


class SpiBits(wiring.Component):
    """Sends a bit on line 0, or on all of four lines, and receives one bit, two or four with every period of the clock.

    The part gives its next bits when the clock falls. They are taken when the clock falls the next time, in the same
    cycle. So the way out through the pins, the part, and the way back have a whole period, not half of one; the clock
    of an ECP5 is slow to reach the part. The bits are still there: the part changes them only after that fall has
    reached it.

    Parameters
    ----------
    period : int
        Cycles of a period of the clock, at least 2.
    lines : int
        Lines that can be received on, 1, 2 or 4. Four can be sent on too, else one.

    Members
    -------
    run : In
        The clock goes on. Else it stands.
    hold : In
        The clock does not fall.
    load : In
        The lines take `next` at once, not only when the clock falls.
    next : In
        The next bit for each line that can be sent on.
    width : In
        Lines that are received on, as a power of two.
    rises, falls : Out
        The clock rises or falls at the end of this cycle.
    received : Out
        The last eight bits, the first one highest.
    clock, data_out, data_in : Out, Out, In
        The pins.
    """

    run: Signal
    hold: Signal
    load: Signal
    next: Signal
    width: Signal
    rises: Signal
    falls: Signal
    received: Signal
    clock: Signal
    data_out: Signal
    data_in: Signal

    def __init__(self, period: int, lines: int):
        self._period, self._lines = period, lines
        sent = 4 if lines == 4 else 1
        super().__init__(
            {
                "run": In(1),
                "hold": In(1),
                "load": In(1),
                "next": In(sent),
                "width": In(range(max(2, lines.bit_length()))),
                "rises": Out(1),
                "falls": Out(1),
                "received": Out(8),
                "clock": Out(1),
                "data_out": Out(sent),
                "data_in": In(max(2, lines)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """A clock, and a shift register for what comes in."""
        m = Module()
        over = self._add_timer(m)
        m.d.comb += [
            self.rises.eq(self.run & over & ~self.clock),
            self.falls.eq(self.run & over & self.clock & ~self.hold),
        ]
        with m.If(self.rises | self.falls):
            m.d.sync += self.clock.eq(~self.clock)
        with m.If(self.falls | self.load):
            m.d.sync += self.data_out.eq(self.next)
        with m.If(self.falls), m.Switch(self.width):
            # One line answers on line 1; several on all, the highest bit on the highest line.
            with m.Case(0):
                m.d.sync += self.received.eq(Cat(self.data_in[1], self.received))
            for width in range(1, self._lines.bit_length()):
                with m.Case(width):
                    m.d.sync += self.received.eq(Cat(self.data_in[: 1 << width], self.received))
        return m

    def _add_timer(self, m: Module) -> Value:
        """Whether the clock has been high or low for long enough; where a period is odd, it is low for longer."""
        high = self._period // 2
        low = self._period - high
        timer = Signal(range(low), init=low - 1, name="timer")
        with m.If(self.rises):
            m.d.sync += timer.eq(high - 1)
        with m.Elif(self.falls):
            m.d.sync += timer.eq(low - 1)
        with m.Elif(self.run & (timer != 0)):
            m.d.sync += timer.eq(timer - 1)
        return timer == 0


def digits(number: Value) -> list[Value]:
    """What goes out over four lines, the highest digit first."""
    return [Value.cast(number[k : k + 4]) for k in reversed(range(0, len(number), 4))]


def on_line_0(bit: Value) -> Value:
    """The bit on line 0, while WP and HOLD, the lines 2 and 3, are high; the part may drive line 1."""
    return Value.cast(Cat(bit, Const(0b111, 3)))
