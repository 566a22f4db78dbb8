"""What a neuron sends into the array: its state, the one before, or the difference at the run-time rate."""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ceprop.geometry import Edge, Geometry
from ceprop.hdl.lanes import delay
from ceprop.hdl.messages import Messages, Operand
from ceprop.hdl.synapse import ADDRESS_STAGE, OPERAND_STAGE

_STATES = ADDRESS_STAGE + OPERAND_STAGE - 3
"""Cycles from `source` to the states: a register for the difference, one for its shift, one for the choice follow."""


class OperandSender(wiring.Component):
    """Chooses and shifts an operand.

    Members
    -------
    source, present : In
        The message in this lane; one cycle later, whether it means a unit.
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
        """Difference, its shift, then the choice."""
        m = Module()
        # The states change places by `swap`, and a negative difference once more.
        swap = delay(m, self.source.swap, _STATES, "swap")
        turned = delay(m, self.source.swap ^ self.source.negative, _STATES, "turned")
        state, before = Signal.like(self.current, reset_less=True), Signal.like(self.previous, reset_less=True)
        difference = Signal(signed(len(state) + 1), reset_less=True)
        shifted = Signal.like(self.operand, name="shifted", reset_less=True)
        m.d.sync += [
            state.eq(Mux(swap, self.previous, self.current)),
            before.eq(Mux(swap, self.current, self.previous)),
            difference.eq(Mux(turned, self.previous, self.current) - Mux(turned, self.current, self.previous)),
            shifted.eq(difference << delay(m, self.source.preshift, _STATES + 1, "preshift")),
        ]

        choice_stage = ADDRESS_STAGE + OPERAND_STAGE - 1
        state, before = delay(m, state, 1, "state"), delay(m, before, 1, "before")
        operand = Signal.like(self.operand, reset_less=True)
        choice = delay(m, self.source.operand, choice_stage, "choice")
        with m.Switch(Mux(delay(m, self.present, choice_stage - 1, "present"), choice, Operand.ZERO)):
            with m.Case(Operand.ZERO):
                m.d.sync += operand.eq(0)
            with m.Case(Operand.STATE):
                m.d.sync += operand.eq(state)
            with m.Case(Operand.PREVIOUS):
                m.d.sync += operand.eq(before)
            with m.Case(Operand.DIFFERENCE):
                m.d.sync += operand.eq(shifted)
        m.d.comb += self.operand.eq(operand)
        return m
