"""Programs of small top levels with the ports of a board's: an echo for each transport, and a bridge from the line to
the flash."""

# Amaranth makes ports and states at run time, where pyright cannot see them.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportOperatorIssue=false
# pyright: reportArgumentType=false

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import pytest
from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import In, Out

from ceprop.boards.parts.baud import uart_divisor
from ceprop.boards.rtl.transport import SPI_CYCLES, Transport, make_transport
from ceprop.boards.rtl.uart import UartReceiver, UartSender
from ceprop.boards.virtual.board import BAUD, CLOCK_HZ
from ceprop.boards.virtual.executable import build_executable
from ceprop.hdl.export import to_verilog

_DIVISOR = uart_divisor(CLOCK_HZ, BAUD)
_DEPTH = 4096
_PORTS = {"rx": In(1, init=1), "tx": Out(1, init=1), "working": Out(1), "linked": Out(1)}
_FLASH_PORTS = {
    "flash_select": Out(1),
    "flash_clock": Out(1),
    "flash_dq_out": Out(2),
    "flash_dq_in": In(2),
    "flash_dq_enable": Out(2, init=1),
}


class Echo(wiring.Component):
    """Sends back what it receives."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        super().__init__(transport.pins | {"working": Out(1), "linked": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.transport = transport = self._transport
        m.submodules.fifo = fifo = SyncFIFOBuffered(width=8, depth=_DEPTH)
        wiring.connect(m, transport.received, fifo.w_stream)
        wiring.connect(m, fifo.r_stream, transport.sent)
        for name, member in transport.pins.items():
            ours, theirs = getattr(self, name), getattr(transport, name)
            m.d.comb += ours.eq(theirs) if member.flow == Out else theirs.eq(ours)
        return m


class Bridge(wiring.Component):
    """An SPI master on the line: a byte says how many follow, which go to the flash while it is selected; for each, the
    byte that came from the flash meanwhile goes back."""

    def __init__(self) -> None:
        super().__init__(_PORTS | _FLASH_PORTS)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.receiver = receiver = UartReceiver(_DIVISOR)
        m.submodules.sender = sender = UartSender(_DIVISOR)
        left, shift, step = Signal(8), Signal(8), Signal(4)
        m.d.comb += [
            receiver.rx.eq(self.rx),
            self.tx.eq(sender.tx),
            sender.bytes.payload.eq(shift),
            self.flash_select.eq(left != 0),
            self.flash_clock.eq(step[0]),
            self.flash_dq_out.eq(shift[-1]),
            self.flash_dq_enable.eq(1),
        ]
        with m.FSM():
            with m.State("take"), m.If(receiver.valid):
                with m.If(left == 0):
                    m.d.sync += left.eq(receiver.byte)
                with m.Else():
                    m.d.sync += shift.eq(receiver.byte)
                    m.next = "exchange"
            with m.State("exchange"):
                m.d.sync += step.eq(step + 1)
                with m.If(step[0]):
                    m.d.sync += shift.eq(Cat(self.flash_dq_in[1], shift[:-1]))
                with m.If(step == 15):
                    m.next = "give"
            with m.State("give"):
                m.d.comb += sender.bytes.valid.eq(1)
                with m.If(sender.bytes.ready):
                    m.d.sync += left.eq(left - 1)
                    m.next = "take"
        return m


SoonCompiled = Callable[[], AbstractContextManager[None]]


@pytest.fixture(autouse=True)
def soon(soon_compiled: SoonCompiled) -> Iterator[None]:
    """Every board here runs for a short time."""
    with soon_compiled():
        yield


@dataclass(frozen=True)
class EchoProgram:
    """The program, what it was made from, bits a second of its line, and the cycles of a byte."""

    program: bytes
    folder: Path
    verilog: str
    transport: str
    baud: int
    byte_cycles: int


@pytest.fixture(scope="session", params=["uart", "spi", "axi4-stream", "wishbone"])
def transport(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="session")
def echo(transport: str, soon_compiled: SoonCompiled, tmp_path_factory: pytest.TempPathFactory) -> EchoProgram:
    verilog = to_verilog(Echo(make_transport(transport, CLOCK_HZ, BAUD)), "board")
    folder = tmp_path_factory.mktemp("echo")
    with soon_compiled():
        program = build_executable(verilog, "board", folder, transport=transport)
    # The echo takes a byte a cycle from a bus.
    baud, bits = {"uart": (BAUD, 10), "spi": (CLOCK_HZ // SPI_CYCLES, 8)}.get(transport, (CLOCK_HZ, 1))
    return EchoProgram(program, folder, verilog, transport, baud, bits * CLOCK_HZ // baud)


@pytest.fixture(scope="session")
def bridge(soon_compiled: SoonCompiled, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    with soon_compiled():
        return build_executable(
            to_verilog(Bridge(), "board"), "board", tmp_path_factory.mktemp("bridge"), flash_lines=1
        )
