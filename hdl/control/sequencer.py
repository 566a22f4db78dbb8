"""The sequencer: leads a sample through the free and the nudged phase, step by step (`docs/numerics.md`, section 4)."""

from amaranth.hdl import Cat, Module, Mux, Signal, ValueLike, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from ceprop.hdl.control.sweeps import Pass, program
from ceprop.hdl.delay import delay
from ceprop.hdl.io.result import STEP_BITS, FreeEnd, result_layout
from ceprop.hdl.lanes.messages import Messages
from ceprop.specification import Edge, Geometry


class _Registers:
    """What the sequencer remembers of a sample: `count` steps of the phase that were issued, and how far it is. Behind
    a register of what was found: whether the phase `goes_on`, and whether it ends in the state before its last one."""

    def __init__(self, result: data.View):
        self.result = result
        self.count = Signal(STEP_BITS, name="count")
        self.first_step, self.last_free, self.last_nudged = (
            Signal(name=name) for name in ("first_step", "last_free", "last_nudged")
        )
        self.goes_on, self.other = Signal(name="goes_on"), Signal(name="other")
        self.nudged = Signal(name="nudged_phase")
        self.swap = Signal(name="swapped")
        self.bank = Signal(name="bank_in_use")
        self.blank = Signal(name="blank")
        self.learning = Signal(name="learning_biases")
        self.finished = Signal(name="finished_learning")


