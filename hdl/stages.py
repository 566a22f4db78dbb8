"""Where the registers of the lanes' ways into the array are, counted in cycles from a message in its lane."""

from dataclasses import dataclass

from ceprop.geometry import Geometry


@dataclass(frozen=True)
class LaneStages:
    """Stages of a lane.

    Attributes
    ----------
    present : int
        Whether a list of units is that long; which unit it would be is known after the first cycle.
    input : int
        The input, and whether there is one.
    states : int
        The unit's states.
    address : int
        Addresses of the weights at the first cell.
    pattern : int
        Cycles in which an input's constant pattern is added up.
    """

    present: int
    input: int
    states: int
    address: int
    pattern: int


def lane_stages(geometry: Geometry) -> LaneStages:
    """Stages of every lane of a geometry. A register behind each selection, memory and addition, for a fast clock;
    memories of one port are those of a small and slow device, where a cycle has time for all three."""
    if geometry.memory_ports == 1:
        return LaneStages(present=1, input=1, states=2, address=3, pattern=2)
    return LaneStages(present=2, input=2, states=3, address=5, pattern=4)
