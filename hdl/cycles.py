"""The cycle model: how many cycles a sample takes, from the specification and what happened in its phases.

Every number comes from the hardware's own latencies and the table of slots; the testbenches hold the core's counters to
it exactly, for a reader that takes the trace as it comes.
"""

from dataclasses import dataclass

from ceprop.geometry import Geometry
from ceprop.hdl.core import Core
from ceprop.hdl.slots import Pass, pass_connections, visit


@dataclass(frozen=True)
class Happened:
    """What the golden model's record says of a sample.

    `longest_list` is the largest number of non-zero inputs on one column lane. A phase is settled if its last step
    changed no state."""

    longest_list: int
    free_steps: int
    free_settled: bool
    nudged_steps: int
    nudged_settled: bool


@dataclass(frozen=True)
class Cost:
    """Cycles from a sample's last group of inputs to its result, and the multiply slots among them."""

    cycles: int
    slots: int


class CycleModel:
    """Costs of a geometry's core."""

    def __init__(self, geometry: Geometry):
        self.geometry = geometry
        self._core = Core(geometry)
        self._layers = geometry.specification.connections
        self._pairs = len(self._layers) > 1

    def sample(self, happened: Happened) -> Cost:
        """Cost of one sample; without nudged steps it was inferred only."""
        passes = [Pass.DRIVE]
        if self._pairs:
            passes += [Pass.SUMS] * (happened.free_steps - 1)
        if happened.nudged_steps:
            # The sums of a settled state are those that led to it.
            passes += [Pass.SUMS] * (self._pairs and not happened.free_settled)
            passes += [Pass.LEARN] * (happened.nudged_steps - 1)
            passes += [Pass.UPDATE] * (not happened.nudged_settled)
        cycles = self._core.list_cycles
        cycles += sum(self.pass_cycles(kind, happened.longest_list) + self._core.return_cycles for kind in passes)
        cycles += (happened.free_steps + happened.nudged_steps) * self.step_cycles
        return Cost(cycles, sum(self.pass_slots(kind, happened.longest_list) for kind in passes))

    def tiles(self, connection: int, longest_list: int) -> int:
        """Visits to one connection: row slots times column slots, or times the longest list of inputs."""
        found = self.geometry.connections[connection - 1]
        return found.row_slots * (max(1, longest_list) if connection == 1 else found.column_slots)

    def pass_cycles(self, kind: Pass, longest_list: int) -> int:
        """Cycles of a pass; a pass that learns ends with the visits that its products lag."""
        total = 0
        for connection in pass_connections(kind, self._layers):
            found = visit(kind, connection == 1)
            total += (self.tiles(connection, longest_list) + found.lag) * len(found.slots)
        return total

    def pass_slots(self, kind: Pass, longest_list: int) -> int:
        """Multiply slots of a pass."""
        connections = pass_connections(kind, self._layers)
        return sum(self.tiles(c, longest_list) * len(visit(kind, c == 1).slots) for c in connections)

    @property
    def step_cycles(self) -> int:
        """Step messages of all layers, then the status of the edge that answers last."""
        slots = [self.geometry.slots(layer) for layer in self._layers]
        answers = []
        for edge, found in self._core.edges.items():
            after_its_last = sum(slots[self.geometry.layers(edge)[-1] :])
            answers.append(found.status_latency - after_its_last)
        return sum(slots) + max(0, *answers) + 1
