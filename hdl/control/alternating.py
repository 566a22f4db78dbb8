"""The sequencer in alternating order: the layers of one edge step, then those of the other edge, each from the newest
states of the other edge."""

from amaranth.hdl import Const, Module, Mux, Value

from ceprop.hdl.control.nudged_phase import NudgedPhaseSequencer
from ceprop.hdl.control.sample import Sample
from ceprop.hdl.control.sweeps import Pass
from ceprop.hdl.io.result import FreeEnd
from ceprop.hdl.typing import Fields


class AlternatingSequencer(NudgedPhaseSequencer):
    """Two half-steps per step, and after each of them a pass of the sums of the other edge::

                  first half-step           then                second half-step     then
        free      row edge                  COLUMN_SUMS         column edge          ROW_SUMS
        nudged    edge of the output layer  the other edge's    the other edge       LEARN, at the end UPDATE
                                            sums, with RENEW
                                            behind the first
                                            step

    A half-step of the free phase that changes no state ends it, apart from the first one of all: the next half-step
    would receive what it received before. In the same way, the first half-step of the nudged phase may end a sample."""

    def _tell_step(self, m: Module, s: Sample) -> None:
        # The count of steps is that of the second half-step already.
        in_first = (s.steps == 0) | (s.second & s.first_step)
        m.d.comb += [
            self.step.columns.eq(self._steps_columns(s)),
            # The last state of the free phase stays the previous one where learning waits for the end of the phase.
            self.step.keep.eq(0 if self._continual else s.nudged & ~in_first),
            # In the first step all states are zero.
            self.step.first.eq(~s.nudged & in_first),
            # The first nudged step saves the states before it, which are those at the end of the free phase.
            self.step.save.eq(s.nudged & ~s.opposite & in_first),
        ]

    def _steps_columns(self, s: Sample) -> Value:
        """The half-step is one of the column edge."""
        return s.second ^ (s.nudged if self._outputs_on_columns else Const(0))

    @property
    def _outputs_on_columns(self) -> bool:
        return self.geometry.edge(self.geometry.specification.connections[-1]) == "column"

    def _count_step(self, m: Module, s: Sample) -> None:
        m.d.sync += s.steps.eq(s.steps + ~s.second)

    def _ends_step(self, found: Fields, s: Sample) -> Value:
        return s.second | Mux(s.nudged, self._rests(found, s), ~self._goes_on_with_second(found, s))

    def _rests(self, found: Fields, s: Sample) -> Value:
        """The nudge moved no output of a network at rest, so the other half would not move either."""
        at_rest = s.first_step & ~s.opposite & (s.result.free_end == FreeEnd.SETTLED)
        return ~s.second & ~found.changed & at_rest & ~self.settings.everything

    def _goes_on_with_second(self, found: Fields, s: Sample) -> Value:
        """The second half-step of a free step follows the first one."""
        return found.changed | s.first_step | self.settings.everything

    def _returns(self, s: Sample) -> Value:
        cycles = self._return_cycles
        next_edge = Mux(self._steps_columns(s), cycles["column"], cycles["row"])
        # At the end of a sample, and before states are restored, the last updates are in flight too.
        return Mux(s.learning | s.finished | s.restoring, self._drain_cycles, next_edge) - 1

    def _predict_end(self, m: Module, found: Fields, s: Sample) -> None:
        settings = self.settings
        changed = found.changed | (s.moved & s.nudged)
        m.d.sync += [
            s.first_step.eq(s.steps == 1),
            s.last_free.eq(s.steps == settings.free_steps),
            s.last_nudged.eq(s.steps == settings.nudged_steps),
            s.goes_on.eq((changed | settings.everything) & ~Mux(s.nudged, s.last_nudged, s.last_free)),
        ]

    def _end_free_step(self, m: Module, found: Fields, s: Sample) -> None:
        """Settled, open, or one more half-step; then the nudged phase or the result."""
        m.d.sync += [
            s.result.free_steps.eq(s.steps),
            s.result.free_end.eq(Mux(found.changed, FreeEnd.OPEN, FreeEnd.SETTLED)),
            s.result.prediction.eq(found.prediction),
            s.result.tie.eq(found.tie),
        ]
        with m.If(~s.second & self._goes_on_with_second(found, s)):
            m.d.sync += s.second.eq(1)
            self._start_pass(m, Pass.COLUMN_SUMS, anew=s.first_step)
        with m.Elif(s.second & s.goes_on):
            m.d.sync += s.second.eq(0)
            self._start_pass(m, Pass.ROW_SUMS, anew=s.first_step)
        with m.Elif(self.settings.learn):
            m.d.sync += [s.nudged.eq(1), s.steps.eq(0), s.second.eq(0)]
            with m.If(s.second & (found.changed | s.first_step)):
                self._start_pass(m, Pass.ROW_SUMS, anew=s.first_step)
            with m.Else():
                # The sums of a settled state are those that led here.
                self._start_nudged_phase(m, s)
        with m.Else():
            m.next = "RESULT"

    def _end_nudged_step(self, m: Module, found: Fields, s: Sample) -> None:
        changed, rests = found.changed | (s.second & s.moved), self._rests(found, s)
        m.d.sync += [s.second.eq(~s.second), s.moved.eq(found.changed)]
        with m.If(s.second | rests):
            self._count_nudged_step(m, changed, s)
        with m.If(rests):
            self._end_at_rest(m, s)
        with m.Elif(~s.second):
            with m.If(s.first_step & ~s.opposite):
                self._start_pass(m, Pass.ROW_SUMS if self._outputs_on_columns else Pass.COLUMN_SUMS)
            with m.Else():
                self._start_pass(m, Pass.RENEW, anew=1)
        with m.Elif(s.goes_on):
            self._start_pass(m, Pass.LEARN, anew=1)
        with m.Else():
            self._end_nudged_phase(m, changed, s)

    def _end_at_rest(self, m: Module, s: Sample) -> None:
        """Nothing changed, so nothing is learnt: the result, or the second phase of a centred nudge."""
        if self.geometry.specification.centred:
            m.d.sync += s.opposite.eq(1)
            self._start_nudged_phase(m, s)
        else:
            m.next = "RESULT"

    def _start_nudged_phase(self, m: Module, s: Sample) -> None:
        super()._start_nudged_phase(m, s)
        m.d.sync += s.second.eq(0)
        m.d.comb += self.step.columns.eq(self._outputs_on_columns)

    def _end_restoring(self, m: Module, s: Sample) -> None:
        """The sums of the first half; a nudged step of the second phase makes those of the second half anew."""
        kept = Pass.COLUMN_SUMS if self._outputs_on_columns else Pass.ROW_SUMS
        m.d.sync += s.second.eq(0)
        self._start_pass(m, kept if self._continual else Pass.RESTORED, anew=not self._continual)
