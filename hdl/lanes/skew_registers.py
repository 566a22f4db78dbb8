"""Registers that skew the lanes of the wavefront, or align them again."""

from typing import Any

from amaranth.hdl import Module, Shape
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ceprop.hdl.delay import delay


class SkewRegisters(wiring.Component):
    """Delays lane `k` by the `k // lanes_a_hop` cycles by which it acts after the first lane (`align=False`), or by the
    cycles by which it acts before the last lane (`align=True`).

    Skewing turns words that arrive together into a wavefront along an edge, which meets a message that hops from lane
    to lane. Aligning gathers a wavefront into words that leave together. Throughput: one word per lane and cycle.

    Parameters
    ----------
    lanes, bits : int
        Number of words and width of each.
    lanes_a_hop : int
        Number of neighbours that act in the same cycle.
    align : bool
        Align instead of skew.

    Members
    -------
    words, delayed : In, Out, arrays
        One word per lane.
    """

    words: Any
    delayed: Any

    def __init__(self, lanes: int, bits: int, lanes_a_hop: int, *, align: bool):
        self.lanes = lanes
        self.lanes_a_hop = lanes_a_hop
        self.align = align
        shape = Shape(bits)
        super().__init__({"words": In(shape).array(lanes), "delayed": Out(shape).array(lanes)})

    def elaborate(self, platform: object) -> Module:
        """One row of registers per lane."""
        m = Module()
        for lane in range(self.lanes):
            cycles = lane // self.lanes_a_hop
            if self.align:
                cycles = (self.lanes - 1) // self.lanes_a_hop - cycles
            m.d.comb += self.delayed[lane].eq(delay(m, self.words[lane], cycles, f"lane{lane}"))
        return m
