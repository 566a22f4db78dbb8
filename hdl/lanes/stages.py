"""Where the registers of the lanes' ways into the array are, counted in cycles from a message in its lane."""

from dataclasses import dataclass

from ceprop.specification import Geometry


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


def step_beats(geometry: Geometry) -> int:
    """Cycles from one step message to the next. Where memories have one port, the lanes' read a neuron's words twice,
    at the beginning of its step and at its end, and so take every second cycle."""
    return 2 if geometry.memory_ports == 1 else 1


def start_delay(geometry: Geometry) -> int:
    """Cycles by which a walker begins later than in the one after `start`. Where steps come every second cycle the
    device is a slow one: a register is behind the sequencer's decision."""
    return step_beats(geometry) - 1
