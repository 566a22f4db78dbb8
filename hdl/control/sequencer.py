"""The sequencer: leads a sample through the free and the nudged phase, step by step (`docs/numerics.md`, section 4)."""

from typing import NamedTuple

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ceprop.hdl.control.signatures import Banks, DriveTurn, ListLengths, SampleProgress, StepCommand, SweepCommand
from ceprop.hdl.control.status_collector import StatusCollector
from ceprop.hdl.control.sweeps import Pass, program
from ceprop.hdl.delay import delay
from ceprop.hdl.io.result import STEP_BITS, FreeEnd, result_layout
from ceprop.hdl.io.signatures import PhaseSettings, SampleStart
from ceprop.hdl.lanes.signatures import EdgeStatus
from ceprop.hdl.streams import stream_of
from ceprop.hdl.typing import Fields, Interface
from ceprop.specification import Geometry

SWEPT_DELAY = 1
"""Cycles from the last slot of a pass to the sequencer, which then counts fewer cycles until the sums are back."""
STEPPED_DELAY = 1
"""Cycles from the last message of a step to the sequencer, which then waits for the status anyway."""


class _Sample(NamedTuple):
    """What the sequencer remembers of a sample: its result so far, and where it is.

    `steps` of the phase were executed. Three registers compare it: it is 1 (`first_step`), or the largest number of
    free or of nudged steps. Behind a register of what a step found, the phase `goes_on`, and it ends in the state
    before its last one (`other_parity`). The phase is the `nudged` one. States are exchanged (`swap`); a `bank` of
    generators is in use; all states were zero when the nudged phase began (`blank`). The step is one of the biases
    (`learning`); after the pass or step at work the sample is `finished`."""

    result: Fields
    steps: Signal
    first_step: Signal
    last_free: Signal
    last_nudged: Signal
    goes_on: Signal
    other_parity: Signal
    nudged: Signal
    swap: Signal
    bank: Signal
    blank: Signal
    learning: Signal
    finished: Signal

    @classmethod
    def create(cls, result: Fields) -> "_Sample":
        """The registers."""
        flags = (Signal(name=f"sample_{name}") for name in cls._fields[2:])
        return cls(Signal(result.shape(), name="outcome"), Signal(STEP_BITS, name="steps"), *flags)


