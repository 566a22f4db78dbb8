"""What no schedule on an array can beat: its multipliers in every cycle, and the ports of its weight memories."""

from dataclasses import dataclass

from ceprop.performance.cycle_replay import Costs


@dataclass(frozen=True)
class Limits:
    """Cycles that some work takes at least, when nothing ever waits.

    `multipliers`: every multiplier is busy in every cycle with the products that the core issued. `memory`: every cell
    makes an access of its weight memory on every port in every cycle; two ports read and write side by side."""

    cycles: int
    multipliers: int
    memory: int

    @property
    def tighter(self) -> str:
        """Which of the two binds."""
        return "multipliers" if self.multipliers >= self.memory else "memory ports"

    @property
    def ratio(self) -> float:
        """Achieved rate as a share of the tighter limit."""
        return max(self.multipliers, self.memory) / self.cycles

    @property
    def occupancy(self) -> float:
        """Share of cycles in which the multipliers had work."""
        return self.multipliers / self.cycles

    @property
    def largest_occupancy(self) -> float:
        """What the memory ports leave of an occupancy of one."""
        return min(1.0, self.multipliers / self.memory)


def limits(costs: Costs, ports: int) -> Limits:
    """Limits of samples on an array whose weight memories have so many ports."""
    return Limits(int(costs.cycles.sum()), int(costs.slots.sum()), costs.memory_cycles(ports))
