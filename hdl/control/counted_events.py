"""The counted events: what each counter of the register bank counts."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ceprop.hdl.control.signatures import Counts, SampleProgress
from ceprop.hdl.lanes.signatures import EdgeStatus, saturated_bits
from ceprop.hdl.typing import Interface
from ceprop.specification import Geometry


class CountedEvents(wiring.Component):
    """Gathers the increments of all counters; no registers.

    Members
    -------
    progress, row, column : In
        From the sequencer and the two edges.
    issued : In
        A slot uses the multipliers in this cycle.
    counts : Out
        The increments, by the names of the registers.
    """

    progress: Interface
    row: Interface
    column: Interface
    issued: Signal
    counts: Interface

    def __init__(self, geometry: Geometry):
        saturations = saturated_bits(geometry, "row") + 1
        if geometry.layers("column"):
            saturations = max(saturations, saturated_bits(geometry, "column")) + 1
        self.widths = {
            "samples": 1,
            "cycles": 1,
            "slots": 1,
            "free_steps_executed": 1,
            "nudged_steps_executed": 1,
            "saturations": saturations,
            "ties": 1,
        }
        super().__init__(
            {
                "progress": In(SampleProgress()),
                "row": In(EdgeStatus(geometry, "row")),
                "column": In(EdgeStatus(geometry, "column")),
                "issued": In(1),
                "counts": Out(Counts(self.widths)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """One increment per counter."""
        m = Module()
        progress, counts = self.progress, self.counts
        m.d.comb += [
            counts.samples.eq(progress.finished),
            counts.cycles.eq(progress.working),
            counts.slots.eq(self.issued),
            counts.free_steps_executed.eq(progress.finished_step & ~progress.nudged),
            counts.nudged_steps_executed.eq(progress.finished_step & progress.nudged),
            counts.saturations.eq(sum(edge.saturated for edge in (self.row, self.column))),
            counts.ties.eq(progress.finished & progress.tie),
        ]
        return m
