"""What carries the link's bytes to a board. Each transport has the same two streams, and pins of its own."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

from ceprop.boards.parts.baud import uart_divisor
from ceprop.boards.rtl.uart import UartReceiver, UartSender
from ceprop.common.errors import CepropError


class Transport(wiring.Component):
    """The two streams that every transport has.

    Members
    -------
    received : Out, stream
        Bytes from the host.
    sent : In, stream
        Bytes to the host.
    the names in `pins`
        Pins of the system.
    """

    received: stream.Interface
    sent: stream.Interface

    def __init__(self, pins: dict[str, wiring.Member]):
        self.pins = pins
        super().__init__({"received": Out(stream.Signature(8)), "sent": In(stream.Signature(8)), **pins})


class UartTransport(Transport):
    """A UART: `rx` from the host, `tx` to it. Raises :class:`CepropError` where the clock does not make `baud` bits a
    second."""

    rx: Signal
    tx: Signal

    def __init__(self, clock_hz: int, baud: int):
        self._divisor = uart_divisor(clock_hz, baud)
        super().__init__({"rx": In(1, init=1), "tx": Out(1, init=1)})

    def elaborate(self, platform: object) -> Module:
        """A receiver, whose bytes the link takes faster than they come, and a sender."""
        m = Module()
        m.submodules.receiver = receiver = UartReceiver(self._divisor)
        m.submodules.sender = sender = UartSender(self._divisor)
        wiring.connect(m, wiring.flipped(self.sent), sender.bytes)
        m.d.comb += [
            receiver.rx.eq(self.rx),
            self.tx.eq(sender.tx),
            self.received.valid.eq(receiver.valid),
            self.received.payload.eq(receiver.byte),
        ]
        return m


SPI_CYCLES = 8
"""Our clock cycles that a bit of SPI takes at least."""

_ANSWER_CYCLES = 3
"""Our clock cycles after which the host's falling clock has put the next bit on our pin, at most."""

_WIRE_SECONDS = 25e-9
"""Allowed for pins, wires and the adapter on the way there and back."""


def fastest_spi_hz(core_hz: float) -> float:
    """The fastest clock of a host's SPI, in Hz, that a board with a clock of at least `core_hz` can follow: it sees
    every edge, and its bit is there half a bit after the one that falls."""
    return min(core_hz / SPI_CYCLES, 1 / (2 * (_ANSWER_CYCLES / core_hz + _WIRE_SECONDS)))


class SpiTransport(Transport):
    """The host as SPI master, mode 0, the highest bit first, its clock high and low for at least half of `SPI_CYCLES`
    each: `spi_select` (1 to exchange, from half a bit before the clock's first edge on), `spi_clock`, `spi_in` from the
    host and `spi_out` to it. Both sides exchange zeros when they have nothing to say: between frames they mean nothing.
    A byte whose eighth bit did not pass counts on neither side."""

    spi_select: Signal
    spi_clock: Signal
    spi_in: Signal
    spi_out: Signal

    def __init__(self):
        super().__init__({"spi_select": In(1), "spi_clock": In(1), "spi_in": In(1), "spi_out": Out(1)})

    def elaborate(self, platform: object) -> Module:
        """The pins are looked at with our clock; a new byte goes out when the clock falls after the eighth bit. It is
        taken only with its own eighth bit, for the host may stop before."""
        m = Module()
        select, clock, line = (Signal(name=name) for name in ("select", "clock", "line"))
        for name, pin, ours in (
            ("select", self.spi_select, select),
            ("clock", self.spi_clock, clock),
            ("line", self.spi_in, line),
        ):
            m.submodules[name] = FFSynchronizer(pin, ours)
        was_selected, was_high = Signal(name="was_selected"), Signal(name="was_high")
        incoming, outgoing, count = Signal(8, name="incoming"), Signal(8, name="outgoing"), Signal(3, name="count")
        rise, fall, load, last, offered = (Signal(name=name) for name in ("rise", "fall", "load", "last", "offered"))
        m.d.sync += [was_selected.eq(select), was_high.eq(clock), self.received.valid.eq(last)]
        m.d.comb += [
            rise.eq(select & clock & ~was_high),
            fall.eq(select & ~clock & was_high),
            load.eq((select & ~was_selected) | (fall & (count == 0))),
            last.eq(rise & (count == 7)),
            self.sent.ready.eq(last & offered),
            self.spi_out.eq(outgoing[7]),
            self.received.payload.eq(incoming),
        ]
        with m.If(rise):
            m.d.sync += [incoming.eq(Cat(line, incoming)), count.eq(count + 1)]
        with m.If(~select):
            m.d.sync += count.eq(0)
        with m.If(load):
            m.d.sync += [outgoing.eq(Mux(self.sent.valid, self.sent.payload, 0)), offered.eq(self.sent.valid)]
        with m.Elif(fall):
            m.d.sync += outgoing.eq(outgoing << 1)
        return m


