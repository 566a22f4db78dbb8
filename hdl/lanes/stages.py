"""Where the registers of the lanes' paths into the array are, counted in cycles from a message in its lane."""

from dataclasses import dataclass

from ceprop.specification import Geometry


@dataclass(frozen=True)
class LaneStages:
    """Stages of a lane.

    Attributes
    ----------
    present : int
        Whether a list of units is that long. Which unit it would be is known after the first cycle.
    input : int
        The input, and whether there is one.
    states : int
        The states of the unit.
    address : int
        Addresses of the weights at the first cell.
    dither : int
        Cycles in which the constant dither of an input is added up.
    """

    present: int
    input: int
    states: int
    address: int
    dither: int


def lane_stages(geometry: Geometry) -> LaneStages:
    """Stages of every lane of a geometry. For a fast clock, a register follows each selection, memory and addition.
    Memories of one port are those of a small and slow device, where a cycle has time for all three."""
    if geometry.memory_ports == 1:
        return LaneStages(present=1, input=1, states=2, address=3, dither=2)
    return LaneStages(present=2, input=2, states=3, address=5, dither=4)


def step_beats(geometry: Geometry) -> int:
    """Cycles from one step message to the next. Memories of one port read the words of a neuron twice, at the beginning
    of its step and at its end, and so a step begins in every second cycle."""
    return 2 if geometry.memory_ports == 1 else 1


def start_delay(geometry: Geometry) -> int:
    """Cycles by which a walker begins later than in the cycle after `start`. Where steps come every second cycle the
    device is a slow one, and a register follows the decision of the sequencer."""
    return step_beats(geometry) - 1
