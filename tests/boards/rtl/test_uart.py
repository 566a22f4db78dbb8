"""The UART: bytes pass, as close as the line allows, and what is no byte makes none. A clock too slow for the line is
refused."""

# Amaranth makes ports and states at run time, where pyright cannot see them.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportOperatorIssue=false
# pyright: reportArgumentType=false

from bisect import bisect_right
from itertools import accumulate
from typing import Any

import pytest
from amaranth.hdl import Module
from amaranth.sim import Simulator
from hypothesis import given, settings
from hypothesis import strategies as st

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


Level = tuple[float, int]
"""For how many clock cycles a level lasts, and the level."""


def receive(divisor: int, levels: list[Level]) -> bytes:
    """What the receiver makes of a line."""
    receiver = UartReceiver(divisor)
    simulator = Simulator(receiver)
    simulator.add_clock(1e-6)
    found = bytearray()

    async def line(context: Any) -> None:
        ends = list(accumulate(length for length, _ in levels))
        for cycle in range(int(ends[-1]) + 12 * divisor):
            number = bisect_right(ends, cycle)
            context.set(receiver.rx, levels[number][1] if number < len(levels) else 1)
            await context.tick()
            if context.get(receiver.valid):
                found.append(context.get(receiver.byte))

    simulator.add_testbench(line)
    simulator.run()
    return bytes(found)


def bits_of(byte: int, bit_cycles: float, stop: int = 1) -> list[Level]:
    """A byte on the line."""
    return [(bit_cycles, bit) for bit in (0, *((byte >> k) & 1 for k in range(8)), stop)]


def rest(cycles: float) -> list[Level]:
    """A line at rest."""
    return [(cycles, 1)]


@given(
    divisor=st.sampled_from([4, 5, 6, 12, 35]),
    error=st.floats(-0.02, 0.02),
    phase=st.floats(0, 1),
    sent=st.binary(min_size=1, max_size=8),
    gap=st.floats(0, 3),
)
@settings(max_examples=60, deadline=None)
def test_a_line_of_another_clock(divisor: int, error: float, phase: float, sent: bytes, gap: float) -> None:
    """A sender's clock may differ by 2 per cent, at any phase, with or without a rest between bytes."""
    bit_cycles = divisor * (1 + error)
    levels = rest(3 + phase)
    for byte in sent:
        levels += [*bits_of(byte, bit_cycles), *rest(gap * divisor)]
    assert receive(divisor, levels) == sent


@pytest.mark.parametrize("divisor", [8, 12, 35])
def test_a_glitch_is_no_start_bit(divisor: int) -> None:
    for length in (1, divisor // 2 - 2):
        glitch: list[Level] = [(length, 0)]
        assert receive(divisor, rest(9) + glitch + rest(divisor) + bits_of(0x5A, divisor)) == b"\x5a"


@pytest.mark.parametrize("bits", [10, 10.5, 14, 19, 25.5, 40])
def test_a_break_makes_no_bytes(bits: float) -> None:
    """It may end at any place. The line is high for a bit after it."""
    divisor = 6
    low: list[Level] = [(bits * divisor, 0)]
    levels = rest(9) + bits_of(0x81, divisor) + low + rest(divisor) + bits_of(0x5A, divisor)
    assert receive(divisor, levels) == b"\x81\x5a"


def test_a_byte_without_a_stop_bit_is_dropped() -> None:
    for byte in (0x00, 0x35, 0xFF):
        levels = rest(9) + bits_of(byte, 6, stop=0) + rest(6) + bits_of(0x5A, 6)
        assert receive(6, levels) == b"\x5a"


def test_a_clock_too_slow_for_the_line_is_refused() -> None:
    assert uart_divisor(12_000_000, 3_000_000) == 4
    with pytest.raises(CepropError, match=r"baud rate 4,000,000: must be at most 3,000,000 with a clock of 12 MHz"):
        uart_divisor(12_000_000, 4_000_000)
