# amaranth: UnusedElaboratable=no
"""Clipping and saturation of every number of every small width, narrower than the result too."""

import pytest
from amaranth.hdl import Module, Signal, signed
from amaranth.sim import Simulator

from ceprop.hdl.cell.saturation import clip, saturate


@pytest.mark.parametrize("width", range(1, 8))
@pytest.mark.parametrize("bits", range(1, 6))
def test_clip_and_saturate(width: int, bits: int) -> None:
    m = Module()
    value, clipped = Signal(signed(width)), Signal(16)
    m.d.comb += clipped.eq(clip(value, bits))
    saturated, beyond = Signal(signed(16)), Signal()
    if width > bits:
        limited, over = saturate(value, bits)
        m.d.comb += [saturated.eq(limited.as_signed()), beyond.eq(over)]
    low, high = -(1 << (bits - 1)), (1 << (bits - 1)) - 1

    async def bench(context) -> None:
        for number in range(-(1 << width >> 1), 1 << width >> 1):
            context.set(value, number)
            assert context.get(clipped) == min(max(number, 0), (1 << bits) - 1)
            if width > bits:
                assert context.get(saturated) == min(max(number, low), high)
                assert context.get(beyond) == (not low <= number <= high)

    simulator = Simulator(m)
    simulator.add_testbench(bench)
    simulator.run()
