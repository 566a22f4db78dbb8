"""The input cell: the list of non-zero inputs of one column lane, which the array walks instead of all inputs."""

from amaranth.hdl import Module, Mux, Signal, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from ceprop.geometry import Geometry, memory_depth
from ceprop.hdl.dither import INPUT_PATTERN
from ceprop.hdl.lanes import delay
from ceprop.hdl.messages import Messages
from ceprop.hdl.synapse import ADDRESS_STAGE, DITHER_STAGE


class InputCell(wiring.Component):
    """Remembers the non-zero inputs of a sample and sends them into the array by their number in the list.

    Members
    -------
    event, event_out : In, Out
        A group of inputs on its way along the edge; `value` is this lane's own, in the same cycle as the message in
        this lane.
    tile : In
        The `tile` message in this lane; with `input`, its `index` is an event's number.
    slot, present : Out
        Column slot of the event and whether the list is that long; one cycle after `tile`.
    operand : Out
        The input, zero beyond the list; one cycle after `tile`.
    dither : Out
        The input's constant pattern; `ADDRESS_STAGE + DITHER_STAGE` cycles after `tile`, as a neuron's dither is.
    """

    def __init__(self, geometry: Geometry):
        self.geometry = geometry
        messages = Messages(geometry)
        self._slot_bits = messages.event["slot"].shape.width
        super().__init__(
            {
                "event": In(messages.event),
                "event_out": Out(messages.event),
                "value": In(geometry.specification.formats.input_bits),
                "tile": In(messages.tile),
                "slot": Out(messages.event_index_bits),
                "present": Out(1),
                "operand": Out(geometry.specification.formats.input_bits),
                "dither": Out(geometry.dither_bits),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """One list: written by events, read by tiles."""
        m = Module()
        bits = self.geometry.specification.generator_bits
        entry = data.StructLayout(
            {
                "slot": unsigned(self._slot_bits),
                "value": unsigned(self.geometry.specification.formats.input_bits),
                "pattern": unsigned(bits),
            }
        )
        m.submodules.entries = memory = Memory(shape=entry, depth=memory_depth(self.geometry.slots(0)), init=[])
        write, read = memory.write_port(), memory.read_port()

        event = Signal(self.event.shape(), name="event_hop")
        m.d.sync += event.eq(self.event)
        count = Signal(event.largest.shape())
        place = Signal.like(count)
        following = Signal.like(count)
        wanted = (self.value != 0) | event.everything
        m.d.comb += [
            place.eq(Mux(event.first, 0, count)),
            following.eq(place + wanted),
            write.addr.eq(place),
            write.data.slot.eq(event.slot),
            write.data.value.eq(self.value),
            write.data.pattern.eq(event.pattern),
            write.en.eq(event.valid & wanted),
            self.event_out.eq(event),
            self.event_out.pattern.eq(event.pattern + (INPUT_PATTERN[bits] & ((1 << bits) - 1))),
            self.event_out.largest.eq(Mux(following > event.largest, following, event.largest)),
        ]
        with m.If(event.valid):
            m.d.sync += count.eq(following)

        m.d.comb += [read.addr.eq(self.tile.index), read.en.eq(1)]
        present = Signal()
        m.d.sync += present.eq(self.tile.input & (self.tile.index < count))
        shift = self.geometry.dither_shift(1)
        pattern = (read.data.pattern << shift)[: self.geometry.dither_bits]
        m.d.comb += [
            self.slot.eq(read.data.slot),
            self.present.eq(present),
            self.operand.eq(Mux(present, read.data.value, 0)),
            self.dither.eq(delay(m, pattern, ADDRESS_STAGE + DITHER_STAGE - 1, "pattern")),
        ]
        return m
