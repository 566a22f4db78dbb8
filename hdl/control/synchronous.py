"""The sequencer in synchronous order: all layers step together, and a free phase may end in a period of two."""

from amaranth.hdl import Const, Module, Mux, Value

from ceprop.hdl.control.nudged_phase import NudgedPhaseSequencer
from ceprop.hdl.control.sample import Sample
from ceprop.hdl.control.sweeps import Pass
from ceprop.hdl.io.result import FreeEnd
from ceprop.hdl.typing import Fields


class SynchronousSequencer(NudgedPhaseSequencer):
    """A step of all layers, then a pass of all their sums."""

    def _tell_step(self, m: Module, s: Sample) -> None:
        m.d.comb += [
            self.banks.swap.eq(s.swap),
            # The last state of the free phase stays the previous one where learning waits for the end of the phase.
            self.step.keep.eq(0 if self._continual else s.nudged & (s.steps != 0)),
            # The first nudged step saves the states before it, which are those at the end of the free phase.
            self.step.save.eq(s.nudged & ~s.opposite & (s.steps == 0)),
            # In the first step all states are zero; they still are if the free phase settled there.
            self.step.first.eq((s.steps == 0) & (~s.nudged | s.blank)),
        ]

    def _count_step(self, m: Module, s: Sample) -> None:
        m.d.sync += s.steps.eq(s.steps + 1)

    def _ends_step(self, found: Fields, s: Sample) -> Value:
        return Const(1)

    def _returns(self, s: Sample) -> Value:
        return Const(self._drain_cycles - 1)

    def _predict_end(self, m: Module, found: Fields, s: Sample) -> None:
        """Whether the phase ends with this step, known from registers when it is decided upon."""
        settings, period_2 = self.settings, self._period_2(found)
        open_ended = Mux(s.nudged, found.changed, found.changed & ~period_2)
        m.d.sync += [
            s.first_step.eq(s.steps == 1),
            s.last_free.eq(s.steps == settings.free_steps),
            s.last_nudged.eq(s.steps == settings.nudged_steps),
            s.goes_on.eq((open_ended | settings.everything) & ~Mux(s.nudged, s.last_nudged, s.last_free)),
            # With an odd number of steps left, a period of two ends in the state before this one.
            s.other_parity.eq(period_2 & (settings.free_steps[0] ^ s.steps[0])),
        ]

    @staticmethod
    def _period_2(found: Fields) -> Value:
        """Every state is the one before the last one, and some state changed."""
        return found.changed & ~found.aperiodic

    def _end_free_step(self, m: Module, found: Fields, s: Sample) -> None:
        """Settled, period 2, open, or one more step; then the nudged phase or the result."""
        ended = Mux(found.changed, Mux(self._period_2(found), FreeEnd.PERIOD_2, FreeEnd.OPEN), FreeEnd.SETTLED)
        m.d.sync += [
            s.result.free_steps.eq(s.steps),
            s.result.free_end.eq(ended),
            s.result.prediction.eq(Mux(s.other_parity, found.prediction_before, found.prediction)),
            s.result.tie.eq(Mux(s.other_parity, found.tie_before, found.tie)),
            s.swap.eq(s.other_parity),
        ]
        with m.If(s.goes_on):
            # A phase that has not ended goes on from the state that it is in.
            m.d.sync += s.swap.eq(0)
            self._start_pass(m, Pass.SUMS, anew=s.first_step)
        with m.Elif(self.settings.learn):
            m.d.sync += [s.nudged.eq(1), s.steps.eq(0), s.blank.eq(~found.changed & s.first_step)]
            with m.If(found.changed & ~s.other_parity):
                self._start_pass(m, Pass.SUMS, anew=s.first_step)
            with m.Else():
                # The sums of a settled state, and of the state before in a period of two, are those that led here.
                self._start_step(m)
        with m.Else():
            m.next = "RESULT"

    def _end_nudged_step(self, m: Module, found: Fields, s: Sample) -> None:
        m.d.sync += s.swap.eq(0)
        self._count_nudged_step(m, found.changed, s)
        with m.If(s.goes_on):
            self._start_pass(m, Pass.LEARN, anew=1)
        with m.Else():
            self._end_nudged_phase(m, found.changed, s)

    def _end_restoring(self, m: Module, s: Sample) -> None:
        self._start_pass(m, Pass.SUMS if self._continual else Pass.RESTORED, anew=not self._continual)
