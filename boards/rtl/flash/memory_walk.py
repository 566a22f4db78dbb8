"""Walks over everything that learning changes, a group of words after the other, in the order of a snapshot."""

from amaranth.hdl import Array, Const, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ceprop.hdl.io.stream_payloads import Ports
from ceprop.hdl.lanes.messages import Space
from ceprop.specification import Edge, Geometry


def stretches(geometry: Geometry) -> list[tuple[Space, bool, int, int]]:
    """Memory, whether it is the column edge's, column of the weights, and groups there: weights column by column, then
    biases and generators of either edge."""
    edges: list[Edge] = ["row", "column"] if geometry.layers("column") else ["row"]
    found = [(Space.WEIGHT, False, lane, geometry.weight_words) for lane in range(geometry.cols)]
    for space in (Space.BIAS, Space.GENERATOR):
        found += [(space, edge == "column", 0, geometry.neuron_words(edge)) for edge in edges]
    return found


def snapshot_bytes(geometry: Geometry) -> int:
    """Bytes of a snapshot's groups."""
    return Ports(geometry).group_bytes * sum(count for *_, count in stretches(geometry))


class MemoryWalk(wiring.Component):
    """Where a snapshot's next group lies.

    Members
    -------
    start, advance : In
        Begin with the first group; go on to the next, at most every fourth cycle.
    space, column, lane, address : Out
        As in a command of the core.
    last : Out
        The group is the last one.
    """

    start: Signal
    advance: Signal
    space: Signal
    column: Signal
    lane: Signal
    address: Signal
    last: Signal

    def __init__(self, geometry: Geometry):
        self._stretches = stretches(geometry)
        command = Ports(geometry).command
        super().__init__(
            {
                "start": In(1),
                "advance": In(1),
                "space": Out(Space),
                "column": Out(1),
                "lane": Out(command["lane"].shape),
                "address": Out(command["address"].shape),
                "last": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Numbers of the stretch and of the group in it."""
        m = Module()
        number = Signal(range(len(self._stretches)), name="number")
        spaces, columns, lanes, counts = zip(*self._stretches, strict=True)

        def of_stretch(values) -> Value:
            return Value.cast(Array(Const(int(value)) for value in values)[number])

        final = Signal(name="final")
        m.d.comb += [
            Value.cast(self.space).eq(of_stretch(space.value for space in spaces)),
            self.column.eq(of_stretch(columns)),
            self.lane.eq(of_stretch(lanes)),
        ]
        end = Signal.like(self.address, name="end")
        m.d.sync += [
            end.eq(of_stretch(count - 1 for count in counts)),
            final.eq(self.address == end),
            self.last.eq(final & (number == len(self._stretches) - 1)),
        ]
        with m.If(self.start):
            m.d.sync += [number.eq(0), self.address.eq(0)]
        with m.Elif(self.advance & final):
            m.d.sync += [number.eq(number + 1), self.address.eq(0)]
        with m.Elif(self.advance):
            m.d.sync += self.address.eq(self.address + 1)
        return m
