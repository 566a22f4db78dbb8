"""What happened in a sample, as the cycle model wants to know it, from the golden model's record."""

import numpy as np

from ceprop.geometry import Geometry
from ceprop.hdl.cycles import Happened, Moved
from ceprop.model import FreeEnd, SampleRecord
from ceprop.placement import most_on_a_lane


def happened(geometry: Geometry, inputs: np.ndarray, record: SampleRecord) -> Happened:
    """Lengths of all lists that the core walks, from `inputs`, int64 (n_0), and a `record` with its trace."""
    assert record.states is not None
    specification = geometry.specification
    free = record.states[: record.free_steps]
    blank = np.zeros_like(record.states[0])
    before = np.vstack([blank, free])
    left = specification.phases.free_steps - record.free_steps
    other = record.free_end is FreeEnd.PERIOD_2 and left % 2 == 1
    nudged = record.states[record.free_steps :]
    start = before[-2] if other else before[-1]
    if specification.continual:
        references = np.vstack([start, nudged[:-1]]) if len(nudged) else nudged
    else:
        references = np.repeat(start[None], len(nudged), axis=0)
    return Happened(
        most_on_a_lane(inputs != 0, geometry.cols),
        tuple(_moved(geometry, old, new) for old, new in zip(before[:-1], free, strict=True)),
        tuple(_moved(geometry, old, new) for old, new in zip(references, nudged, strict=True)),
        record.free_end is FreeEnd.SETTLED,
        other,
        record.nudged_settled,
    )


def _moved(geometry: Geometry, old: np.ndarray, new: np.ndarray) -> Moved:
    sizes = geometry.specification.layers[1:]
    ends = np.cumsum(sizes)[:-1]
    lists = []
    for present in (old != new, (old != 0) | (new != 0)):
        layers = enumerate(np.split(present, ends), 1)
        lists.append(tuple(most_on_a_lane(units, geometry.lanes(layer)) for layer, units in layers))
    return Moved(*lists)
