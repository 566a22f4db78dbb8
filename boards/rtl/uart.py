"""A UART: 8 data bits, the lowest first, no parity, one stop bit; the line is high at rest."""

from amaranth.hdl import Cat, Const, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

_BITS = 10
"""Start bit, data, stop bit."""

_NO_STOP_BIT = _BITS + 1
"""In place of the bits that are left: the line was low where the stop bit should have been."""


class UartReceiver(wiring.Component):
    """Gives every byte once, in a single cycle: the part that takes them must be faster than the line.

    A byte without its stop bit is dropped. The next start bit is looked for after the line has been high, so that a
    break, which is longer than a byte, makes no bytes.

    Members
    -------
    rx : In
        The line, from any clock.
    valid, byte : Out
        A byte has come.
    """

    rx: Signal
    valid: Signal
    byte: Signal

    def __init__(self, divisor: int):
        self._divisor = divisor
        super().__init__({"rx": In(1, init=1), "valid": Out(1), "byte": Out(8)})

    def elaborate(self, platform: object) -> Module:
        """Looks at the line in the middle of each bit, counted from the start bit's edge."""
        m = Module()
        line = Signal(name="line", init=1)
        m.submodules.synchronizer = FFSynchronizer(self.rx, line, init=1)
        timer = Signal(range(self._divisor), name="timer")
        left = Signal(range(_NO_STOP_BIT + 1), name="left")
        shift = Signal(8, name="shift")
        m.d.comb += self.byte.eq(shift)
        m.d.sync += self.valid.eq(0)
        with m.If(left == 0):
            m.d.sync += timer.eq(self._divisor // 2 - 1)
            with m.If(~line):
                m.d.sync += left.eq(_BITS)
        with m.Elif(left == _NO_STOP_BIT), m.If(line):
            m.d.sync += left.eq(0)
        with m.Elif(timer != 0):
            m.d.sync += timer.eq(timer - 1)
        with m.Else():
            m.d.sync += [timer.eq(self._divisor - 1), left.eq(left - 1)]
            # A start bit that is high in its middle was none.
            with m.If((left == _BITS) & line):
                m.d.sync += left.eq(0)
            with m.Elif(left == 1):
                m.d.sync += self.valid.eq(line)
                with m.If(~line):
                    m.d.sync += left.eq(_NO_STOP_BIT)
            with m.Else():
                m.d.sync += shift.eq(Cat(shift[1:], line))
        return m


class UartSender(wiring.Component):
    """Sends bytes.

    Members
    -------
    bytes : In, stream
        What to send.
    tx : Out
        The line.
    """

    bytes: stream.Interface
    tx: Signal

    def __init__(self, divisor: int):
        self._divisor = divisor
        super().__init__({"bytes": In(stream.Signature(8)), "tx": Out(1, init=1)})

    def elaborate(self, platform: object) -> Module:
        """A shift register whose lowest bit is the line; a byte that follows another begins where that one's stop bit
        ends."""
        m = Module()
        timer = Signal(range(self._divisor), name="timer")
        left = Signal(range(_BITS), name="left")
        shift = Signal(_BITS, name="shift", init=-1)
        m.d.comb += [self.tx.eq(shift[0]), self.bytes.ready.eq((timer == 0) & (left == 0))]
        with m.If(timer != 0):
            m.d.sync += timer.eq(timer - 1)
        with m.Elif(left != 0):
            m.d.sync += [timer.eq(self._divisor - 1), left.eq(left - 1), shift.eq(Cat(shift[1:], Const(1, 1)))]
        with m.Elif(self.bytes.valid):
            m.d.sync += [
                timer.eq(self._divisor - 1),
                left.eq(_BITS - 1),
                shift.eq(Cat(Const(0, 1), self.bytes.payload, Const(1, 1))),
            ]
        return m
