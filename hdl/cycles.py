"""The cycle model: how many cycles a sample takes, from the specification and what happened in its phases.

Every number comes from the hardware's own latencies and the table of sweeps; the testbenches hold the core's counters
to it exactly, for a reader that takes the trace as it comes.
"""

from dataclasses import dataclass

from ceprop.hdl.control.sequencer import STEPPED_DELAY, SWEPT_DELAY
from ceprop.hdl.control.sweep_walker import LOOK_UP_CYCLES, settling
from ceprop.hdl.control.sweeps import Kind, Pass, Sweep, program
from ceprop.hdl.core import Core
from ceprop.hdl.lanes.messages import Listing
from ceprop.hdl.lanes.stages import start_delay, step_beats
from ceprop.specification import Geometry

BEGIN = 2
"""Cycles in which a sample is begun, and its lists, or its drive, are found to be complete."""
END = 1
"""The cycle in which its result leaves."""
TAKE_UP = 1
"""The cycle in which the drive walker takes up a sample whose lists are complete."""


@dataclass(frozen=True)
class Moved:
    """What a step left behind: the most changed and the most active units on one lane, layers 1..L in turn."""

    changed: tuple[int, ...]
    active: tuple[int, ...]


@dataclass(frozen=True)
class Happened:
    """What the golden model's record says of a sample.

    `longest_list` is the largest number of listed inputs on one column lane. A phase is settled if its last step
    changed no state; `other_parity` is a free phase of period 2 that ends in the state before its last step's."""

    longest_list: int
    free: tuple[Moved, ...]
    nudged: tuple[Moved, ...]
    free_settled: bool
    other_parity: bool
    nudged_settled: bool


@dataclass(frozen=True)
class Cost:
    """Cycles that a sample takes where the next one's inputs come in time and its result is taken at once, the multiply
    slots among them, and the reads and writes of each cell's memory. `walks` are the stretches of cycles, each from its
    first to the one behind its last, in which sweeps are walked."""

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
class Ahead:
    """How far the drive of a sample is when work on it begins: `slots` of it, the last one `since` cycles before."""

    slots: int = 0
    since: int = 0


class CycleModel:
    """Costs of a geometry's core."""

    def __init__(self, geometry: Geometry):
        self.geometry = geometry
        self._core = Core(geometry)
        self._program = program(geometry)
        self._layers = geometry.specification.connections

    def sample(self, happened: Happened, ahead: Ahead = Ahead()) -> Cost:
        """Cost of one sample; without nudged steps it was inferred only. What went `ahead` saves it cycles."""
        return Cost(BEGIN) + self.drive(happened, ahead) + self.free(happened) + self.nudged(happened) + Cost(END)

    def ahead(self, happened: Happened, before: Happened, cost: Cost, listed: int) -> Ahead:
        """How far the drive of a sample gets while the one before it is inferred at a `cost`; its inputs are all listed
        in the cycle `listed` of that one's."""
        if self.geometry.drives == 1 or before.nudged:
            return Ahead()
        # The drive of the one before is taken in the last cycle of `begun`, when the next one may be taken up.
        begun = cost.cycles - END - self.free(before).cycles
        now, end = max(begun, listed + 1) + TAKE_UP, cost.cycles - END
        left, last = self._drive_slots(happened), None
        # A cycle behind each walk is left out, for sums of one row do not come so close behind each other.
        for first, behind in (*((first, behind + 1) for first, behind in cost.walks), (end, end)):
            some = min(left, max(0, min(first, end) - now))
            if some:
                left, last = left - some, now + some - 1
            now = max(now, behind)
        return Ahead() if last is None else Ahead(self._drive_slots(happened) - left, cost.cycles - last)

    def drive(self, happened: Happened, ahead: Ahead) -> Cost:
        """Cost of the drive, without what went ahead in cycles of others: slots, and the wait for their sums."""
        if self.geometry.drives == 1:
            return self.run(Pass.DRIVE, None, happened, anew=True)
        slots = self._drive_slots(happened)
        if ahead.slots < slots:
            cycles = slots - ahead.slots + self._core.return_cycles
        else:
            cycles = max(0, self._core.return_cycles - ahead.since)
        return Cost(cycles, slots, slots)

    def _drive_slots(self, happened: Happened) -> int:
        return self.geometry.slots(1) * max(1, happened.longest_list)

    def free(self, happened: Happened) -> Cost:
        """Cost of the free phase."""
        cost = Cost()
        for number, moved in enumerate(happened.free[:-1], 1):
            cost += self._step + self.run(Pass.SUMS, moved, happened, anew=number == 1)
        return cost + self._step

    def nudged(self, happened: Happened) -> Cost:
        """Cost of the nudged phase and of learning."""
        steps, cost = happened.nudged, Cost()
        if not steps:
            return cost
        if not happened.free_settled and not happened.other_parity:
            cost += self.run(Pass.SUMS, happened.free[-1], happened, anew=len(happened.free) == 1)
        for moved in steps[:-1]:
            cost += self._step + self.run(Pass.LEARN, moved, happened, anew=True)
        cost += self._step
        if not self.geometry.specification.continual:
            return cost + self.run(Pass.UPDATE, steps[-1], happened) + self._bias_step
        if not happened.nudged_settled:
            cost += self.run(Pass.UPDATE, steps[-1], happened)
        return cost

    def run(self, kind: Pass, moved: Moved | None, happened: Happened, *, anew: bool = False) -> Cost:
        """A pass after a step, until its sums have returned; a pass without sweeps costs nothing."""
        sweeps = self._program.of(kind)
        if not sweeps:
            return Cost()
        cost = Cost()
        for sweep in sweeps:
            cost += self._sweep(sweep, moved, happened, anew, cost.cycles)
        return cost + Cost(start_delay(self.geometry) + SWEPT_DELAY + self._core.return_cycles)

    def _sweep(self, sweep: Sweep, moved: Moved | None, happened: Happened, anew: bool, elapsed: int) -> Cost:
        """The look-up, the wait where there is one, and the visits."""
        connection = self.geometry.connections[sweep.connection - 1]
        rows = self._length(sweep.rows, connection.row_layer, moved, happened)
        columns = self._length(sweep.columns, connection.column_layer, moved, happened)
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

    def _length(self, listing: Listing | None, layer: int, moved: Moved | None, happened: Happened) -> int:
        if listing is None:
            return happened.longest_list
        if listing is Listing.ALL:
            return self.geometry.slots(layer)
        assert moved is not None
        return (moved.changed if listing is Listing.CHANGED else moved.active)[layer - 1]

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
        return Cost(start_delay(self.geometry) + self._step_messages + STEPPED_DELAY + self._core.return_cycles)
