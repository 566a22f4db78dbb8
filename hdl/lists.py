"""The lists of one lane's units that the array walks instead of all: those that changed, those that are active."""

from amaranth.hdl import Array, Cat, Module, Mux, Signal, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from ceprop.geometry import Edge, Geometry
from ceprop.hdl.lanes import lane_memory
from ceprop.hdl.messages import Listing, Messages

PRESENT_STAGE = 2
"""Cycles from a `source` message in its lane to `present`: its list's length first, then the comparison."""


class UnitLists(wiring.Component):
    """Two lists a layer, written anew by every step.

    Members
    -------
    push : In
        A unit after its step: `valid`, its `layer` and slot `index`, whether it is the layer's `first`, and on which
        lists it belongs.
    changed_count, active_count : Out
        Lengths of the layer's lists with this unit, a cycle later.
    source : In
        The message in this lane.
    slot, present : Out
        The unit that it means, one cycle later, and whether the list is that long, `PRESENT_STAGE` cycles later.
    """

    def __init__(self, geometry: Geometry, edge: Edge):
        self.geometry = geometry
        self.edge: Edge = edge
        messages = Messages(geometry)
        slot, layer = unsigned(geometry.slot_bits(edge)), unsigned(messages.layer_bits(edge))
        push = {"valid": 1, "first": 1, "changed": 1, "active": 1, "index": slot, "layer": layer}
        super().__init__(
            {
                "push": In(data.StructLayout(push)),
                "changed_count": Out(messages.list_bits(edge)),
                "active_count": Out(messages.list_bits(edge)),
                "source": In(messages.source(edge)),
                "slot": Out(slot),
                "present": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Two memories and their counts, a layer each; then the look-ups."""
        m = Module()
        changed, active = self._list(m, Listing.CHANGED), self._list(m, Listing.ACTIVE)
        for (memory, counts), count, wanted in (
            (changed, self.changed_count, self.push.changed),
            (active, self.active_count, self.push.active),
        ):
            write = memory.write_port()
            before = Mux(self.push.first, 0, counts[self.push.layer])
            m.d.sync += count.eq(before + wanted)
            m.d.comb += [
                write.addr.eq(Cat(before[: len(self.push.index)], self.push.layer)),
                write.data.eq(self.push.index),
                write.en.eq(self.push.valid & wanted),
            ]
            with m.If(self.push.valid):
                m.d.sync += counts[self.push.layer].eq(before + wanted)
        self._look_up(m, {Listing.CHANGED: changed, Listing.ACTIVE: active})
        return m

    def _list(self, m: Module, listing: Listing):
        name = listing.name.lower()
        layers = len(self.geometry.layers(self.edge))
        m.submodules[name] = memory = lane_memory(self.slot.shape(), self.geometry.neuron_words(self.edge))
        return memory, Array(Signal(len(self.changed_count), name=f"{name}_count_{k}") for k in range(layers))

    def _look_up(self, m: Module, lists: dict[Listing, tuple[Memory, Array]]) -> None:
        """The message's own index, or the unit at that index of a list."""
        message = self.source
        named = Signal.like(self.slot, name="named_slot", reset_less=True)
        listing = Signal(Listing, name="listing", reset_less=True)
        length = Signal.like(self.changed_count, name="length", reset_less=True)
        m.d.sync += [
            named.eq(message.index),
            listing.eq(message.listing),
            self.present.eq((listing == Listing.ALL) | (named < length)),
        ]
        m.d.comb += self.slot.eq(named)
        for kind, (memory, counts) in lists.items():
            read = memory.read_port()
            m.d.comb += [read.addr.eq(Cat(message.index, message.layer)), read.en.eq(1)]
            with m.If(message.listing == kind):
                m.d.sync += length.eq(counts[message.layer])
            with m.If(listing == kind):
                m.d.comb += self.slot.eq(read.data)
