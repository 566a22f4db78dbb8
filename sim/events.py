"""The events of a sample, which the cycle model needs, computed from the record of the golden model."""

import numpy as np

from ceprop.hdl.cycles import SampleEvents, StepLists
from ceprop.model import FreeEnd, SampleRecord
from ceprop.specification import Geometry, Specification
from ceprop.specification.placement import most_on_a_lane


def sample_events(geometry: Geometry, inputs: np.ndarray, record: SampleRecord) -> SampleEvents:
    """Return the lengths of all lists that the core walks.

    `inputs` are int64 (n_0), and `record` must have a trace.
    """
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
    return SampleEvents(
        most_on_a_lane(inputs != 0, geometry.cols),
        tuple(_step_lists(geometry, old, new) for old, new in zip(before[:-1], free, strict=True)),
        tuple(_step_lists(geometry, old, new) for old, new in zip(references, nudged, strict=True)),
        record.free_end is FreeEnd.SETTLED,
        other,
        record.nudged_settled,
        ends_early=ends_early(specification, record),
        rests=rests(specification, record),
    )


def full_sample_events(geometry: Geometry, record: SampleRecord) -> SampleEvents:
    """Return the events of a core that skips nothing. Every unit and every input is on its list, and `record` must have
    all steps."""
    slots = tuple(geometry.slots(layer) for layer in geometry.specification.connections)
    everything = StepLists(slots, slots)
    return SampleEvents(
        geometry.slots(0),
        (everything,) * record.free_steps,
        (everything,) * record.nudged_steps,
        # If the free phase ended settled, the first nudged step uses the sums that are already there.
        _settled_last(geometry.specification, record),
        other_parity=False,
        # Without skipping, the last update is always carried out, even if it changes nothing.
        nudged_settled=False,
    )


def ends_early(specification: Specification, record: SampleRecord) -> bool:
    """Return whether a free phase in alternating order ended with the first half-step of its last step. The core
    skips work without effect."""
    if not specification.alternating or record.free_end is not FreeEnd.SETTLED or record.free_steps == 1:
        return False
    assert record.states is not None
    # A first half-step that changes a state is followed by the second one.
    return np.array_equal(record.states[record.free_steps - 1], record.states[record.free_steps - 2])


def rests(specification: Specification, record: SampleRecord) -> bool:
    """Return whether a nudged phase in alternating order ended with its first half-step: the network was at rest, and
    the nudge moved no output. The core skips work without effect."""
    at_rest = specification.alternating and record.free_end is FreeEnd.SETTLED
    return at_rest and record.nudged_steps == 1 and record.nudged_settled


def _settled_last(specification: Specification, record: SampleRecord) -> bool:
    """Return whether the last free step, or the last half-step in alternating order, changed no state."""
    assert record.states is not None
    last = record.states[record.free_steps - 1]
    before = record.states[record.free_steps - 2] if record.free_steps > 1 else np.zeros_like(last)
    ends = np.cumsum(specification.layers[1:])[:-1]
    pairs = dict(enumerate(zip(np.split(last, ends), np.split(before, ends), strict=True), 1))
    return all(np.array_equal(*pairs[layer]) for layer in specification.free_halves[-1])


def _step_lists(geometry: Geometry, old: np.ndarray, new: np.ndarray) -> StepLists:
    """Return the lengths of the longest lists of every layer after a step from the states `old` to `new`."""
    sizes = geometry.specification.layers[1:]
    ends = np.cumsum(sizes)[:-1]
    lists = []
    for present in (old != new, (old != 0) | (new != 0)):
        layers = enumerate(np.split(present, ends), 1)
        lists.append(tuple(most_on_a_lane(units, geometry.lanes(layer)) for layer, units in layers))
    return StepLists(*lists)
