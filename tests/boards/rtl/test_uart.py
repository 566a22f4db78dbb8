"""The UART: bytes pass, as close as the line allows, and a clock too slow for the line is refused."""

# Amaranth makes ports and states at run time, where pyright cannot see them.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportOperatorIssue=false
# pyright: reportArgumentType=false

from typing import Any

import pytest
from amaranth.hdl import Module
from amaranth.sim import Simulator

from ceprop import CepropError
from ceprop.boards.parts.baud import uart_divisor
from ceprop.boards.rtl.uart import UartReceiver, UartSender


@pytest.mark.parametrize("divisor", [4, 7])
def test_bytes_that_follow_each_other_take_ten_bits_each(divisor: int) -> None:
    sender: Any = UartSender(divisor)
    simulator = Simulator(sender)
    simulator.add_clock(1e-6)
    sent = [0x00, 0xFF, 0x35]
    levels = []

    async def everything(context: Any) -> None:
        left = list(sent)
        for _ in range(divisor * 35):
            context.set(sender.bytes.valid, bool(left))
            context.set(sender.bytes.payload, left[0] if left else 0)
            if left and context.get(sender.bytes.ready):
                left.pop(0)
            levels.append(context.get(sender.tx))
            await context.tick()

    simulator.add_testbench(everything)
    simulator.run()
    bits = [bit for byte in sent for bit in (0, *((byte >> k) & 1 for k in range(8)), 1)]
    expected = [1] + [bit for bit in bits for _ in range(divisor)]
    assert levels[: len(expected)] == expected
    assert all(levels[len(expected) :])


@pytest.mark.parametrize("divisor", [4, 5, 12])
def test_bytes_pass_a_uart(divisor: int) -> None:
    sender, receiver = UartSender(divisor), UartReceiver(divisor)
    m = Module()
    m.submodules += [sender, receiver]
    m.d.comb += receiver.rx.eq(sender.tx)
    simulator = Simulator(m)
    simulator.add_clock(1e-6)
    sent, found = bytes([0, 255, 0x55, 0xAA, 1, 128]), bytearray()

    async def host(context: Any) -> None:
        left = list(sent)
        for _ in range(12 * divisor * len(sent)):
            context.set(sender.bytes.valid, bool(left))
            context.set(sender.bytes.payload, left[0] if left else 0)
            if left and context.get(sender.bytes.ready):
                left.pop(0)
            if context.get(receiver.valid):
                found.append(context.get(receiver.byte))
            await context.tick()

    simulator.add_testbench(host)
    simulator.run()
    assert found == sent


def test_a_clock_too_slow_for_the_line_is_refused() -> None:
    assert uart_divisor(12_000_000, 3_000_000) == 4
    with pytest.raises(CepropError, match=r"baud rate 4,000,000: must be at most 3,000,000 with a clock of 12 MHz"):
        uart_divisor(12_000_000, 4_000_000)