class Sequencer(wiring.Component):
    """States: wait for a sample, sweep, let the sums return, step, look at the status; then the next step or the end.

    Parameters
    ----------
    geometry : Geometry
        Edges and layers.
    return_cycles : int
        Cycles from a pass's last slot to the first step message that may read its sums.

    Members
    -------
    ready, begin : In, Out
        A whole sample waits and no command does; work on it begins in this cycle.
    listed, longest, events : In, In, Out
        The lists of inputs of the next sample are complete, and the length of the longest; the same of the one at work.
        With two drives: the next sample's is summed, until it is taken.
    begun, take, open : In, Out, Out
        With two drives: those lists are complete; work goes on with that drive; it may be summed in this cycle.
    free_steps, nudged_steps, learn, everything : In
        Run-time registers; with `everything` no step is left out.
    sweep, sweep_kind, anew, swept, step, stepped : Out, In
        Start of a pass or a step's messages, and its last cycle.
    changed, active : Out, arrays
        Lengths of the longest lists of units, layers 1..L.
    row_status, column_status : In
        What a step found.
    first, nudged, swap, bank, keep, learn_biases : Out
        For the messages of the step.
    idle, working : Out
        Between samples; in a cycle that counts: it does not wait for inputs or for a reader.
    finished_step : Out
        A step was executed in the phase that `nudged` tells.
    result : Out, stream
        One beat a sample.
    """

    def __init__(self, geometry: Geometry, return_cycles: int):
        self.geometry = geometry
        self._return_cycles = return_cycles
        self._program = program(geometry)
        self._continual = geometry.specification.continual
        messages = Messages(geometry)
        layers = len(geometry.connections)
        length = max(messages.list_bits("row"), messages.list_bits("column"))
        super().__init__(
            {
                "ready": In(1),
                "begin": Out(1),
                "listed": In(1),
                "events": Out(messages.event_count_bits),
                "longest": In(messages.event_count_bits),
                "begun": In(1),
                "take": Out(1),
                "open": Out(1),
                "free_steps": In(STEP_BITS),
                "nudged_steps": In(STEP_BITS),
                "learn": In(1),
                "everything": In(1),
                "sweep": Out(1),
                "sweep_kind": Out(Pass),
                "anew": Out(1),
                "swept": In(1),
                "step": Out(1),
                "stepped": In(1),
                "changed": Out(length).array(layers),
                "active": Out(length).array(layers),
                "row_status": In(messages.status("row")),
                "column_status": In(messages.status("column")),
                "first": Out(1),
                "nudged": Out(1),
                "swap": Out(1),
                "bank": Out(1),
                "keep": Out(1),
                "learn_biases": Out(1),
                "idle": Out(1),
                "working": Out(1),
                "finished_step": Out(1),
                "result": Out(stream.Signature(result_layout(geometry))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """One state machine; from a sample to its result."""
        m = Module()
        r = _Registers(Signal(self.result.payload.shape(), name="outcome"))
        m.d.sync += [
            r.first_step.eq(r.count == 1),
            r.last_free.eq(r.count == self.free_steps),
            r.last_nudged.eq(r.count == self.nudged_steps),
        ]
        returning = Signal(range(self._return_cycles), name="returning")
        found = self._collect(m)
        self._foresee(m, found, r)
        m.d.comb += [
            self.nudged.eq(r.nudged),
            self.swap.eq(r.swap),
            self.bank.eq(r.bank),
            # The free phase's last state stays the previous one where learning waits for the end of the phase.
            self.keep.eq(0 if self._continual else r.nudged & (r.count != 0)),
            self.learn_biases.eq(r.learning),
            # In the first step all states are zero; they still are if the free phase settled there.
            self.first.eq((r.count == 0) & (~r.nudged | r.blank)),
            self.result.payload.eq(r.result),
            self.working.eq(1),
            # While weights stay as they are.
            self.open.eq(~self.learn),
        ]
        listed, longest, begun = self._listed(m)
        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += [self.idle.eq(1), self.working.eq(self.ready), self.begin.eq(self.ready), self.open.eq(0)]
                m.d.sync += [r.count.eq(0), r.nudged.eq(0), r.result.eq(0), r.learning.eq(0), r.finished.eq(0)]
                with m.If(self.ready):
                    m.d.sync += r.swap.eq(0)
                    m.next = "LIST"
            with m.State("LIST"):
                m.d.comb += [self.working.eq(begun), self.open.eq(1)]
                with m.If(listed):
                    m.d.comb += self.take.eq(1)
                    m.d.sync += self.events.eq(longest)
                    self._sweep(m, Pass.DRIVE, anew=1)
            with m.State("SWEEP"):
                m.d.sync += returning.eq(0)
                with m.If(self.swept):
                    m.next = "RETURN"
            with m.State("RETURN"):
                m.d.sync += returning.eq(returning + 1)
                with m.If(returning == self._return_cycles - 1):
                    with m.If(r.finished):
                        m.next = "RESULT"
                    with m.Else():
                        self._step(m)
            with m.State("STEP"), m.If(self.stepped):
                with m.If(r.learning):
                    m.d.sync += [returning.eq(0), r.finished.eq(1)]
                    m.next = "RETURN"
                with m.Else():
                    m.d.sync += r.count.eq(r.count + 1)
                    m.next = "STATUS"
            with m.State("STATUS"), m.If(found.complete):
                m.next = "DECIDE"
            with m.State("DECIDE"):
                m.d.comb += self.finished_step.eq(1)
                with m.If(r.nudged):
                    self._end_nudged_step(m, found, r)
                with m.Else():
                    self._end_free_step(m, found, r)
            with m.State("RESULT"):
                m.d.comb += [self.result.valid.eq(1), self.working.eq(self.result.ready), self.open.eq(0)]
                with m.If(self.result.ready):
                    m.next = "IDLE"
        return m

    def _listed(self, m: Module) -> tuple[Signal, Signal, Signal]:
        """Whether work goes on with the next sample, the length of its longest list, and whether the lists are
        there."""
        if self.geometry.drives > 1:
            return self.listed, self.longest, self.begun
        listed, longest = Signal(name="listed"), Signal.like(self.longest, name="longest")
        with m.If(self.listed):
            m.d.sync += [listed.eq(1), longest.eq(self.longest)]
        with m.Elif(self.take):
            m.d.sync += listed.eq(0)
        return listed, longest, listed

    def _sweep(self, m: Module, kind: Pass, anew: ValueLike = 0) -> None:
        """Begin a pass, or step at once where the network has none of this kind."""
        if self._program.stretches[kind]:
            m.d.comb += [self.sweep.eq(1), self.sweep_kind.eq(kind), self.anew.eq(anew)]
            m.next = "SWEEP"
        else:
            self._step(m)

    def _step(self, m: Module) -> None:
        m.d.comb += self.step.eq(1)
        m.next = "STEP"

    def _foresee(self, m: Module, found: data.View, r: "_Registers") -> None:
        """What a complete status means for the phase, known when it is decided upon."""
        period_2 = found.changed & ~found.aperiodic
        open_ended = Mux(r.nudged, found.changed, found.changed & ~period_2)
        m.d.sync += [
            r.goes_on.eq((open_ended | self.everything) & ~Mux(r.nudged, r.last_nudged, r.last_free)),
            # With an odd number of steps left, a period of two ends in the state before this one.
            r.other.eq(period_2 & (self.free_steps[0] ^ r.count[0])),
        ]

    def _end_free_step(self, m: Module, found: data.View, r: "_Registers") -> None:
        """Settled, period 2, open, or one more step; then the nudged phase or the result."""
        period_2 = found.changed & ~found.aperiodic
        m.d.sync += [
            r.result.free_steps.eq(r.count),
            r.result.free_end.eq(Mux(found.changed, Mux(period_2, FreeEnd.PERIOD_2, FreeEnd.OPEN), FreeEnd.SETTLED)),
            r.result.prediction.eq(Mux(r.other, found.prediction_before, found.prediction)),
            r.result.tie.eq(Mux(r.other, found.tie_before, found.tie)),
            r.swap.eq(r.other),
        ]
        with m.If(r.goes_on):
            # An unended phase goes on from the state that it is in.
            m.d.sync += r.swap.eq(0)
            self._sweep(m, Pass.SUMS, anew=r.first_step)
        with m.Elif(self.learn):
            m.d.sync += [r.nudged.eq(1), r.count.eq(0), r.blank.eq(~found.changed & r.first_step)]
            with m.If(found.changed & ~r.other):
                self._sweep(m, Pass.SUMS, anew=r.first_step)
            with m.Else():
                # The sums of a settled state, and of the one before in a period of two, are those that led here.
                self._step(m)
        with m.Else():
            m.next = "RESULT"

    def _end_nudged_step(self, m: Module, found: data.View, r: "_Registers") -> None:
        """Learn, then one more step, or the end."""
        m.d.sync += [r.result.nudged_steps.eq(r.count), r.swap.eq(0), r.result.nudged_settled.eq(~found.changed)]
        with m.If(found.changed):
            m.d.sync += r.bank.eq(~r.bank)
        with m.If(r.goes_on):
            self._sweep(m, Pass.LEARN, anew=1)
        if self._continual:
            with m.Elif(found.changed | self.everything):
                m.d.sync += r.finished.eq(1)
                self._sweep(m, Pass.UPDATE)
            with m.Else():
                m.next = "RESULT"
        else:
            with m.Else():
                # The lists name the units that the nudged phase moved away from the free phase's state.
                m.d.sync += r.learning.eq(1)
                self._sweep(m, Pass.UPDATE)

    def _collect(self, m: Module):
        """The status of a step over all lanes and slots, and the prediction of the step before."""
        classes = self.geometry.specification.classes
        found_so_far = {
            name: self.row_status.shape()[name].shape
            for name in ("changed", "aperiodic", "found", "tie", "largest", "remaining")
        }
        best = Signal(data.StructLayout(found_so_far), name="best")
        ended: dict[Edge, Signal] = {
            edge: Signal(name=f"{edge}_ended") for edge in ("row", "column") if self.geometry.layers(edge)
        }
        before = Signal(
            data.StructLayout({"prediction": unsigned(len(self.result.payload.prediction)), "tie": 1}), name="before"
        )
        output_edge = self.geometry.edge(len(self.geometry.specification.layers) - 1)
        # Nothing of the new step comes before this; the old one's must be read until here.
        begun = Signal(name="begun")
        m.d.sync += begun.eq(self.step)
        with m.If(begun):
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
                with m.If(arrived.layer_last), m.Switch(arrived.layer):
                    for layer in self.geometry.layers(edge):
                        with m.Case(self.geometry.edge_number(layer)):
                            m.d.sync += [
                                self.changed[layer - 1].eq(arrived.changed_most),
                                self.active[layer - 1].eq(arrived.active_most),
                            ]
            if edge == output_edge:
                # A cycle later: the prediction is not looked at before.
                competing = delay(m, arrived, 1, "competing")
                competes = Signal(name="competes")
                m.d.sync += competes.eq(arrived.valid & arrived.found)
                with m.If(competes):
                    self._compete(m, best, competing)
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
        found = Signal(layout, name="found")
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
        with m.If(~best.found | (arrived.largest > best.largest)):
            m.d.sync += [
                best.found.eq(1),
                best.largest.eq(arrived.largest),
                best.remaining.eq(arrived.remaining),
                best.tie.eq(arrived.tie),
            ]
        with m.Elif(arrived.largest == best.largest):
            m.d.sync += best.tie.eq(1)
