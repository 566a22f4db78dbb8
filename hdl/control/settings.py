"""The settings: what the registers of the host mean for each part of the core."""

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ceprop.hdl.control.signatures import EdgeSettings, NudgeSign, RegisterValues, UpdateSettings
from ceprop.hdl.io.signatures import PhaseSettings, WorkingSample
from ceprop.hdl.typing import Interface
from ceprop.specification import Geometry


class Settings(wiring.Component):
    """Turns learning rates into left shifts, and passes the other registers on.

    Members
    -------
    registers, sample : In
        The registers that the host writes; the sample at work, for its target.
    sign : In
        From the sequencer.
    phases, updates, edges : Out
        For the phases of a sample, for the updates of weights, and for the neurons of both edges.
    """

    registers: Interface
    sample: Interface
    sign: Interface
    phases: Interface
    updates: Interface
    edges: Interface

    def __init__(self, geometry: Geometry):
        self.geometry = geometry
        super().__init__(
            {
                "registers": In(RegisterValues(geometry)),
                "sample": In(WorkingSample(geometry)),
                "sign": In(NudgeSign()),
                "phases": Out(PhaseSettings()),
                "updates": Out(UpdateSettings(geometry)),
                "edges": Out(EdgeSettings(geometry)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Wires, and a register for each shift of an update of weights."""
        m = Module()
        registers, specification, widths = self.registers, self.geometry.specification, self.geometry.widths
        negative = registers.nudge_negative ^ self.sign.opposite
        m.d.comb += [
            self.phases.free_steps.eq(registers.free_steps),
            self.phases.nudged_steps.eq(registers.nudged_steps),
            self.phases.learn.eq(registers.learn),
            self.phases.everything.eq(~registers.skip),
            self.updates.negative.eq(negative),
        ]
        edges = {"row": self.edges.row, "column": self.edges.column}
        for edge in edges.values():
            m.d.comb += [
                edge.negative.eq(negative),
                edge.nudge_shift.eq(registers.nudge_shift),
                edge.target.eq(self.sample.target),
            ]
        for l, largest in zip(specification.connections, specification.largest_shifts, strict=True):
            rate = largest - getattr(registers, f"rate_shift_{l}")
            m.d.sync += self.updates.preshifts[l - 1].eq(widths.dither_shift(l) + rate)
            preshifts = edges[self.geometry.edge(l)].bias_preshifts
            m.d.comb += preshifts[self.geometry.edge_number(l)].eq(widths.bias_dither_shift(l) + rate)
        return m
