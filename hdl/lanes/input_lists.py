"""The lists of non-zero inputs of one column lane, which the array walks instead of all inputs."""

from amaranth.hdl import Const, Module, Mux, Signal, Value, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ceprop.hdl.cell.synapse import DITHER_STAGE
from ceprop.hdl.checks import check
from ceprop.hdl.delay import delay
from ceprop.hdl.devices.named_ports import read_port, write_port
from ceprop.hdl.lanes.hop import hop
from ceprop.hdl.lanes.input_dither import InputDither
from ceprop.hdl.lanes.lane_memory import lane_memory
from ceprop.hdl.lanes.messages import Messages
from ceprop.hdl.lanes.stages import lane_stages
from ceprop.hdl.typing import Fields
from ceprop.specification import Geometry


class InputLists(wiring.Component):
    """Remembers the non-zero inputs of a sample, and sends them into the array by their number in the list. Where there
    is a second list, the inputs of the next sample go into it meanwhile.

    Throughput: one input listed and one sent per cycle. Latency: `lane_stages(geometry).input` cycles from a `tile`
    message to its input.

    Parameters
    ----------
    geometry : Geometry
        Widths and depths.
    lane : int
        Number of the column lane, for the dither of its inputs.

    Members
    -------
    event, event_out : In, Out
        The message of a group of inputs, from the lane before and to the lane after.
    value : In
        The input of this lane, in the cycle in which the message is in this lane.
    tile : In
        The `tile` message in this lane.
    slot, present : Out
        Column slot of the input, and whether the list is that long, at the lane's stage of inputs.
    operand : Out
        The input, zero where `index` is beyond the end of the list; beside `slot`.
    dither : Out
        The dither of the input, `DITHER_STAGE` cycles after the lane's address, as the dither of a neuron is.
    """

    event: Fields
    event_out: Fields
    value: Signal
    tile: Fields
    slot: Signal
    present: Signal
    operand: Signal
    dither: Signal

    def __init__(self, geometry: Geometry, lane: int):
        self.geometry = geometry
        self._lane = lane
        messages = Messages(geometry)
        input_bits = geometry.specification.formats.input_bits
        slot_bits = messages.event["slot"].shape.width
        self._entry = data.StructLayout({"value": unsigned(input_bits), "slot": unsigned(slot_bits)})
        super().__init__(
            {
                "event": In(messages.event),
                "event_out": Out(messages.event),
                "value": In(input_bits),
                "tile": In(messages.tile),
                "slot": Out(messages.event_index_bits),
                "present": Out(1),
                "operand": Out(input_bits),
                "dither": Out(geometry.widths.dither_bits),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Events write the lists; tiles read them."""
        m = Module()
        # The address of the list, beside its length.
        index = delay(m, self.tile.index, lane_stages(self.geometry).input - 1, "index")
        entries, lengths = self._list(m, index)
        self._send(m, index, entries, lengths)
        return m

    def _list(self, m: Module, index: Value) -> tuple[list[Fields], list[Value]]:
        """Write an input that is not zero at the end of its list. Returns, for each list, the entry that was read at
        `index` one cycle before, and the length."""
        event = hop(m, self.event, self.geometry.hop_registers(self._lane), "event_hop")
        # Length of the list that is being made.
        count = Signal.like(self.event.longest, name="count")
        end, next_end = Signal.like(count, name="end"), Signal.like(count, name="next_end")
        wanted = (self.value != 0) | event.everything
        m.d.comb += [
            end.eq(Mux(event.first, 0, count)),
            next_end.eq(end + wanted),
            self.event_out.eq(event),
            self.event_out.longest.eq(Mux(count > event.longest, count, event.longest)),
        ]
        check(m, "input_list_overflow", event.valid & wanted & (end >= self.geometry.slots(0)))
        written: Fields = Signal(self._entry, name="entry", reset_less=True)
        address = Signal.like(end, name="entry_address", reset_less=True)
        m.d.sync += [written.slot.eq(event.slot), written.value.eq(self.value), address.eq(end)]
        with m.If(event.valid):
            m.d.sync += count.eq(next_end)

        entries, lengths = [], []
        for bank in range(self.geometry.input_lists):
            # Two memories, because one memory of twice the depth would take longer to read.
            memory = lane_memory(self._entry, self.geometry.slots(0))
            m.submodules[f"entries_{bank}"] = memory
            write, read = write_port(memory), read_port(memory)
            length, enable = Signal.like(count, name=f"length_{bank}"), Signal(name=f"write_{bank}")
            chosen = event.bank == bank if self.geometry.input_lists == 2 else Const(1)
            m.d.sync += enable.eq(event.valid & wanted & chosen)
            with m.If(event.valid & chosen):
                m.d.sync += length.eq(next_end)
            m.d.comb += [
                write.addr.eq(address),
                write.data.eq(written),
                write.en.eq(enable),
                read.addr.eq(index),
                read.en.eq(1),
            ]
            entries.append(read.data)
            lengths.append(length)
        return entries, lengths

    def _send(self, m: Module, index: Value, entries: list[Fields], lengths: list[Value]) -> None:
        """The input at `index` of the list that the `tile` message names, its slot and its dither."""
        stages = lane_stages(self.geometry)
        present = Signal(name="present")
        length = delay(m, self._of_bank(self.tile.bank, lengths), stages.input - 1, "length")
        m.d.sync += present.eq(delay(m, self.tile.input, stages.input - 1, "is_input") & (index < length))
        bank = delay(m, self.tile.bank, stages.input, "bank")
        slot = self._of_bank(bank, [entry.slot for entry in entries])
        value = self._of_bank(bank, [entry.value for entry in entries])
        m.submodules.input_dither = dither = InputDither(self.geometry, self._lane)
        late = delay(m, dither.dither, stages.address + DITHER_STAGE - stages.input - dither.latency, "late_dither")
        m.d.comb += [
            self.slot.eq(slot),
            self.present.eq(present),
            self.operand.eq(Mux(present, value, 0)),
            dither.slot.eq(slot),
            self.dither.eq(late << self.geometry.widths.dither_shift(1)),
        ]

    def _of_bank(self, bank: Value, values: list[Value]) -> Value:
        """The value of the list that is named, or of the only one."""
        return Mux(bank, values[1], values[0]) if self.geometry.input_lists == 2 else values[0]
