"""The sequencer: leads a sample through the free and the nudged phase, step by step (`docs/numerics.md`, section 4).

The state machine is here. `sample.py` has what it remembers of a sample, and `nudged_phase.py` has the end of a nudged
phase. All this is the same in both orders of the layers. What follows a step is in `synchronous.py` and
`alternating.py`."""

from abc import abstractmethod

from amaranth.hdl import Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ceprop.hdl.control.sample import Sample
from ceprop.hdl.control.signatures import (
    Banks,
    DriveTurn,
    ListLengths,
    NudgeSign,
    SampleProgress,
    StepCommand,
    SweepCommand,
)
from ceprop.hdl.control.status_collector import StatusCollector
from ceprop.hdl.control.sweeps import Pass, program
from ceprop.hdl.delay import delay
from ceprop.hdl.io.result import result_layout
from ceprop.hdl.io.signatures import PhaseSettings, SampleStart
from ceprop.hdl.lanes.signatures import EdgeStatus
from ceprop.hdl.streams import stream_of
from ceprop.hdl.typing import Fields, Interface
from ceprop.specification import Edge, Geometry

SWEPT_DELAY = 1
"""Cycles from the last slot of a pass to the sequencer, which then counts fewer cycles until the sums are back."""
STEPPED_DELAY = 1
"""Cycles from the last message of a step to the sequencer, which then waits for the status anyway."""


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
                                                    the first phase of a centred nudge ends         SWEEP (learn)
                                                    this phase has settled (C-EP, C-VF)             STEP (restore)
                                                    this phase changed no state                     STEP (nudged)
                                                    states are restored                             SWEEP (sums)
        RESULT  the result is on the port           it is taken                                     IDLE

    A SWEEP of which the network has none is left out: STEP follows. In alternating order STEP to DECIDE are a
    half-step, and a SWEEP follows the first half-step too. :mod:`ceprop.hdl.cycles` adds up the cycles.

    Parameters
    ----------
    geometry : Geometry
        Edges and layers.
    return_cycles : dict
        For each edge with neurons the cycles from a pass's last slot to the first step message that may read the sums
        of the edge.
    drain_cycles : int
        Cycles from a pass's last slot until all its sums and updates are in the memories.

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
    sign : Out
        Whether the nudge has the opposite sign.
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
    sign: Interface
    result: Interface

    def __init__(self, geometry: Geometry, return_cycles: dict[Edge, int], drain_cycles: int):
        self.geometry = geometry
        self._return_cycles = return_cycles
        self._drain_cycles = drain_cycles
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
                "sign": Out(NudgeSign()),
                "result": Out(stream_of(result_layout(geometry))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """The status of the steps, the state machine, and what follows from both."""
        m = Module()
        m.submodules.status = status = StatusCollector(self.geometry)
        wiring.connect(m, wiring.flipped(self.row), status.row)
        wiring.connect(m, wiring.flipped(self.column), status.column)
        m.d.comb += [
            status.start.eq(self.step.start),
            status.columns.eq(self.step.columns),
            status.whole.eq(self.step.restore),
        ]
        for own, found in ((self.lists.changed, status.changed), (self.lists.active, status.active)):
            m.d.comb += [length.eq(longest) for length, longest in zip(own, found, strict=True)]
        s = Sample.create(self.result.payload)
        self._predict_end(m, status.found, s)
        self._tell(m, s)
        self._tell_step(m, s)
        self._run(m, status.found, s)
        return m

    @abstractmethod
    def _predict_end(self, m: Module, found: Fields, s: Sample) -> None:
        """Whether the phase ends with this step, known from registers when it is decided upon."""

    @abstractmethod
    def _tell_step(self, m: Module, s: Sample) -> None:
        """What the step messages ask for."""

    @abstractmethod
    def _count_step(self, m: Module, s: Sample) -> None:
        """The messages of a step were sent."""

    @abstractmethod
    def _ends_step(self, found: Fields, s: Sample) -> Value:
        """A whole step was executed."""

    @abstractmethod
    def _returns(self, s: Sample) -> Value:
        """The cycles after which the sums of a pass have returned, less one."""

    @abstractmethod
    def _end_free_step(self, m: Module, found: Fields, s: Sample) -> None:
        """One more step, or the nudged phase, or the result."""

    @abstractmethod
    def _end_nudged_step(self, m: Module, found: Fields, s: Sample) -> None:
        """Learn, then one more step, or the end of the phase."""

    @abstractmethod
    def _end_restoring(self, m: Module, s: Sample) -> None:
        """All states are those at the end of the free phase again: make the sums, then the second nudged phase."""

    def _begin(self, m: Module, s: Sample) -> None:
        """A sample begins."""
        m.d.sync += [s.swap.eq(0), s.second.eq(0), s.opposite.eq(0)]

    def _tell(self, m: Module, s: Sample) -> None:
        """What the other parts are told of the sample in every state; a state may say otherwise."""
        m.d.comb += [
            self.banks.bank.eq(s.bank),
            self.step.nudged.eq(s.nudged & ~s.restoring),
            self.step.learn.eq(s.learning),
            self.step.restore.eq(s.restoring & ~s.learning),
            self.sign.opposite.eq(s.opposite),
            self.result.payload.eq(s.result),
            self.progress.working.eq(1),
            self.progress.nudged.eq(s.nudged),
            self.progress.finished.eq(self.result.valid & self.result.ready),
            self.progress.tie.eq(s.result.tie),
            self.drive.open.eq(~self.settings.learn),
        ]

    def _run(self, m: Module, found: Fields, s: Sample) -> None:
        """The state machine."""
        returning = Signal(range(self._drain_cycles), name="returning")
        # What is walked beside a half-step must have come to its end before states are restored.
        ended = Mux(s.restoring, self.sweep.done, self.sweep.released)
        swept = delay(m, ended, SWEPT_DELAY, "swept")
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
                    self._begin(m, s)
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
                with m.If(returning == self._returns(s)):
                    with m.If(s.finished):
                        m.next = "RESULT"
                    with m.Else():
                        self._start_step(m)
            with m.State("STEP"), m.If(stepped):
                with m.If(s.learning):
                    m.d.sync += [returning.eq(0), s.finished.eq(~s.restoring), s.learning.eq(0)]
                    m.next = "RETURN"
                with m.Else():
                    with m.If(~s.restoring):
                        self._count_step(m, s)
                    m.next = "STATUS"
            # A pass that has released the step may still be under way.
            under_way = self.sweep.busy if self._program.releases else Const(0)
            with m.State("STATUS"), m.If(found.complete & ~under_way):
                m.next = "DECIDE"
            with m.State("DECIDE"):
                m.d.comb += progress.finished_step.eq(self._ends_step(found, s) & ~s.restoring)
                with m.If(s.restoring):
                    m.d.sync += [s.restoring.eq(0), s.opposite.eq(1)]
                    self._end_restoring(m, s)
                with m.Elif(s.nudged):
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
