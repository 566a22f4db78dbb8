"""A UART: 8 data bits, the lowest first, no parity, one stop bit; the line is high at rest."""

from fractions import Fraction

from amaranth.hdl import Cat, Const, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

from ceprop.errors import CepropError

LEAST_DIVISOR = 4
"""Clock cycles of a bit below which its middle is not hit well."""

BAUD_TOLERANCE = 0.015
"""Share by which a bit on the line may be too long or too short; the other end is off by as much again."""

_BITS = 10
"""Start bit, data, stop bit."""


def uart_divisor(clock_hz: int, baud: int) -> int:
    """Clock cycles of a bit. Raises :class:`CepropError` where the clock is too slow for the baud rate, or makes none
    that is within `BAUD_TOLERANCE` of it, with the nearest that it makes."""
    divisor = round(clock_hz / baud)
    mhz = f"{clock_hz / 1e6:g} MHz"
    if divisor < LEAST_DIVISOR:
        raise CepropError(f"baud rate {baud:,}: must be at most {clock_hz // LEAST_DIVISOR:,} with a clock of {mhz}")
    if not serves(Fraction(clock_hz), baud):
        around = {max(LEAST_DIVISOR, clock_hz // baud), clock_hz // baud + 1}
        nearest = " or ".join(f"{clock_hz // cycles:,}" for cycles in sorted(around))
        off = clock_hz / divisor / baud - 1
        raise CepropError(f"baud rate {baud:,}: a clock of {mhz} makes it {off:+.1%}; the nearest are {nearest}")
    return divisor


def serves(clock_hz: Fraction, baud: int) -> bool:
    """Whether a UART with that clock makes the baud rate: with cycles enough for a bit, and near enough."""
    divisor = round(clock_hz / baud)
    return divisor >= LEAST_DIVISOR and abs(clock_hz / divisor / baud - 1) <= BAUD_TOLERANCE


def nearest_baud(clock_hz: int, baud: int) -> int:
    """What a UART with that clock makes in place of a baud rate."""
    return clock_hz // max(LEAST_DIVISOR, round(clock_hz / baud))


class UartReceiver(wiring.Component):
    """Gives every byte once, in a single cycle: whoever takes them must be faster than the line.

    Members
    -------
    rx : In
        The line, from any clock.
    valid, byte : Out
        A byte has come.
    """

    def __init__(self, divisor: int):
        self._divisor = divisor
        super().__init__({"rx": In(1, init=1), "valid": Out(1), "byte": Out(8)})

    def elaborate(self, platform: object) -> Module:
        """Looks at the line in the middle of each bit, counted from the start bit's edge."""
        m = Module()
        line = Signal(name="line", init=1)
        m.submodules.synchronizer = FFSynchronizer(self.rx, line, init=1)
        timer = Signal(range(self._divisor), name="timer")
        left = Signal(range(_BITS + 1), name="left")
        shift = Signal(8, name="shift")
        m.d.comb += self.byte.eq(shift)
        m.d.sync += self.valid.eq(0)
        with m.If(left == 0):
            m.d.sync += timer.eq(self._divisor // 2 - 1)
            with m.If(~line):
                m.d.sync += left.eq(_BITS)
        with m.Elif(timer != 0):
            m.d.sync += timer.eq(timer - 1)
        with m.Else():
            m.d.sync += [timer.eq(self._divisor - 1), left.eq(left - 1)]
            # A start bit that is high in its middle was none.
            with m.If((left == _BITS) & line):
                m.d.sync += left.eq(0)
            with m.Elif(left == 1):
                m.d.sync += self.valid.eq(line)
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
