"""Registers that shape the wavefront: plain delays, and the triangles that skew and align the lanes of an edge."""

from amaranth.hdl import Module, Shape, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out


def delay(m: Module, value: Value | data.View, cycles: int, name: str) -> Value | data.View:
    """`value` some cycles later; registers without reset."""
    for stage in range(cycles):
        register = Signal(value.shape(), name=f"{name}_{stage + 1}", reset_less=True)
        m.d.sync += register.eq(value)
        value = register
    return value


class Triangle(wiring.Component):
    """Delays lane `k` of `lanes` by `k` cycles (`align=False`) or by `lanes - 1 - k` (`align=True`).

    Skewing turns words that arrive together into a wavefront along an edge, which meets a command that hops from lane
    to lane; aligning gathers a wavefront into words that leave together.
    """

    def __init__(self, lanes: int, bits: int, *, align: bool):
        self.lanes = lanes
        self.align = align
        shape = Shape(bits)
        super().__init__({"words": In(shape).array(lanes), "moved": Out(shape).array(lanes)})

    def elaborate(self, platform: object) -> Module:
        """One row of registers a lane."""
        m = Module()
        for lane in range(self.lanes):
            cycles = self.lanes - 1 - lane if self.align else lane
            m.d.comb += self.moved[lane].eq(delay(m, self.words[lane], cycles, f"lane{lane}"))
        return m
