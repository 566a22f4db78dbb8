"""The lists of one lane's units that the array walks instead of all: those that changed, those that are active."""

from typing import NamedTuple

from amaranth.hdl import Array, Cat, Module, Mux, Signal, Value, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ceprop.hdl.delay import delay
from ceprop.hdl.devices.named_ports import read_port, write_port
from ceprop.hdl.lanes.messages import Listing, Messages
from ceprop.hdl.lanes.stages import lane_stages, step_beats
from ceprop.hdl.lanes.wavefront import lane_memory
from ceprop.specification import Edge, Geometry, address_bits, memory_depth


class _Entry(NamedTuple):
    """A unit that may enter a list, and where."""

    valid: Value
    place: Value
    unit: Value


class EventLists(wiring.Component):
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
        The unit that it means, one cycle later, and whether the list is that long, at the lane's stage.
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
        """Counts of every layer, the lists themselves; then the look-ups."""
        m = Module()
        push = self.push
        counts: dict[Listing, Array] = {}
        entries: dict[Listing, _Entry] = {}
        for listing, count, wanted in (
            (Listing.CHANGED, self.changed_count, push.changed),
            (Listing.ACTIVE, self.active_count, push.active),
        ):
            name, layers = listing.name.lower(), len(self.geometry.layers(self.edge))
            counts[listing] = Array(Signal(len(count), name=f"{name}_count_{k}") for k in range(layers))
            before = Mux(push.first, 0, counts[listing][push.layer])
            m.d.sync += count.eq(before + wanted)
            with m.If(push.valid):
                m.d.sync += counts[listing][push.layer].eq(before + wanted)
            entries[listing] = _Entry(push.valid & wanted, self._place(before, push.layer), push.index)
        units = (self._apart if step_beats(self.geometry) == 1 else self._together)(m, entries)
        self._look_up(m, counts, units)
        return m

    def _place(self, index: Value, layer: Value) -> Value:
        """Address in a list of every layer."""
        return Value.cast(Cat(index[: len(self.slot)], layer))[: address_bits(self._depth)]

    @property
    def _depth(self) -> int:
        return memory_depth(self.geometry.neuron_words(self.edge))

    def _apart(self, m: Module, entries: "dict[Listing, _Entry]") -> dict[Listing, Value]:
        """A memory for each list, for a unit may enter both in one cycle."""
        units = {}
        for listing, entry in entries.items():
            m.submodules[listing.name.lower()] = memory = lane_memory(self.slot.shape(), self._depth)
            write, read = write_port(memory), read_port(memory)
            m.d.comb += [write.en.eq(entry.valid), write.addr.eq(entry.place), write.data.eq(entry.unit)]
            m.d.comb += [read.en.eq(1), read.addr.eq(self._place(self.source.index, self.source.layer))]
            units[listing] = read.data
        return units

    def _together(self, m: Module, entries: "dict[Listing, _Entry]") -> dict[Listing, Value]:
        """Where steps come every second cycle, one memory takes the entries in turn."""
        m.submodules.units = memory = lane_memory(self.slot.shape(), 2 * self._depth)
        write, read = write_port(memory), read_port(memory)
        active = entries[Listing.ACTIVE]
        changed = _Entry(*(delay(m, value, 1, f"changed_{k}") for k, value in enumerate(entries[Listing.CHANGED])))
        m.d.comb += [
            write.en.eq(active.valid | changed.valid),
            write.addr.eq(Cat(Mux(changed.valid, changed.place, active.place), ~changed.valid)),
            write.data.eq(Mux(changed.valid, changed.unit, active.unit)),
            read.en.eq(1),
            read.addr.eq(Cat(self._place(self.source.index, self.source.layer), self.source.listing == Listing.ACTIVE)),
        ]
        return {Listing.CHANGED: read.data, Listing.ACTIVE: read.data}

    def _look_up(self, m: Module, counts: dict[Listing, Array], units: dict[Listing, Value]) -> None:
        """The message's own index, or the unit at that index of a list."""
        message = self.source
        named = Signal.like(self.slot, name="named_slot", reset_less=True)
        listing = Signal(Listing, name="listing", reset_less=True)
        m.d.sync += [named.eq(message.index), listing.eq(message.listing)]
        m.d.comb += self.slot.eq(named)
        # The length first, then the comparison.
        length = Signal.like(self.changed_count, name="length")
        for kind, unit in units.items():
            with m.If(message.listing == kind):
                m.d.comb += length.eq(counts[kind][message.layer])
            with m.If(listing == kind):
                m.d.comb += self.slot.eq(unit)
        cycles = lane_stages(self.geometry).present - 1
        everyone, index, length = (
            delay(m, value, cycles, name)
            for value, name in (
                (message.listing == Listing.ALL, "everyone"),
                (message.index, "index"),
                (length, "length"),
            )
        )
        m.d.sync += self.present.eq(everyone | (index < length))
