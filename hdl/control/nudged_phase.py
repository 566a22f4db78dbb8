"""The end of a nudged phase, which is the same in both orders of the layers: what is learnt, and whether a second
nudged phase follows."""

from amaranth.hdl import Module, Value

from ceprop.hdl.control.sample import Sample
from ceprop.hdl.control.sequencer import Sequencer
from ceprop.hdl.control.sweeps import Pass


class NudgedPhaseSequencer(Sequencer):
    """A sequencer that ends nudged phases. Its subclasses say what follows a step or a half-step."""

    def _end_nudged_phase(self, m: Module, changed: Value, s: Sample) -> None:
        """Learn from the last step or from the phase; then the result, or the second phase of a centred nudge."""
        if not self.geometry.specification.centred:
            self._learn_last(m, changed, s)
            return
        with m.If(s.opposite):
            self._learn_last(m, changed, s)
        with m.Elif(s.first_step & ~changed & ~self.settings.everything):
            # No state has changed since the end of the free phase, so nothing is learnt and nothing restored.
            m.d.sync += s.opposite.eq(1)
            self._start_nudged_phase(m, s)
        with m.Else():
            self._learn_and_restore(m, changed, s)

    def _start_nudged_phase(self, m: Module, s: Sample) -> None:
        """Begin the first step of a nudged phase at once."""
        m.d.sync += s.steps.eq(0)
        self._start_step(m)

    def _learn_last(self, m: Module, changed: Value, s: Sample) -> None:
        """The last pass of a sample."""
        if self._continual:
            with m.If(changed | self.settings.everything):
                m.d.sync += s.finished.eq(1)
                self._start_pass(m, Pass.UPDATE)
            with m.Else():
                m.next = "RESULT"
        else:
            # The lists name the units whose state the nudged phase has changed since the free phase.
            m.d.sync += s.learning.eq(1)
            self._start_pass(m, Pass.UPDATE)

    def _learn_and_restore(self, m: Module, changed: Value, s: Sample) -> None:
        """Learn before the states are restored. With continual learning, the sums and the drive follow the weights as
        after any step."""
        m.d.sync += [s.restoring.eq(1), s.steps.eq(0), s.blank.eq(0)]
        if self._continual:
            with m.If(changed | self.settings.everything):
                self._start_pass(m, Pass.LEARN, anew=1)
            with m.Else():
                self._start_step(m)
        else:
            m.d.sync += s.learning.eq(1)
            self._start_pass(m, Pass.UPDATE)

    def _count_nudged_step(self, m: Module, changed: Value, s: Sample) -> None:
        """A nudged step was executed. The steps of both phases of a centred nudge are counted together."""
        with m.If(changed):
            m.d.sync += s.bank.eq(~s.bank)
        if not self.geometry.specification.centred:
            m.d.sync += [s.result.nudged_steps.eq(s.steps), s.result.nudged_settled.eq(~changed)]
            return
        m.d.sync += [
            s.result.nudged_steps.eq(s.result.nudged_steps + 1),
            s.result.nudged_settled.eq(~changed & (s.first_settled | ~s.opposite)),
        ]
        with m.If(~s.opposite):
            m.d.sync += s.first_settled.eq(~changed)
