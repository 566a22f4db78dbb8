"""The xorshift generators of one lane's neurons, in two banks (`docs/numerics.md`, section 6)."""

from amaranth.hdl import Cat, Module, Mux, Value, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ceprop.geometry import Edge, Geometry, address_bits, memory_depth
from ceprop.hdl.dither import advance
from ceprop.hdl.lanes import delay, lane_memory
from ceprop.hdl.messages import Messages, Operation, Space
from ceprop.hdl.synapse import ADDRESS_STAGE, DITHER_STAGE


class GeneratorBanks(wiring.Component):
    """A nudged step writes every generator's next value into the other bank, which becomes the one in use if any state
    of the network changed.

    Members
    -------
    source, step : In
        Messages in this lane.
    moved, nudged, place, bank : In
        A step of a neuron is over, in the nudged phase; its address, and the bank in use.
    address : In
        The neuron that `source` means, one cycle later.
    word : In
        A value to be written, beside its `step`.
    dither : Out
        For the array, `ADDRESS_STAGE + DITHER_STAGE` cycles after `source`, at its shift.
    value, following : Out
        The generator and its next value, one cycle after `moved`, or after a `step` that reads it out.
    """

    def __init__(self, geometry: Geometry, edge: Edge):
        self._address_bits = address_bits(memory_depth(geometry.neuron_words(edge)))
        messages = Messages(geometry)
        bits = geometry.specification.generator_bits
        super().__init__(
            {
                "source": In(messages.source(edge)),
                "step": In(messages.step(edge)),
                "bank": In(1),
                "moved": In(1),
                "nudged": In(1),
                "place": In(self._address_bits),
                "address": In(self._address_bits),
                "word": In(messages.word_bits),
                "dither": Out(geometry.dither_bits),
                "value": Out(bits),
                "following": Out(bits),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """One memory; the read port serves the steps first, then the command port and the array."""
        m = Module()
        m.submodules.words = memory = lane_memory(unsigned(len(self.value)), 2 << self._address_bits)
        write, read = memory.write_port(), memory.read_port()
        step, source = self.step, self.source

        bank = delay(m, source.bank, 1, "bank")
        late_place = delay(m, self._place(bank, self.address), ADDRESS_STAGE + DITHER_STAGE - 2, "place")
        here = self._place(step.bank, Cat(step.index, step.layer))
        m.d.comb += [
            read.addr.eq(Mux(step.operation == Operation.NONE, late_place, here)),
            read.en.eq(1),
            self.dither.eq(read.data << delay(m, source.dither_shift, ADDRESS_STAGE + DITHER_STAGE, "dither_shift")),
            self.value.eq(read.data),
            self.following.eq(advance(read.data)),
        ]
        # The other steps of a walk are in this lane while the first ones end.
        with m.If(self.moved):
            m.d.comb += read.addr.eq(self._place(self.bank, self.place))

        loading = (step.operation == Operation.WRITE) & (step.space == Space.GENERATOR)
        stepping = delay(m, self.moved & self.nudged, 1, "stepping")
        other_place = delay(m, self._place(~self.bank, self.place), 1, "other_place")
        m.d.comb += [
            write.en.eq(loading | stepping),
            write.addr.eq(Mux(stepping, other_place, here)),
            write.data.eq(Mux(stepping, self.following, self.word)),
        ]
        return m

    def _place(self, bank: Value, address: Value) -> Value:
        return Cat(address[: self._address_bits], bank)
