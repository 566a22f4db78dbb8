"""The xorshift generators of one lane's neurons, in two banks (`docs/numerics.md`, section 6)."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value, ValueLike, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ceprop.hdl.cell.synapse import DITHER_STAGE
from ceprop.hdl.delay import delay
from ceprop.hdl.devices.named_ports import read_port, write_port
from ceprop.hdl.lanes.dither import advance
from ceprop.hdl.lanes.messages import Messages, Operation, Space
from ceprop.hdl.lanes.stages import lane_stages
from ceprop.hdl.lanes.wavefront import lane_memory
from ceprop.specification import Edge, Geometry, address_bits, memory_depth


class GeneratorBanks(wiring.Component):
    """A nudged step writes every generator's next value into the other bank, which becomes the one in use if any state
    of the network changed.

    Members
    -------
    source, ahead, step : In
        Messages in this lane; `ahead` is the one that will be `step` a cycle later.
    moves, place, bank : In
        A step of a neuron will be over a cycle later; its address, and the bank in use.
    nudged : In
        A step of the nudged phase is over.
    address : In
        The neuron that `source` means, one cycle later.
    word : In
        A value to be written, beside its `step`.
    dither : Out
        For the array, `DITHER_STAGE` cycles after the lane's address, at its shift.
    value, following : Out
        The generator and its next value, two cycles after `moves`, or one after a `step` that reads it out.
    """

    def __init__(self, geometry: Geometry, edge: Edge):
        self._address_bits = address_bits(memory_depth(geometry.neuron_words(edge)))
        self._dither_stage = lane_stages(geometry).address + DITHER_STAGE
        messages = Messages(geometry)
        bits = geometry.specification.generator_bits
        super().__init__(
            {
                "source": In(messages.source(edge)),
                "ahead": In(messages.step(edge)),
                "step": In(messages.step(edge)),
                "bank": In(1),
                "moves": In(1),
                "nudged": In(1),
                "place": In(self._address_bits),
                "address": In(self._address_bits),
                "word": In(messages.word_bits),
                "dither": Out(geometry.widths.dither_bits),
                "value": Out(bits),
                "following": Out(bits),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """One memory; the read port serves the steps first, then the command port and the array."""
        m = Module()
        m.submodules.words = memory = lane_memory(unsigned(len(self.value)), 2 << self._address_bits)
        write, read = write_port(memory), read_port(memory)
        step, source = self.step, self.source

        bank = delay(m, source.bank, 1, "bank")
        late_place = delay(m, self._place(bank, self.address), self._dither_stage - 3, "place")
        ahead = self._place(self.ahead.bank, Cat(self.ahead.index, self.ahead.layer))
        moved = self._place(self.bank, self.place)
        place = Signal.like(late_place, name="read_place", reset_less=True)
        m.d.sync += place.eq(Mux(self.ahead.operation == Operation.NONE, late_place, ahead))
        # The other steps of a walk are in this lane while the first ones end.
        with m.If(self.moves):
            m.d.sync += place.eq(moved)
        m.d.comb += [
            read.addr.eq(place),
            read.en.eq(1),
            self.dither.eq(read.data << delay(m, source.dither_shift, self._dither_stage, "dither_shift")),
            self.value.eq(read.data),
            self.following.eq(advance(read.data)),
        ]

        loading = (step.operation == Operation.WRITE) & (step.space == Space.GENERATOR)
        stepping = delay(m, self.nudged, 1, "stepping")
        here = self._place(step.bank, Cat(step.index, step.layer))
        other = delay(m, self._place(~self.bank, self.place), 2, "other_place")
        enable, written = Signal(name="enable"), Signal.like(here, name="written")
        word = Signal.like(self.value, name="word_to_write", reset_less=True)
        m.d.sync += [
            enable.eq(loading | stepping),
            written.eq(Mux(stepping, other, here)),
            word.eq(Mux(stepping, self.following, self.word)),
        ]
        m.d.comb += [write.en.eq(enable), write.addr.eq(written), write.data.eq(word)]
        return m

    def _place(self, bank: ValueLike, address: ValueLike) -> Value:
        return Value.cast(Cat(Value.cast(address)[: self._address_bits], bank))
