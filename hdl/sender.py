"""What a neuron sends into the array: its state, the one before, or the difference at the run-time rate."""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ceprop.geometry import Edge, Geometry
from ceprop.hdl.lanes import delay
from ceprop.hdl.lists import PRESENT_STAGE
from ceprop.hdl.messages import Messages, Operand
from ceprop.hdl.synapse import ADDRESS_STAGE, OPERAND_STAGE

_STATES = ADDRESS_STAGE + OPERAND_STAGE - 3
"""Cycles from `source` to the states: registers for the terms, for their difference and for its shift follow."""


class OperandSender(wiring.Component):
    """Chooses and shifts an operand.

    Members
    -------
    source, present : In
        The message in this lane; `PRESENT_STAGE` cycles later, whether it means a unit.
    current, previous : In
        The neuron's states as they are stored, `_STATES` cycles after `source`.
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
        source = self.source
        differs = source.operand == Operand.DIFFERENCE
        # The states change places by `swap`; the term is the previous one, or of a negative difference.
        backwards = (source.operand == Operand.PREVIOUS) | (differs & source.negative)
        turned = delay(m, backwards ^ source.swap, _STATES, "turned")
        other_turned = delay(m, source.negative ^ source.swap, _STATES, "other_turned")
        sends = delay(m, source.operand != Operand.ZERO, _STATES, "sends") & delay(
            m, self.present, _STATES - PRESENT_STAGE, "present"
        )
        subtracts = delay(m, differs, _STATES, "subtracts")
        term, other = Signal.like(self.current, reset_less=True), Signal.like(self.current, reset_less=True)
        bits = len(term)
        m.d.sync += [
            term.eq(Mux(turned, self.previous, self.current) & sends.replicate(bits)),
            other.eq(Mux(other_turned, self.current, self.previous) & (sends & subtracts).replicate(bits)),
        ]
        difference = Signal(signed(bits + 1), reset_less=True)
        operand = Signal.like(self.operand, reset_less=True)
        # The shift is zero where no difference is sent.
        shift = source.preshift & differs.replicate(len(source.preshift))
        m.d.sync += [
            difference.eq(term - other),
            operand.eq(difference << delay(m, shift, _STATES + 2, "preshift")),
        ]
        m.d.comb += self.operand.eq(operand)
        return m
