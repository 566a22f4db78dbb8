"""The lists of one lane's units that the array walks instead of all: those that changed, those that are active."""

from typing import NamedTuple

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ceprop.hdl.checks import check
from ceprop.hdl.delay import delay
from ceprop.hdl.devices.named_ports import read_port, write_port
from ceprop.hdl.lanes.lane_memory import lane_memory
from ceprop.hdl.lanes.messages import Listing, Messages
from ceprop.hdl.lanes.stages import lane_stages, step_beats
from ceprop.hdl.neuron.signatures import LaneLengths, SteppedNeuron, address_of, neuron_address
from ceprop.hdl.typing import Fields, Interface
from ceprop.specification import Edge, Geometry, memory_depth


class _Entry(NamedTuple):
    """A unit that may enter a list, and its address there."""

    valid: Value
    address: Fields
    unit: Value


class EventLists(wiring.Component):
    """Two lists per layer, written anew by every step.

    Throughput: one unit listed per step message, one unit looked up per cycle. Latency: one cycle to the unit,
    `lane_stages(geometry).present` cycles to whether the list is that long.

    Members
    -------
    stepped : In
        A unit after its step.
    lengths : Out
        Lengths of the layer's lists with this unit, one cycle later.
    source : In
        The message in this lane.
    slot, present : Out
        The unit that the message means, one cycle later, and whether the list is that long, at the lane's stage.
    """

    stepped: Interface
    lengths: Interface
    source: Fields
    slot: Signal
    present: Signal

    def __init__(self, geometry: Geometry, edge: Edge):
        self.geometry = geometry
        self.edge: Edge = edge
        super().__init__(
            {
                "stepped": In(SteppedNeuron(geometry, edge)),
                "lengths": Out(LaneLengths(geometry, edge)),
                "source": In(Messages(geometry).source(edge)),
                "slot": Out(geometry.slot_bits(edge)),
                "present": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Counts of every layer, the lists themselves; then the look-ups."""
        m = Module()
        unit, layers = self.stepped, len(self.geometry.layers(self.edge))
        counts: dict[Listing, Array] = {}
        entries: dict[Listing, _Entry] = {}
        for listing, length, wanted in (
            (Listing.CHANGED, self.lengths.changed, unit.changed),
            (Listing.ACTIVE, self.lengths.active, unit.active),
        ):
            name = listing.name.lower()
            counts[listing] = Array(Signal(len(length), name=f"{name}_count_{k}") for k in range(layers))
            before = Mux(unit.first, 0, counts[listing][unit.layer])
            check(m, f"{name}_list_overflow", unit.valid & wanted & (before >= self._slots(unit.layer)))
            m.d.sync += length.eq(before + wanted)
            with m.If(unit.valid):
                m.d.sync += counts[listing][unit.layer].eq(before + wanted)
            entries[listing] = _Entry(unit.valid & wanted, self._address(before, unit.layer), unit.index)
        # Where steps come every cycle a unit may enter both lists in one cycle.
        units = self._two_memories(m, entries) if step_beats(self.geometry) == 1 else self._one_memory(m, entries)
        self._look_up(m, counts, units)
        return m

    def _address(self, number: Value, layer: Value) -> Fields:
        """Address of a number in the list of a layer: as that of a neuron, with the number for the slot."""
        return address_of(self.geometry, self.edge, number, layer)

    def _slots(self, layer: Value) -> Value:
        """Slots of a layer: no list of it is longer."""
        slots = [Const(self.geometry.slots(number)) for number in self.geometry.layers(self.edge)]
        return Value.cast(Array(slots)[layer])

    @property
    def _depth(self) -> int:
        return memory_depth(self.geometry.neuron_words(self.edge))

    def _two_memories(self, m: Module, entries: dict[Listing, _Entry]) -> dict[Listing, Value]:
        """One memory for each list; returns the unit that was read from each."""
        units = {}
        for listing, entry in entries.items():
            m.submodules[listing.name.lower()] = memory = lane_memory(self.slot.shape(), self._depth)
            write, read = write_port(memory), read_port(memory)
            m.d.comb += [write.en.eq(entry.valid), write.addr.eq(entry.address), write.data.eq(entry.unit)]
            m.d.comb += [read.en.eq(1), read.addr.eq(self._address(self.source.index, self.source.layer))]
            units[listing] = read.data
        return units

    def _one_memory(self, m: Module, entries: dict[Listing, _Entry]) -> dict[Listing, Value]:
        """One memory, with the lists of active units in its upper half, takes the entries in turn: a changed unit
        enters one cycle later."""
        m.submodules.units = memory = lane_memory(self.slot.shape(), 2 * self._depth)
        write, read = write_port(memory), read_port(memory)
        active, early = entries[Listing.ACTIVE], entries[Listing.CHANGED]
        changed = _Entry(
            delay(m, early.valid, 1, "changed_valid"),
            delay(m, early.address, 1, "changed_address"),
            delay(m, early.unit, 1, "changed_unit"),
        )
        size = neuron_address(self.geometry, self.edge).size
        address = Signal(size, name="entry_address")
        m.d.comb += address.eq(Mux(changed.valid, changed.address.as_value(), active.address.as_value()))
        asked = self._address(self.source.index, self.source.layer).as_value()
        m.d.comb += [
            write.en.eq(active.valid | changed.valid),
            write.addr.eq(Cat(address, ~changed.valid)),
            write.data.eq(Mux(changed.valid, changed.unit, active.unit)),
            read.en.eq(1),
            read.addr.eq(Cat(asked, self.source.listing == Listing.ACTIVE)),
        ]
        return {Listing.CHANGED: read.data, Listing.ACTIVE: read.data}

    def _look_up(self, m: Module, counts: dict[Listing, Array], units: dict[Listing, Value]) -> None:
        """The message's own index, or the unit at that index of a list; and whether the list is that long."""
        message = self.source
        named = Signal.like(self.slot, name="named_slot", reset_less=True)
        listing = Signal(Listing, name="listing", reset_less=True)
        m.d.sync += [named.eq(message.index), listing.eq(message.listing)]
        m.d.comb += self.slot.eq(named)
        # The length first, then the comparison.
        length = Signal.like(self.lengths.changed, name="length")
        for kind, unit in units.items():
            with m.If(message.listing == kind):
                m.d.comb += length.eq(counts[kind][message.layer])
            with m.If(listing == kind):
                m.d.comb += self.slot.eq(unit)
        cycles = lane_stages(self.geometry).present - 1
        everyone = delay(m, message.listing == Listing.ALL, cycles, "everyone")
        index, compared = delay(m, message.index, cycles, "index"), delay(m, length, cycles, "length")
        m.d.sync += self.present.eq(everyone | (index < compared))