class StreamTransport(Transport):
    """AXI4-Stream of bytes (Arm IHI 0051), every beat a byte: `s_axis` from the host, `m_axis` to it."""

    s_axis_tdata: Signal
    s_axis_tvalid: Signal
    s_axis_tready: Signal
    m_axis_tdata: Signal
    m_axis_tvalid: Signal
    m_axis_tready: Signal

    def __init__(self):
        super().__init__(
            {
                "s_axis_tdata": In(8),
                "s_axis_tvalid": In(1),
                "s_axis_tready": Out(1),
                "m_axis_tdata": Out(8),
                "m_axis_tvalid": Out(1),
                "m_axis_tready": In(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Wires."""
        m = Module()
        m.d.comb += [
            self.received.payload.eq(self.s_axis_tdata),
            self.received.valid.eq(self.s_axis_tvalid),
            self.s_axis_tready.eq(self.received.ready),
            self.m_axis_tdata.eq(self.sent.payload),
            self.m_axis_tvalid.eq(self.sent.valid),
            self.sent.ready.eq(self.m_axis_tready),
        ]
        return m


class WishboneTransport(Transport):
    """A Wishbone B4 slave of one 32-bit register. A write sends its lowest byte to the board, and is acknowledged when
    that is taken; a read takes a byte from the board: bits 0 to 7, with bit 8 set if there was one."""

    wb_cyc: Signal
    wb_stb: Signal
    wb_we: Signal
    wb_dat_w: Signal
    wb_dat_r: Signal
    wb_ack: Signal

    def __init__(self):
        super().__init__(
            {
                "wb_cyc": In(1),
                "wb_stb": In(1),
                "wb_we": In(1),
                "wb_dat_w": In(32),
                "wb_dat_r": Out(32),
                "wb_ack": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """The acknowledgement comes from a register, a cycle after the byte has passed."""
        m = Module()
        asked = Signal(name="asked")
        m.d.comb += [
            asked.eq(self.wb_cyc & self.wb_stb & ~self.wb_ack),
            self.received.payload.eq(self.wb_dat_w[:8]),
            self.received.valid.eq(asked & self.wb_we),
            self.sent.ready.eq(asked & ~self.wb_we),
        ]
        m.d.sync += self.wb_ack.eq(asked & (self.received.ready | ~self.wb_we))
        with m.If(asked):
            m.d.sync += self.wb_dat_r.eq(Cat(self.sent.payload, self.sent.valid))
        return m


def make_transport(kind: str, clock_hz: int, baud: int) -> Transport:
    """The transport "uart", which alone heeds `baud`, "spi", "axi4-stream" or "wishbone". Raises :class:`CepropError`
    for another one, and as :class:`UartTransport` does."""
    match kind:
        case "uart":
            return UartTransport(clock_hz, baud)
        case "spi":
            return SpiTransport()
        case "axi4-stream":
            return StreamTransport()
        case "wishbone":
            return WishboneTransport()
        case _:
            raise CepropError(f"transport {kind}: must be one of uart, spi, axi4-stream, wishbone")
