"""The cycle model: how many cycles a sample takes, from the specification and the events of its phases.

Every number comes from the latencies of the hardware and the table of sweeps. The testbenches compare it with the
counters of the core, for equality, where the reader takes the trace as it comes.
"""

from dataclasses import dataclass, replace

from ceprop.hdl.control.sequencer import STEPPED_DELAY, SWEPT_DELAY
from ceprop.hdl.control.sweep_walker import LOOK_UP_CYCLES, settling
from ceprop.hdl.control.sweeps import Kind, Pass, Sweep, program
from ceprop.hdl.core import Core
from ceprop.hdl.events import NudgedEvents, SampleEvents, StepLists
from ceprop.hdl.lanes.messages import Listing
from ceprop.hdl.lanes.stages import start_delay, step_beats
from ceprop.specification import Edge, Geometry

BEGIN = 2
"""Cycles in which a sample begins, and its lists, or its drive, are found to be complete."""
END = 1
"""The cycle in which the result of a sample leaves."""
TAKE_UP = 1
"""The cycle in which the drive prefetch takes up a sample whose lists are complete."""


@dataclass(frozen=True)
class Cost:
    """Cycles that a sample takes where the inputs of the next sample come in time and its result is taken at once, the
    multiply slots among them, and the reads and writes of each cell's memory. `walks` are the stretches of cycles in
    which sweeps are walked, each from its first cycle to the one after its last."""

    cycles: int = 0
    slots: int = 0
    reads: int = 0
    writes: int = 0
    walks: tuple[tuple[int, int], ...] = ()

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(
            self.cycles + other.cycles,
            self.slots + other.slots,
            self.reads + other.reads,
            self.writes + other.writes,
            (*self.walks, *((self.cycles + first, self.cycles + end) for first, end in other.walks)),
        )


@dataclass(frozen=True)
class Prefetched:
    """How far the drive of a sample is when work on the sample begins: `slots` of it were sent, the last one `since`
    cycles before."""

    slots: int = 0
    since: int = 0


