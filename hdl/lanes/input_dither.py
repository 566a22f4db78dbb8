"""The constant dither of an input, computed where it is used instead of stored with every input."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ceprop.hdl.lanes.dither import INPUT_DITHER
from ceprop.hdl.lanes.messages import Messages
from ceprop.hdl.lanes.stages import lane_stages
from ceprop.specification import Geometry


class InputDither(wiring.Component):
    """The low bits of `INPUT_DITHER j` for the input `j = slot cols + lane`.

    That is a constant multiple of the slot, the sum of shifted copies of it; a few of them are added in every cycle.
    Latency: `lane_stages(geometry).dither` cycles. Throughput: one input per cycle.

    Members
    -------
    slot : In
        Column slot of an input.
    dither : Out
        As many bits as an input's update drops; `latency` cycles later.
    """

    slot: Signal
    dither: Signal

    def __init__(self, geometry: Geometry, lane: int):
        self.latency = lane_stages(geometry).dither
        specification = geometry.specification
        bits = specification.update_shift(1)
        factor = INPUT_DITHER[specification.generator_bits]
        self._offset = factor * lane % (1 << bits)
        self._digits = signed_digits(factor * geometry.cols % (1 << bits), bits)
        super().__init__({"slot": In(Messages(geometry).event_index_bits), "dither": Out(bits)})

    def elaborate(self, platform: object) -> Module:
        """As many terms per cycle as the latency asks for."""
        m = Module()
        terms = -(-len(self._digits) // self.latency)
        slot, total = self.slot, self._offset
        for stage in range(self.latency):
            here = self._digits[stage * terms : (stage + 1) * terms]
            added = Signal(len(self.dither), name=f"added_{stage}", reset_less=True)
            m.d.sync += added.eq(total + sum((slot << k if sign > 0 else -(slot << k)) for k, sign in here))
            later = Signal.like(self.slot, name=f"slot_{stage}", reset_less=True)
            m.d.sync += later.eq(slot)
            slot, total = later, added
        m.d.comb += self.dither.eq(total)
        return m


def signed_digits(value: int, bits: int) -> list[tuple[int, int]]:
    """`(k, sign)` of the fewest terms `sign 2^k` whose sum is a value modulo `2^bits` (its non-adjacent form)."""
    digits = []
    for k in range(bits):
        if value & 1:
            sign = 2 - (value & 3)
            digits.append((k, sign))
            value -= sign
        value >>= 1
    return digits
