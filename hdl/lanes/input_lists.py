"""The input cell: the lists of non-zero inputs of one column lane, which the array walks instead of all inputs."""

from amaranth.hdl import Const, Module, Mux, Signal, Value, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ceprop.hdl.cell.synapse import DITHER_STAGE
from ceprop.hdl.delay import delay
from ceprop.hdl.devices.named_ports import read_port, write_port
from ceprop.hdl.lanes.input_dither import InputDither
from ceprop.hdl.lanes.messages import Messages
from ceprop.hdl.lanes.stages import lane_stages
from ceprop.hdl.lanes.wavefront import enter, lane_memory
from ceprop.specification import Geometry


class InputLists(wiring.Component):
    """Remembers the non-zero inputs of a sample and sends them into the array by their number in the list; where there
    is a second list, the next sample's go into it meanwhile.

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
        Column slot of the event and whether the list is that long, at the lane's stage after `tile`.
    operand : Out
        The input, zero beyond the list; beside `slot`.
    dither : Out
        The input's constant pattern, `DITHER_STAGE` cycles after the lane's address, as a neuron's dither is.
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
                "dither": Out(geometry.widths.dither_bits),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """One or two lists: written by events, read by tiles."""
        m = Module()
        entry = data.StructLayout(
            {
                "value": unsigned(self.geometry.specification.formats.input_bits),
                "slot": unsigned(self._slot_bits),
            }
        )
        event = enter(m, self.event, self.geometry.hop_registers(self._lane), "event_hop")
        # Length of the list that is being made.
        count = Signal.like(self.event.longest, name="count")
        place, following = Signal.like(count, name="place"), Signal.like(count, name="following")
        wanted = (self.value != 0) | event.everything
        m.d.comb += [
            place.eq(Mux(event.first, 0, count)),
            following.eq(place + wanted),
            self.event_out.eq(event),
            self.event_out.longest.eq(Mux(count > event.longest, count, event.longest)),
        ]
        written = Signal(entry, name="entry", reset_less=True)
        address = Signal.like(place, name="entry_address", reset_less=True)
        m.d.sync += [written.slot.eq(event.slot), written.value.eq(self.value), address.eq(place)]
        with m.If(event.valid):
            m.d.sync += count.eq(following)

        stages = lane_stages(self.geometry)
        # The address of the list, beside its length.
        index = delay(m, self.tile.index, stages.input - 1, "index")
        listed, lengths = [], []
        banks = self.geometry.input_lists

        def into(bank: int) -> Value:
            return event.bank == bank if banks == 2 else Const(1)

        def from_bank(bank: Value, values: list[Value]) -> Value:
            return Mux(bank, values[1], values[0]) if banks == 2 else values[0]

        for bank in range(banks):
            # Two memories, for one of twice the depth would take longer to read.
            memory = lane_memory(entry, self.geometry.slots(0))
            m.submodules[f"entries_{bank}"] = memory
            write, read = write_port(memory), read_port(memory)
            length, enable = Signal.like(count, name=f"length_{bank}"), Signal(name=f"write_{bank}")
            m.d.sync += enable.eq(event.valid & wanted & into(bank))
            with m.If(event.valid & into(bank)):
                m.d.sync += length.eq(following)
            m.d.comb += [
                write.addr.eq(address),
                write.data.eq(written),
                write.en.eq(enable),
                read.addr.eq(index),
                read.en.eq(1),
            ]
            listed.append(read.data)
            lengths.append(length)
        present = Signal(name="present")
        length = delay(m, from_bank(self.tile.bank, lengths), stages.input - 1, "length")
        m.d.sync += present.eq(delay(m, self.tile.input, stages.input - 1, "is_input") & (index < length))
        bank = delay(m, self.tile.bank, stages.input, "bank")
        slot = from_bank(bank, [found.slot for found in listed])
        value = from_bank(bank, [found.value for found in listed])
        m.submodules.pattern = pattern = InputDither(self.geometry, self._lane)
        late = delay(m, pattern.pattern, stages.address + DITHER_STAGE - stages.input - pattern.latency, "pattern")
        m.d.comb += [
            self.slot.eq(slot),
            self.present.eq(present),
            self.operand.eq(Mux(present, value, 0)),
            pattern.slot.eq(slot),
            self.dither.eq(late << self.geometry.widths.dither_shift(1)),
        ]
        return m
