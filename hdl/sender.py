"""What a neuron sends into the array: its state, the one before, or the difference at the run-time rate."""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ceprop.geometry import Edge, Geometry
from ceprop.hdl.lanes import delay
from ceprop.hdl.messages import Messages, Operand
from ceprop.hdl.synapse import ADDRESS_STAGE, OPERAND_STAGE


class OperandSender(wiring.Component):
    """Chooses and shifts an operand.

    Members
    -------
    source, present : In
        The message in this lane; one cycle later, whether it means a unit.
    current, previous : In
        The neuron's states, two cycles after `source`.
    operand : Out
        `ADDRESS_STAGE + OPERAND_STAGE` cycles after `source`.
    """

    def __init__(self, geometry: Geometry, edge: Edge):
        bits = geometry.specification.formats.state_bits
        super().__init__(
            {
                "source": In(Messages(geometry).source(edge)),
                "present": In(1),
                "current": In(bits),
                "previous": In(bits),
                "operand": Out(signed(geometry.operand_bits)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Whatever is sent is a difference: of a state from the other, or from zero. Its terms, the difference, its
        shift."""
        m = Module()
        choice = delay(m, self.source.operand, 2, "choice")
        present = delay(m, self.present, 1, "present")
        negative = delay(m, self.source.negative, 2, "negative")
        term, other = Signal.like(self.current, reset_less=True), Signal.like(self.current, reset_less=True)
        backwards = (choice == Operand.PREVIOUS) | ((choice == Operand.DIFFERENCE) & negative)
        with m.If(~present | (choice == Operand.ZERO)):
            m.d.sync += [term.eq(0), other.eq(0)]
        with m.Else():
            m.d.sync += [
                term.eq(Mux(backwards, self.previous, self.current)),
                other.eq(Mux(choice == Operand.DIFFERENCE, Mux(negative, self.current, self.previous), 0)),
            ]
        difference = Signal(signed(len(term) + 1), reset_less=True)
        operand = Signal.like(self.operand, reset_less=True)
        # The shift is zero where no difference is sent.
        shift = self.source.preshift & (self.source.operand == Operand.DIFFERENCE).replicate(len(self.source.preshift))
        last_stage = ADDRESS_STAGE + OPERAND_STAGE - 1
        m.d.sync += [
            difference.eq(term - other),
            operand.eq(delay(m, difference, last_stage - 4, "waiting") << delay(m, shift, last_stage, "preshift")),
        ]
        m.d.comb += self.operand.eq(operand)
        return m
