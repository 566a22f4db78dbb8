"""The input cell: the lists of non-zero inputs of one column lane, which the array walks instead of all inputs."""

from amaranth.hdl import Array, Cat, Module, Mux, Signal, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ceprop.geometry import Geometry
from ceprop.hdl.lanes import delay, lane_memory
from ceprop.hdl.messages import Messages
from ceprop.hdl.pattern import InputPattern
from ceprop.hdl.synapse import ADDRESS_STAGE, DITHER_STAGE


class InputCell(wiring.Component):
    """Remembers the non-zero inputs of a sample and sends them into the array by their number in the list; the next
    sample's go into a second list meanwhile.

    Parameters
    ----------
    geometry : Geometry
        Widths and depths.
    lane : int
        Number of the column lane, for the dither of its inputs.

    Members
    -------
    event, event_out : In, Out
        A group of inputs on its way along the edge; `value` is this lane's own, in the same cycle as the message in
        this lane.
    tile : In
        The `tile` message in this lane.
    slot, present : Out
        Column slot of the event and whether the list is that long; one cycle after `tile`.
    operand : Out
        The input, zero beyond the list; one cycle after `tile`.
    dither : Out
        The input's constant pattern; `ADDRESS_STAGE + DITHER_STAGE` cycles after `tile`, as a neuron's dither is.
    """

    def __init__(self, geometry: Geometry, lane: int):
        self.geometry = geometry
        self._lane = lane
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
        """Two lists: written by events, read by tiles."""
        m = Module()
        entry = data.StructLayout(
            {
                "value": unsigned(self.geometry.specification.formats.input_bits),
                "slot": unsigned(self._slot_bits),
            }
        )
        m.submodules.entries = memory = lane_memory(entry, 2 << len(self.tile.index))
        write, read = memory.write_port(), memory.read_port()
        counts = Array(Signal(self.event.longest.shape(), name=f"count_{bank}") for bank in range(2))

        event = Signal(self.event.shape(), name="event_hop")
        m.d.sync += event.eq(self.event)
        count = Signal.like(counts[0])
        place = Signal.like(count)
        wanted = (self.value != 0) | event.everything
        m.d.comb += [
            count.eq(counts[event.bank]),
            place.eq(Mux(event.first, 0, count)),
            write.addr.eq(Cat(place[: len(self.tile.index)], event.bank)),
            write.data.slot.eq(event.slot),
            write.data.value.eq(self.value),
            write.en.eq(event.valid & wanted),
            self.event_out.eq(event),
            self.event_out.longest.eq(Mux(count > event.longest, count, event.longest)),
        ]
        with m.If(event.valid):
            m.d.sync += counts[event.bank].eq(place + wanted)

        m.d.comb += [read.addr.eq(Cat(self.tile.index, self.tile.bank)), read.en.eq(1)]
        present = Signal()
        m.d.sync += present.eq(self.tile.input & (self.tile.index < counts[self.tile.bank]))
        m.submodules.pattern = pattern = InputPattern(self.geometry, self._lane)
        late = delay(m, pattern.pattern, ADDRESS_STAGE + DITHER_STAGE - 1 - pattern.latency, "pattern")
        m.d.comb += [
            self.slot.eq(read.data.slot),
            self.present.eq(present),
            self.operand.eq(Mux(present, read.data.value, 0)),
            pattern.slot.eq(read.data.slot),
            self.dither.eq(late << self.geometry.dither_shift(1)),
        ]
        return m
