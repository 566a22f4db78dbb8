"""The xorshift generators of one lane's neurons, in two banks (`docs/numerics.md`, section 6)."""

from amaranth.hdl import Module, Mux, Signal, Value, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ceprop.hdl.cell.synapse import DITHER_STAGE
from ceprop.hdl.checks import check, earlier
from ceprop.hdl.delay import delay
from ceprop.hdl.devices.named_ports import read_port, write_port
from ceprop.hdl.lanes.dither import next_random
from ceprop.hdl.lanes.lane_memory import lane_memory
from ceprop.hdl.lanes.messages import Messages, Operand, Operation, Space
from ceprop.hdl.lanes.stages import lane_stages
from ceprop.hdl.neuron.signatures import address_of, neuron_address
from ceprop.hdl.typing import Fields
from ceprop.specification import Edge, Geometry


class GeneratorBanks(wiring.Component):
    """A nudged step writes the next value of every generator into the other bank. That bank comes into use if any state
    of the network changed.

    Throughput: one read per cycle; steps prevail over words that are read back, and these over the array.

    Members
    -------
    source, step, next_step : In
        Messages in this lane; `next_step` is the message that will be `step` one cycle later.
    sent : In
        The neuron that `source` means, one cycle later.
    ending, stepped, bank : In
        The step of a neuron will be over one cycle later; that neuron, and the bank in use.
    nudged : In
        A step of the nudged phase is over.
    word : In
        A value to be written, beside its `step`.
    dither : Out
        For the array, `DITHER_STAGE` cycles after the lane's address, at its shift.
    value, next_value : Out
        The generator and its next value, two cycles after `ending`, or one after a `step` that reads it out.
    """

    source: Fields
    step: Fields
    next_step: Fields
    sent: Fields
    ending: Signal
    stepped: Fields
    bank: Signal
    nudged: Signal
    word: Signal
    dither: Signal
    value: Signal
    next_value: Signal

    def __init__(self, geometry: Geometry, edge: Edge):
        self.geometry = geometry
        self.edge: Edge = edge
        address = neuron_address(geometry, edge)
        self._address = data.StructLayout({"neuron": address, "bank": unsigned(1)})
        self._dither_stage = lane_stages(geometry).address + DITHER_STAGE
        messages, bits = Messages(geometry), geometry.specification.generator_bits
        super().__init__(
            {
                "source": In(messages.source(edge)),
                "step": In(messages.step(edge)),
                "next_step": In(messages.step(edge)),
                "sent": In(address),
                "ending": In(1),
                "stepped": In(address),
                "bank": In(1),
                "nudged": In(1),
                "word": In(messages.word_bits),
                "dither": Out(geometry.widths.dither_bits),
                "value": Out(bits),
                "next_value": Out(bits),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """One memory of both banks, with one port that reads and one that writes."""
        m = Module()
        m.submodules.words = memory = lane_memory(unsigned(len(self.value)), 1 << self._address.size)
        read, write = read_port(memory), write_port(memory)
        shift = delay(m, self.source.dither_shift, self._dither_stage, "dither_shift")
        enable, address, word = self._written(m)
        m.d.comb += [
            read.addr.eq(self._read_address(m)),
            read.en.eq(1),
            self.dither.eq(read.data << shift),
            self.value.eq(read.data),
            self.next_value.eq(next_random(read.data)),
            write.en.eq(enable),
            write.addr.eq(address),
            write.data.eq(word),
        ]
        return m

    def _in_bank(self, neuron: Fields, bank: Value, name: str, m: Module) -> Fields:
        """Address of a neuron's generator in a bank."""
        address: Fields = Signal(self._address, name=name)
        m.d.comb += [address.neuron.eq(neuron), address.bank.eq(bank)]
        return address

    def _named_by(self, step: Fields, name: str, m: Module) -> Fields:
        """Address of the generator that a step message names."""
        return self._in_bank(address_of(self.geometry, self.edge, step.index, step.layer), step.bank, name, m)

    def _read_address(self, m: Module) -> Fields:
        """The address for the array, unless a message reads a word, or a step ends: other steps of the walk are in this
        lane while the first ones end."""
        bank = delay(m, self.source.bank, 1, "source_bank")
        of_source = self._in_bank(self.sent, bank, "source_address", m)
        late = delay(m, of_source, self._dither_stage - 3, "late_source_address")
        named = self._named_by(self.next_step, "next_step_address", m)
        ended = self._in_bank(self.stepped, self.bank, "ending_address", m)
        address = Signal(self._address, name="read_address", reset_less=True)
        is_free = self.next_step.operation == Operation.NONE
        check(m, "word_is_read_while_a_step_ends", self.ending & (self.next_step.operation == Operation.READ))
        if self.edge == "row":
            # A lane of columns is not told whether a slot is of a sum or of an update.
            check(m, "dither_is_read_while_a_step_reads", lambda c: self._updates(c) & (self.ending | ~is_free))
        m.d.sync += address.eq(Mux(is_free, late.as_value(), named.as_value()))
        with m.If(self.ending):
            m.d.sync += address.eq(ended)
        return address

    def _updates(self, m: Module) -> Value:
        """The read port is needed in the next cycle for the dither of an update."""
        source = self.source
        return earlier(m, ~source.sum & (source.operand != Operand.ZERO), self._dither_stage - 2)

    def _written(self, m: Module) -> tuple[Signal, Fields, Signal]:
        """A word of a message, or the next value into the bank that is not in use: enable, address and word."""
        loading = (self.step.operation == Operation.WRITE) & (self.step.space == Space.GENERATOR)
        stepping = delay(m, self.nudged, 1, "stepping")
        named = self._named_by(self.step, "step_address", m)
        other = self._in_bank(self.stepped, ~self.bank, "other_address", m)
        late = delay(m, other, 2, "late_other_address")
        enable, address = Signal(name="enable"), Signal(self._address, name="write_address")
        word = Signal.like(self.value, name="word_to_write", reset_less=True)
        m.d.sync += [
            enable.eq(loading | stepping),
            address.eq(Mux(stepping, late.as_value(), named.as_value())),
            word.eq(Mux(stepping, self.next_value, self.word)),
        ]
        return enable, address, word
