"""The group of inputs that the sample unpacker fills."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ceprop.hdl.io.stream_payloads import Ports
from ceprop.specification import Geometry


class InputGroup(wiring.Component):
    """A shift register for the value of each lane.

    Parameters
    ----------
    geometry : Geometry
        The network's.
    granule_bits : int
        Bits that are shifted in at once.

    Members
    -------
    store, lane, granule : In
        Shift a granule into the value of a lane, from the highest bit on.
    clear : In
        Clear the group. Nothing is stored in this cycle.
    values : Out
        The inputs of the group, lane 0 first. They have no reset, because they are as wide as the array.
    filled : Out
        Something was stored since the group was cleared.
    """

    store: Signal
    lane: Signal
    granule: Signal
    clear: Signal
    values: data.View
    filled: Signal

    def __init__(self, geometry: Geometry, granule_bits: int):
        self._cols = geometry.cols
        super().__init__(
            {
                "store": In(1),
                "lane": In(range(geometry.cols)),
                "granule": In(granule_bits),
                "clear": In(1),
                "values": Out(Ports(geometry).sample["values"].shape),
                "filled": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """The lane that stores shifts."""
        m = Module()
        width = self.values.shape().elem_shape.width
        words = [Signal(width, name=f"value_{k}", reset_less=True) for k in range(self._cols)]
        m.d.comb += [self.values[k].eq(word) for k, word in enumerate(words)]
        with m.If(self.clear):
            m.d.sync += [self.filled.eq(0), *(word.eq(0) for word in words)]
        with m.Elif(self.store):
            m.d.sync += self.filled.eq(1)
            for k, word in enumerate(words):
                with m.If(self.lane == k):
                    m.d.sync += word.eq(Cat(word, self.granule)[len(self.granule) :])
        return m