class Sequencer(wiring.Component):
    """Leads a sample through its steps::

        state   meaning                             leaves when                                     next
        ------  ----------------------------------  ----------------------------------------------  ------------------
        IDLE    between samples                     a sample waits                                  LIST
        LIST    inputs are listed                   the lists, or the drive, are complete           SWEEP (drive)
        SWEEP   slots of a pass are sent            the last slot is sent                           RETURN
        RETURN  the last sums, or updates of        `return_cycles` have passed;                    STEP
                biases, are in flight               the sample is finished                          RESULT
        STEP    step messages are sent              the last message is sent;                       STATUS
                                                    it was a step of the biases                     RETURN
        STATUS  the new states are in flight        both edges have reported their last slot        DECIDE
        DECIDE  what comes next                     a free step: not settled, steps < T             SWEEP (sums)
                                                    a free phase ends, sums are known; learn        STEP (nudged)
                                                    a free phase ends, sums are not known; learn    SWEEP (sums)
                                                    a free phase ends; infer only                   RESULT
                                                    a nudged step: changed, steps < K               SWEEP (learn)
                                                    a nudged phase ends                             SWEEP (update)
                                                    a nudged phase settles (C-EP, C-VF)             RESULT
        RESULT  the result is on the port           it is taken                                     IDLE

    A SWEEP of which the network has none is left out: STEP follows. :mod:`ceprop.hdl.cycles` adds up the cycles.

    Parameters
    ----------
    geometry : Geometry
        Edges and layers.
    return_cycles : int
        Cycles from a pass's last slot to the first step message that may read its sums.

    Members
    -------
    sample, settings, drive : In
        The start of a sample, the settings of its phases, and the turn of its drive. Slots of the next sample's drive
        may be sent while the weights stay as they are.
    sweep, lists : Out
        A pass, and the lengths of its lists.
    step, banks : Out
        A step, and the banks that it uses.
    row, column : In
        What a step found on each edge.
    progress : Out
        For the counters.
    result : Out, stream
        One beat per sample.
    """

    sample: Interface
    settings: Interface
    drive: Interface
    sweep: Interface
    lists: Interface
    step: Interface
    banks: Interface
    row: Interface
    column: Interface
    progress: Interface
    result: Interface

    def __init__(self, geometry: Geometry, return_cycles: int):
        self.geometry = geometry
        self._return_cycles = return_cycles
        self._program = program(geometry)
        self._continual = geometry.specification.continual
        super().__init__(
            {
                "sample": In(SampleStart()),
                "settings": In(PhaseSettings()),
                "drive": In(DriveTurn(geometry)),
                "sweep": Out(SweepCommand()),
                "lists": Out(ListLengths(geometry)),
                "step": Out(StepCommand()),
                "banks": Out(Banks()),
                "row": In(EdgeStatus(geometry, "row")),
                "column": In(EdgeStatus(geometry, "column")),
                "progress": Out(SampleProgress()),
                "result": Out(stream_of(result_layout(geometry))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """The status of the steps, the state machine, and what follows from both."""
        m = Module()
        m.submodules.status = status = StatusCollector(self.geometry)
        wiring.connect(m, wiring.flipped(self.row), status.row)
        wiring.connect(m, wiring.flipped(self.column), status.column)
        m.d.comb += status.start.eq(self.step.start)
        for own, found in ((self.lists.changed, status.changed), (self.lists.active, status.active)):
            m.d.comb += [length.eq(longest) for length, longest in zip(own, found, strict=True)]
        s = _Sample.create(self.result.payload)
        self._predict_end(m, status.found, s)
        self._tell(m, s)
        self._run(m, status.found, s)
        return m

    def _tell(self, m: Module, s: _Sample) -> None:
        """What the other parts are told of the sample in every state; a state may say otherwise."""
        m.d.comb += [
            self.banks.swap.eq(s.swap),
            self.banks.bank.eq(s.bank),
            self.step.nudged.eq(s.nudged),
            # The last state of the free phase stays the previous one where learning waits for the end of the phase.
            self.step.keep.eq(0 if self._continual else s.nudged & (s.steps != 0)),
            self.step.learn.eq(s.learning),
            # In the first step all states are zero; they still are if the free phase settled there.
            self.step.first.eq((s.steps == 0) & (~s.nudged | s.blank)),
            self.result.payload.eq(s.result),
            self.progress.working.eq(1),
            self.progress.nudged.eq(s.nudged),
            self.progress.finished.eq(self.result.valid & self.result.ready),
            self.progress.tie.eq(s.result.tie),
            self.drive.open.eq(~self.settings.learn),
        ]

    def _run(self, m: Module, found: Fields, s: _Sample) -> None:
        """The state machine."""
        returning = Signal(range(self._return_cycles), name="returning")
        swept = delay(m, self.sweep.done, SWEPT_DELAY, "swept")
        stepped = delay(m, self.step.done, STEPPED_DELAY, "stepped")
        progress, drive = self.progress, self.drive
        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += [
                    self.sample.idle.eq(1),
                    self.sample.begin.eq(self.sample.waits),
                    progress.working.eq(self.sample.waits),
                    drive.open.eq(0),
                ]
                m.d.sync += [s.steps.eq(0), s.nudged.eq(0), s.result.eq(0), s.learning.eq(0), s.finished.eq(0)]
                with m.If(self.sample.waits):
                    m.d.sync += s.swap.eq(0)
                    m.next = "LIST"
            with m.State("LIST"):
                m.d.comb += [progress.working.eq(drive.listed), drive.open.eq(1)]
                with m.If(drive.ready):
                    m.d.comb += drive.take.eq(1)
                    m.d.sync += self.lists.events.eq(drive.events)
                    self._start_pass(m, Pass.DRIVE, anew=1)
            with m.State("SWEEP"):
                m.d.sync += returning.eq(0)
                with m.If(swept):
                    m.next = "RETURN"
            with m.State("RETURN"):
                m.d.sync += returning.eq(returning + 1)
                with m.If(returning == self._return_cycles - 1):
                    with m.If(s.finished):
                        m.next = "RESULT"
                    with m.Else():
                        self._start_step(m)
            with m.State("STEP"), m.If(stepped):
                with m.If(s.learning):
                    m.d.sync += [returning.eq(0), s.finished.eq(1)]
                    m.next = "RETURN"
                with m.Else():
                    m.d.sync += s.steps.eq(s.steps + 1)
                    m.next = "STATUS"
            with m.State("STATUS"), m.If(found.complete):
                m.next = "DECIDE"
            with m.State("DECIDE"):
                m.d.comb += progress.finished_step.eq(1)
                with m.If(s.nudged):
                    self._end_nudged_step(m, found, s)
                with m.Else():
                    self._end_free_step(m, found, s)
            with m.State("RESULT"):
                m.d.comb += [self.result.valid.eq(1), progress.working.eq(self.result.ready), drive.open.eq(0)]
                with m.If(self.result.ready):
                    m.next = "IDLE"

    def _start_pass(self, m: Module, kind: Pass, anew: Signal | int = 0) -> None:
        """Begin a pass, or step at once where the network has none of this kind."""
        if self._program.stretches[kind]:
            m.d.comb += [self.sweep.start.eq(1), self.sweep.kind.eq(kind), self.sweep.anew.eq(anew)]
            m.next = "SWEEP"
        else:
            self._start_step(m)

    def _start_step(self, m: Module) -> None:
        m.d.comb += self.step.start.eq(1)
        m.next = "STEP"

    def _predict_end(self, m: Module, found: Fields, s: _Sample) -> None:
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

    def _end_free_step(self, m: Module, found: Fields, s: _Sample) -> None:
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

    def _end_nudged_step(self, m: Module, found: Fields, s: _Sample) -> None:
        """Learn, then one more step, or the end."""
        m.d.sync += [s.result.nudged_steps.eq(s.steps), s.swap.eq(0), s.result.nudged_settled.eq(~found.changed)]
        with m.If(found.changed):
            m.d.sync += s.bank.eq(~s.bank)
        with m.If(s.goes_on):
            self._start_pass(m, Pass.LEARN, anew=1)
        if self._continual:
            with m.Elif(found.changed | self.settings.everything):
                m.d.sync += s.finished.eq(1)
                self._start_pass(m, Pass.UPDATE)
            with m.Else():
                m.next = "RESULT"
        else:
            with m.Else():
                # The lists name the units whose state the nudged phase has changed since the free phase.
                m.d.sync += s.learning.eq(1)
                self._start_pass(m, Pass.UPDATE)
