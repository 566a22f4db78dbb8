"""What a neuron sends into the array: its state, the one before, or the difference at the run-time rate."""

from amaranth.hdl import Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ceprop.hdl.cell.synapse import OPERAND_STAGE
from ceprop.hdl.delay import delay
from ceprop.hdl.lanes.messages import Messages, Operand
from ceprop.hdl.lanes.stages import lane_stages
from ceprop.specification import Edge, Geometry


class OperandSender(wiring.Component):
    """Chooses and shifts an operand.

    Members
    -------
    source, present : In
        The message in this lane; and at the lane's stage whether it means a unit.
    current, previous : In
        The neuron's states as they are stored, at the lane's stage.
    operand : Out
        `OPERAND_STAGE` cycles after the lane's address.
    """

    def __init__(self, geometry: Geometry, edge: Edge):
        bits = geometry.specification.formats.state_bits
        self._stages = lane_stages(geometry)
        super().__init__(
            {
                "source": In(Messages(geometry).source(edge)),
                "present": In(1),
                "current": In(bits),
                "previous": In(bits),
                "operand": Out(signed(geometry.widths.operand_bits)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Whatever is sent is a difference: of a state from the other, or from zero. Its terms, the difference, its
        shift."""
        m = Module()
        source = self.source
        differs = source.operand == Operand.DIFFERENCE
        # The states change places by `swap`; the term is the previous one, or of a negative difference.
        backwards = (source.operand == Operand.PREVIOUS) | (differs & source.negative)
        states = self._stages.states
        turned = delay(m, backwards ^ source.swap, states, "turned")
        other_turned = delay(m, source.negative ^ source.swap, states, "other_turned")
        present = delay(m, self.present, states - self._stages.present, "present")
        sends = delay(m, source.operand != Operand.ZERO, states, "sends") & present
        subtracts = delay(m, differs, states, "subtracts")
        bits = len(self.current)
        term = Mux(turned, self.previous, self.current) & sends.replicate(bits)
        other = Mux(other_turned, self.current, self.previous) & (sends & subtracts).replicate(bits)

        # A register behind the shift, and where there are cycles for them behind the difference and the terms.
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
