"""Programs of two small top levels with the ports of a board's: an echo, and a bridge from the line to the flash."""

# Amaranth makes ports and states at run time, where pyright cannot see them.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportOperatorIssue=false
# pyright: reportArgumentType=false

from pathlib import Path

import pytest
from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import In, Out

from ceprop.boards.rtl.uart import UartReceiver, UartSender, uart_divisor
from ceprop.boards.virtual.board import BAUD, CLOCK_HZ
from ceprop.boards.virtual.executable import build_executable
from ceprop.hdl.export import to_verilog

_DIVISOR = uart_divisor(CLOCK_HZ, BAUD)
_DEPTH = 4096
_PORTS = {"rx": In(1, init=1), "tx": Out(1, init=1), "working": Out(1), "linked": Out(1)}
_FLASH_PORTS = {"flash_select": Out(1), "flash_clock": Out(1), "flash_out": Out(1), "flash_in": In(1)}


class Echo(wiring.Component):
    """Sends back what it receives. The sender takes a cycle a byte more than the line, so bytes wait for it."""

    def __init__(self) -> None:
        super().__init__(_PORTS)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.receiver = receiver = UartReceiver(_DIVISOR)
        m.submodules.sender = sender = UartSender(_DIVISOR)
        m.submodules.fifo = fifo = SyncFIFOBuffered(width=8, depth=_DEPTH)
        m.d.comb += [
            receiver.rx.eq(self.rx),
            self.tx.eq(sender.tx),
            fifo.w_en.eq(receiver.valid),
            fifo.w_data.eq(receiver.byte),
            sender.bytes.valid.eq(fifo.r_rdy),
            sender.bytes.payload.eq(fifo.r_data),
            fifo.r_en.eq(sender.bytes.ready),
        ]
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
            self.flash_out.eq(shift[-1]),
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
                    m.d.sync += shift.eq(Cat(self.flash_in, shift[:-1]))
                with m.If(step == 15):
                    m.next = "give"
            with m.State("give"):
                m.d.comb += sender.bytes.valid.eq(1)
                with m.If(sender.bytes.ready):
                    m.d.sync += left.eq(left - 1)
                    m.next = "take"
        return m


@pytest.fixture(scope="session")
def echo_verilog() -> str:
    return to_verilog(Echo(), "board")


@pytest.fixture(scope="session")
def echo(echo_verilog: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_executable(echo_verilog, "board", tmp_path_factory.mktemp("echo"), flash=False)


@pytest.fixture(scope="session")
def bridge(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_executable(to_verilog(Bridge(), "board"), "board", tmp_path_factory.mktemp("bridge"), flash=True)