class CycleModel:
    """Costs of a geometry's core."""

    def __init__(self, geometry: Geometry):
        self.geometry = geometry
        self._core = Core(geometry)
        self._program = program(geometry)
        self._layers = geometry.specification.connections
        self._alternating = geometry.specification.alternating

    def sample(self, events: SampleEvents, prefetched: Prefetched = Prefetched()) -> Cost:
        """Cost of one sample; without nudged steps it was inferred only. What was `prefetched` saves cycles."""
        return Cost(BEGIN) + self.drive(events, prefetched) + self.free(events) + self.nudged(events) + Cost(END)

    def prefetched(self, events: SampleEvents, before: SampleEvents, cost: Cost, listed: int) -> Prefetched:
        """How far the drive of a sample gets while the sample `before` is inferred at a `cost`. The inputs are all
        listed in the cycle `listed` of that sample."""
        if self.geometry.drives == 1 or before.nudged:
            return Prefetched()
        # The drive of the sample before is taken in the last cycle of `begun`, when the next drive may be taken up.
        begun = cost.cycles - END - self.free(before).cycles
        now, end = max(begun, listed + 1) + TAKE_UP, cost.cycles - END
        left, last = self._drive_slots(events), None
        # The cycle after each walk is left out: sums of a sweep and of a drive must not follow each other in a row.
        for first, behind in (*((first, behind + 1) for first, behind in cost.walks), (end, end)):
            some = min(left, max(0, min(first, end) - now))
            if some:
                left, last = left - some, now + some - 1
            now = max(now, behind)
        return Prefetched() if last is None else Prefetched(self._drive_slots(events) - left, cost.cycles - last)

    def drive(self, events: SampleEvents, prefetched: Prefetched) -> Cost:
        """Cost of the drive without the slots that were prefetched: the other slots, and the wait for their sums."""
        if self.geometry.drives == 1:
            return self.run(Pass.DRIVE, None, events, anew=True, to="row" if self._alternating else None)
        slots = self._drive_slots(events)
        if prefetched.slots < slots:
            cycles = slots - prefetched.slots + self._core.drive_return_cycles
        else:
            cycles = max(0, self._core.drive_return_cycles - prefetched.since)
        return Cost(cycles, slots, slots)

    def _drive_slots(self, events: SampleEvents) -> int:
        return self.geometry.slots(1) * max(1, events.longest_list)

    def free(self, events: SampleEvents) -> Cost:
        """Cost of the free phase."""
        if self._alternating:
            return self._alternating_free(events)
        cost = Cost()
        for number, lists in enumerate(events.free[:-1], 1):
            cost += self._step + self.run(Pass.SUMS, lists, events, anew=number == 1)
        return cost + self._step

    def nudged(self, events: SampleEvents) -> Cost:
        """Cost of the nudged phase and of learning."""
        cost = Cost()
        if not events.nudged:
            return cost
        if self._alternating:
            if not events.ends_early and (len(events.free) == 1 or not events.free_settled):
                cost += self.run(Pass.ROW_SUMS, events.free[-1], events, anew=len(events.free) == 1, to=self._first)
        elif not events.free_settled and not events.other_parity:
            cost += self.run(Pass.SUMS, events.free[-1], events, anew=len(events.free) == 1)
        for number, phase in enumerate(events.nudged, 1):
            cost += self._alternating_phase(phase, events, number) if self._alternating else self._phase(phase, events)
            if number == len(events.nudged):
                cost += self._last_update(phase, events)
            elif phase.restored is not None:
                cost += self._restore(phase, phase.restored, events)
        return cost

    def _phase(self, phase: NudgedEvents, events: SampleEvents) -> Cost:
        """Cost of a nudged phase, apart from learning after its last step."""
        cost = Cost()
        for lists in phase.steps[:-1]:
            cost += self._step + self.run(Pass.LEARN, lists, events, anew=True)
        return cost + self._step

    def _last_update(self, phase: NudgedEvents, events: SampleEvents) -> Cost:
        """Cost of learning after the last nudged step."""
        if phase.rests:
            return Cost()
        if not self.geometry.specification.continual:
            return self.run(Pass.UPDATE, phase.steps[-1], events) + self._bias_step
        return Cost() if phase.settled else self.run(Pass.UPDATE, phase.steps[-1], events)

    def _restore(self, phase: NudgedEvents, restored: StepLists, events: SampleEvents) -> Cost:
        """Cost of learning after the first phase of a centred nudge, and of the way back to the free end."""
        to, kept = None, Pass.SUMS
        if self._alternating:
            to, kept = self._first, Pass.ROW_SUMS if self._first == "row" else Pass.COLUMN_SUMS
        if not self.geometry.specification.continual:
            learnt = self.run(Pass.UPDATE, phase.steps[-1], events) + self._bias_step
            return learnt + self._step + self.run(Pass.RESTORED, restored, events, anew=True, to=to)
        learnt = Cost() if phase.settled else self.run(Pass.LEARN, phase.steps[-1], events, anew=True)
        return learnt + self._step + self.run(kept, restored, events, to=to)

    def _alternating_free(self, events: SampleEvents) -> Cost:
        """Cost of the free phase in alternating order."""
        cost = Cost()
        for number, lists in enumerate(events.free, 1):
            last, first = number == len(events.free), number == 1
            cost += self._half_step("row")
            if last and events.ends_early:
                return cost
            cost += self.run(Pass.COLUMN_SUMS, lists, events, anew=first, to="column") + self._half_step("column")
            if not last:
                cost += self.run(Pass.ROW_SUMS, lists, events, anew=first, to="row")
        return cost

    @property
    def _first(self) -> Edge:
        """The edge of the first half of a nudged step."""
        return self.geometry.edge(self._layers[-1])

    def _alternating_phase(self, phase: NudgedEvents, events: SampleEvents, phase_number: int) -> Cost:
        """Cost of a nudged phase in alternating order, apart from learning after its last step."""
        first: Edge = self._first
        second: Edge = "row" if first == "column" else "column"
        cost = self._half_step(first)
        if phase.rests:
            return cost
        for number, lists in enumerate(phase.steps, 1):
            if number == phase_number == 1:
                kept = Pass.ROW_SUMS if second == "row" else Pass.COLUMN_SUMS
                cost += self.run(kept, lists, events, to=second)
            else:
                cost += self.run(Pass.RENEW, lists, events, anew=True, to=second)
            cost += self._half_step(second)
            if number < len(phase.steps):
                cost += self._learn_beside(first, lists, events)
        return cost

    def _learn_beside(self, edge: Edge, lists: StepLists, events: SampleEvents) -> Cost:
        """The pass that learns, and the half-step of an edge that begins when the pass releases it."""
        sweeps = self._program.of(Pass.LEARN)
        released = next((k for k, sweep in enumerate(sweeps) if sweep.releases), len(sweeps) - 1)
        before = self._walk(sweeps[: released + 1], lists, events, True)
        whole = self._walk(sweeps, lists, events, True)
        stepped = before.cycles + self._after_pass(edge) + self._half_step(edge).cycles
        # The sequencer leaves its state STATUS two cycles after the last slot of the walker, or later.
        return replace(whole, cycles=max(stepped, whole.cycles + start_delay(self.geometry) + 2))

    def run(
        self,
        kind: Pass,
        lists: StepLists | None,
        events: SampleEvents,
        *,
        anew: bool = False,
        to: Edge | None = None,
    ) -> Cost:
        """A pass after a step, until its sums have returned `to` an edge, or to both edges. A pass without sweeps costs
        nothing."""
        sweeps = self._program.of(kind)
        return self._walk(sweeps, lists, events, anew) + Cost(self._after_pass(to)) if sweeps else Cost()

    def _walk(self, sweeps: tuple[Sweep, ...], lists: StepLists | None, events: SampleEvents, anew: bool) -> Cost:
        """Sweeps one after the other."""
        cost = Cost()
        for sweep in sweeps:
            cost += self._sweep(sweep, lists, events, anew, cost.cycles)
        return cost

    def _after_pass(self, to: Edge | None) -> int:
        """Cycles of a pass besides those of its sweeps."""
        return start_delay(self.geometry) + SWEPT_DELAY + self._returns(to)

    def _returns(self, to: Edge | None = None) -> int:
        """Cycles until the sums of a pass have returned to an edge, or to both."""
        return self._core.drain_cycles if to is None else self._core.return_cycles[to]

    def _sweep(self, sweep: Sweep, lists: StepLists | None, events: SampleEvents, anew: bool, elapsed: int) -> Cost:
        """The look-up, the wait where there is one, and the visits."""
        connection = self.geometry.connections[sweep.connection - 1]
        rows = self._length(sweep.rows, connection.row_layer, lists, events)
        columns = self._length(sweep.columns, connection.column_layer, lists, events)
        if not (rows and columns) and not (sweep.starts and anew):
            return Cost(LOOK_UP_CYCLES)
        visits = max(1, rows) * max(1, columns)
        idle = LOOK_UP_CYCLES
        if sweep.settles:
            idle += settling(self.geometry)
        elif sweep.keeps_parity(self.geometry.memory_ports):
            idle += (elapsed + idle) % 2
        return Cost(
            idle + visits * sweep.beats(self.geometry.memory_ports),
            visits * len(sweep.products),
            visits,
            visits if sweep.kind is Kind.UPDATE else 0,
            ((idle, idle + visits * sweep.beats(self.geometry.memory_ports)),),
        )

    def _length(self, listing: Listing | None, layer: int, lists: StepLists | None, events: SampleEvents) -> int:
        if listing is None:
            return events.longest_list
        if listing is Listing.ALL:
            return self.geometry.slots(layer)
        assert lists is not None
        return (lists.changed if listing is Listing.CHANGED else lists.active)[layer - 1]

    def _half_step(self, edge: Edge) -> Cost:
        """Step messages of the layers on an edge, their status, and the decision."""
        slots = sum(self.geometry.slots(layer) for layer in self.geometry.layers(edge))
        messages = (slots - 1) * step_beats(self.geometry) + 1
        status = max(STEPPED_DELAY, self._core.edges[edge].status_latency)
        return Cost(start_delay(self.geometry) + messages + status + 2)

    @property
    def _step(self) -> Cost:
        """Step messages of all layers, the status of the edge that answers last, and the decision."""
        slots = [self.geometry.slots(layer) for layer in self._layers]
        answers = []
        for edge, found in self._core.edges.items():
            after_its_last = sum(slots[self.geometry.layers(edge)[-1] :]) * step_beats(self.geometry)
            answers.append(found.status_latency - after_its_last)
        return Cost(start_delay(self.geometry) + self._step_messages + max(STEPPED_DELAY, *answers) + 2)

    @property
    def _step_messages(self) -> int:
        """From the first step message to the last one."""
        return (sum(self.geometry.slots(layer) for layer in self._layers) - 1) * step_beats(self.geometry) + 1

    @property
    def _bias_step(self) -> Cost:
        """The step of the biases for rules that learn at the end, and the wait for their memories."""
        return Cost(start_delay(self.geometry) + self._step_messages + STEPPED_DELAY + self._returns())
