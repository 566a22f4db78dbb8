"""What a neuron sends into the array: its state, its previous state, or their difference at the run-time rate."""

from amaranth.hdl import Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ceprop.hdl.cell.synapse import OPERAND_STAGE
from ceprop.hdl.delay import delay
from ceprop.hdl.lanes.messages import Messages, Operand
from ceprop.hdl.lanes.stages import lane_stages
from ceprop.hdl.neuron.signatures import state_words
from ceprop.hdl.typing import Fields
from ceprop.specification import Edge, Geometry


class OperandSender(wiring.Component):
    """Chooses and shifts an operand.

    Throughput: one operand per cycle. Latency: `lane_stages(geometry).address + OPERAND_STAGE` cycles from `source`.

    Members
    -------
    source, present : In
        The message in this lane; and at the lane's stage whether it means a unit.
    states : In
        Current and previous state of the neuron as they are stored, at the lane's stage.
    operand : Out
        `OPERAND_STAGE` cycles after the lane's address.
    """

    source: Fields
    present: Signal
    states: Fields
    operand: Signal

    def __init__(self, geometry: Geometry, edge: Edge):
        self._stages = lane_stages(geometry)
        super().__init__(
            {
                "source": In(Messages(geometry).source(edge)),
                "present": In(1),
                "states": In(state_words(geometry)),
                "operand": Out(signed(geometry.widths.operand_bits)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Every operand is a difference: of a state and the other one, or of a state and zero. First its terms, then
        the difference, then its shift."""
        m = Module()
        source = self.source
        differs = source.operand == Operand.DIFFERENCE
        # States are exchanged by `swap`. The first term is the previous state, also of a negative difference.
        previous_first = (source.operand == Operand.PREVIOUS) | (differs & source.negative)
        states = self._stages.states
        second_word = delay(m, previous_first ^ source.swap, states, "second_word")
        other_first_word = delay(m, source.negative ^ source.swap, states, "other_first_word")
        present = delay(m, self.present, states - self._stages.present, "present")
        sends = delay(m, source.operand != Operand.ZERO, states, "sends") & present
        subtracts = delay(m, differs, states, "subtracts")
        current, previous = self.states.current, self.states.previous
        bits = len(current)
        term = Mux(second_word, previous, current) & sends.replicate(bits)
        other = Mux(other_first_word, current, previous) & (sends & subtracts).replicate(bits)

        # A register follows the shift, and where there are cycles for them, the difference and the terms.
        cycles = self._stages.address + OPERAND_STAGE - states
        chosen, subtracted = int(cycles > 2), int(cycles > 1)
        term, other = delay(m, term, chosen, "term"), delay(m, other, chosen, "other")
        difference = delay(m, term - other, subtracted, "difference")
        # The shift is zero where no difference is sent.
        shift = delay(m, source.preshift & differs.replicate(len(source.preshift)), states + cycles - 1, "preshift")
        operand = Signal.like(self.operand, name="operand", reset_less=True)
        m.d.sync += operand.eq(Value.cast(difference).as_signed() << shift)
        m.d.comb += self.operand.eq(operand)
        return m
