"""Limits that no schedule of work on an array can beat: its multipliers, and the ports of its weight memories."""

from dataclasses import dataclass

from ceprop.performance.cycle_replay import Costs


@dataclass(frozen=True)
class Limits:
    """The least cycles that some work takes when nothing ever waits.

    `multipliers`: every multiplier works in every cycle on the products that the core issued. `memory`: every cell
    accesses its weight memory on every port in every cycle; two ports read and write in the same cycle.
    """

    cycles: int
    multipliers: int
    memory: int

    @property
    def tighter(self) -> str:
        """The name of the limit that binds."""
        return "multipliers" if self.multipliers >= self.memory else "memory ports"

    @property
    def ratio(self) -> float:
        """The achieved rate as a share of the tighter limit."""
        return max(self.multipliers, self.memory) / self.cycles

    @property
    def occupancy(self) -> float:
        """Share of cycles in which the multipliers worked."""
        return self.multipliers / self.cycles

    @property
    def largest_occupancy(self) -> float:
        """The largest occupancy that the memory ports allow."""
        return min(1.0, self.multipliers / self.memory)


def limits(costs: Costs, ports: int) -> Limits:
    """Return the limits of samples on an array whose weight memories have so many ports."""
    return Limits(int(costs.cycles.sum()), int(costs.slots.sum()), costs.memory_cycles(ports))
