"""The cycle model: how many cycles a sample takes, from the specification and what happened in its phases.

Every number comes from the hardware's own latencies and the table of sweeps; the testbenches hold the core's counters
to it exactly, for a reader that takes the trace as it comes.
"""

from dataclasses import dataclass

from ceprop.geometry import Geometry
from ceprop.hdl.core import STEPPED_DELAY, SWEPT_DELAY, Core
from ceprop.hdl.messages import Listing
from ceprop.hdl.steps import start_delay, step_beats
from ceprop.hdl.sweeps import Kind, Pass, Sweep, program
from ceprop.hdl.walker import LOOK_UP_CYCLES, keeps_parity, settling

BEGIN_AND_END = 3
"""Cycles in which a sample is begun, its lists are found to be complete, and its result leaves."""


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
    slots among them, and the reads and writes of each cell's memory."""

    cycles: int = 0
    slots: int = 0
    reads: int = 0
    writes: int = 0

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(
            self.cycles + other.cycles, self.slots + other.slots, self.reads + other.reads, self.writes + other.writes
        )


class CycleModel:
    """Costs of a geometry's core."""

    def __init__(self, geometry: Geometry):
        self.geometry = geometry
        self._core = Core(geometry)
        self._program = program(geometry)
        self._layers = geometry.specification.connections

    def sample(self, happened: Happened) -> Cost:
        """Cost of one sample; without nudged steps it was inferred only."""
        return Cost(BEGIN_AND_END) + self.free(happened) + self.nudged(happened)

    def free(self, happened: Happened) -> Cost:
        """Cost of the drive and the free phase."""
        cost = self.run(Pass.DRIVE, None, happened, anew=True)
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
        elif keeps_parity(sweep, self.geometry):
            idle += (elapsed + idle) % 2
        return Cost(
            idle + visits * sweep.beats(self.geometry.memory_ports),
            visits * len(sweep.products),
            visits,
            visits if sweep.kind is Kind.UPDATE else 0,
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
