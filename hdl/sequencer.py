"""The sequencer: leads a sample through the free and the nudged phase, step by step (`docs/numerics.md`, section 4)."""

from amaranth.hdl import Cat, Module, Mux, Signal, unsigned
from amaranth.lib import data, enum, stream, wiring
from amaranth.lib.wiring import In, Out

from ceprop.geometry import Edge, Geometry
from ceprop.hdl.messages import Messages
from ceprop.hdl.slots import Pass

STEP_BITS = 10
"""Bits that count the steps of a phase."""


class FreeEnd(enum.Enum, shape=2):
    """How a free phase ended."""

    OPEN = 0
    SETTLED = 1
    PERIOD_2 = 2


def result_layout(geometry: Geometry) -> data.StructLayout:
    """What the core says of a finished sample."""
    return data.StructLayout(
        {
            "prediction": unsigned(Messages(geometry).remaining_bits),
            "tie": unsigned(1),
            "free_end": FreeEnd,
            "free_steps": unsigned(STEP_BITS),
            "nudged_steps": unsigned(STEP_BITS),
            "nudged_settled": unsigned(1),
        }
    )


class Sequencer(wiring.Component):
    """States: wait for a sample, visit, let the sums return, step, look at the status; then the next step or the end.

    Parameters
    ----------
    geometry : Geometry
        Edges and layers.
    return_cycles : int
        Cycles from a pass's last slot to the first step message that may read its sums.

    Members
    -------
    begin : In
        The last group of a sample's inputs was taken.
    listed, events : In
        The lists of inputs are complete; length of the longest.
    free_steps, nudged_steps, learn : In
        Run-time registers.
    visit, visit_kind, visited, step, stepped : Out, In
        Start of a pass or a step's messages, and its last cycle.
    row_status, column_status : In
        What a step found.
    first, nudged, swap, bank : Out
        For the messages of the step.
    idle, working : Out
        Between samples; counting cycles.
    finished_step : Out
        A step was executed in the phase that `nudged` tells.
    result : Out, stream
        One beat a sample.
    """

    def __init__(self, geometry: Geometry, return_cycles: int):
        self.geometry = geometry
        self._return_cycles = return_cycles
        messages = Messages(geometry)
        super().__init__(
            {
                "begin": In(1),
                "listed": In(1),
                "events": Out(messages.event_count_bits),
                "longest": In(messages.event_count_bits),
                "free_steps": In(STEP_BITS),
                "nudged_steps": In(STEP_BITS),
                "learn": In(1),
                "visit": Out(1),
                "visit_kind": Out(Pass),
                "visited": In(1),
                "step": Out(1),
                "stepped": In(1),
                "row_status": In(messages.status),
                "column_status": In(messages.status),
                "first": Out(1),
                "nudged": Out(1),
                "swap": Out(1),
                "bank": Out(1),
                "idle": Out(1),
                "working": Out(1),
                "finished_step": Out(1),
                "result": Out(stream.Signature(result_layout(geometry))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """One state machine; `count` is the number of steps of the phase that were issued."""
        m = Module()
        result = Signal(self.result.payload.shape(), name="outcome")
        count = Signal(STEP_BITS)
        nudged, swap, bank, blank = Signal(), Signal(), Signal(), Signal()
        returning = Signal(range(self._return_cycles))
        found = self._collect(m)
        m.d.comb += [
            self.nudged.eq(nudged),
            self.swap.eq(swap),
            self.bank.eq(bank),
            # In the first step all states are zero; they still are if the free phase settled there.
            self.first.eq((count == 0) & (~nudged | blank)),
            self.result.payload.eq(result),
        ]
        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += self.idle.eq(1)
                m.d.sync += [count.eq(0), nudged.eq(0), result.eq(0)]
                with m.If(self.begin):
                    m.d.sync += swap.eq(0)
                    m.next = "LIST"
            with m.State("LIST"):
                m.d.comb += self.working.eq(1)
                with m.If(self.listed):
                    m.d.sync += self.events.eq(self.longest)
                    self._visit(m, Pass.DRIVE)
            with m.State("VISIT"):
                m.d.comb += self.working.eq(1)
                m.d.sync += returning.eq(0)
                with m.If(self.visited):
                    m.next = "RETURN"
            with m.State("RETURN"):
                m.d.comb += self.working.eq(1)
                m.d.sync += returning.eq(returning + 1)
                with m.If(returning == self._return_cycles - 1):
                    with m.If(nudged & (count == self.nudged_steps)):
                        m.next = "RESULT"
                    with m.Else():
                        self._step(m)
            with m.State("STEP"):
                m.d.comb += self.working.eq(1)
                with m.If(self.stepped):
                    m.d.sync += count.eq(count + 1)
                    m.next = "STATUS"
            with m.State("STATUS"):
                m.d.comb += [self.working.eq(1), self.finished_step.eq(found.complete)]
                with m.If(found.complete & nudged):
                    m.d.sync += [result.nudged_steps.eq(count), swap.eq(0)]
                    with m.If(found.changed):
                        m.d.sync += bank.eq(~bank)
                        self._visit(m, Mux(count == self.nudged_steps, Pass.UPDATE, Pass.LEARN))
                    with m.Else():
                        m.d.sync += result.nudged_settled.eq(1)
                        m.next = "RESULT"
                with m.Elif(found.complete):
                    self._end_free_step(m, found, count, result, nudged, swap, blank)
            with m.State("RESULT"):
                m.d.comb += self.result.valid.eq(1)
                with m.If(self.result.ready):
                    m.next = "IDLE"
        return m

    def _visit(self, m: Module, kind) -> None:
        m.d.comb += [self.visit.eq(1), self.visit_kind.eq(kind)]
        m.next = "VISIT"

    def _step(self, m: Module) -> None:
        m.d.comb += self.step.eq(1)
        m.next = "STEP"

    def _products(self, m: Module) -> None:
        """The sums of the next step; a network without a second layer of neurons has none."""
        if len(self.geometry.specification.layers) == 2:
            self._step(m)
        else:
            self._visit(m, Pass.SUMS)

    def _end_free_step(self, m: Module, found, count, result, nudged, swap, blank) -> None:
        """Settled, period 2, open, or one more step; then the nudged phase or the result."""
        period_2 = found.changed & ~found.aperiodic
        left = self.free_steps - count
        other = period_2 & left[0]
        m.d.sync += [
            result.free_steps.eq(count),
            result.free_end.eq(Mux(found.changed, Mux(period_2, FreeEnd.PERIOD_2, FreeEnd.OPEN), FreeEnd.SETTLED)),
            # With an odd number of steps left, a period of two ends in the state before this one.
            result.prediction.eq(Mux(other, found.prediction_before, found.prediction)),
            result.tie.eq(Mux(other, found.tie_before, found.tie)),
            swap.eq(other),
        ]
        with m.If(found.changed & ~period_2 & (count != self.free_steps)):
            self._products(m)
        with m.Elif(self.learn):
            m.d.sync += [nudged.eq(1), count.eq(0), blank.eq(~found.changed & (count == 1))]
            with m.If(found.changed):
                self._products(m)
            with m.Else():
                # The sums of a settled state are those that led to it.
                self._step(m)
        with m.Else():
            m.next = "RESULT"

    def _collect(self, m: Module):
        """The status of a step over all lanes and slots, and the prediction of the step before."""
        classes = self.geometry.specification.classes
        status = self.row_status.shape()
        best = Signal(status, name="best")
        ended: dict[Edge, Signal] = {
            edge: Signal(name=f"{edge}_ended") for edge in ("row", "column") if self.geometry.layers(edge)
        }
        before = Signal(data.StructLayout({"prediction": unsigned(len(self.result.payload.prediction)), "tie": 1}))
        output_edge = self.geometry.edge(len(self.geometry.specification.layers) - 1)
        with m.If(self.step):
            m.d.sync += [best.eq(0), before.prediction.eq(classes - best.remaining), before.tie.eq(best.tie)]
            m.d.sync += [seen.eq(0) for seen in ended.values()]
        for edge, arrived in (("row", self.row_status), ("column", self.column_status)):
            if edge not in ended:
                continue
            with m.If(arrived.valid):
                with m.If(arrived.last):
                    m.d.sync += ended[edge].eq(1)
                with m.If(arrived.changed):
                    m.d.sync += best.changed.eq(1)
                with m.If(arrived.aperiodic):
                    m.d.sync += best.aperiodic.eq(1)
                if edge == output_edge:
                    self._compete(m, best, arrived)
        layout = data.StructLayout(
            {
                "complete": unsigned(1),
                "changed": unsigned(1),
                "aperiodic": unsigned(1),
                "prediction": before.prediction.shape(),
                "tie": unsigned(1),
                "prediction_before": before.prediction.shape(),
                "tie_before": unsigned(1),
            }
        )
        found = Signal(layout)
        m.d.comb += [
            found.complete.eq(Cat(*ended.values()).all()),
            found.changed.eq(best.changed),
            found.aperiodic.eq(best.aperiodic),
            found.prediction.eq(classes - best.remaining),
            found.tie.eq(best.tie),
            found.prediction_before.eq(before.prediction),
            found.tie_before.eq(before.tie),
        ]
        return found

    @staticmethod
    def _compete(m: Module, best, arrived) -> None:
        """The lowest index among the largest outputs; slots arrive by rising index."""
        with m.If(arrived.found & (~best.found | (arrived.largest > best.largest))):
            m.d.sync += [
                best.found.eq(1),
                best.largest.eq(arrived.largest),
                best.remaining.eq(arrived.remaining),
                best.tie.eq(arrived.tie),
            ]
        with m.Elif(arrived.found & (arrived.largest == best.largest)):
            m.d.sync += best.tie.eq(1)
