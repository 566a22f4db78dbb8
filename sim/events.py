"""The events of a sample, which the cycle model needs, computed from the record of the golden model."""

import numpy as np

from ceprop.hdl.events import NudgedEvents, SampleEvents, StepLists
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
    before = np.vstack([np.zeros_like(record.states[0]), free])
    return SampleEvents(
        most_on_a_lane(inputs != 0, geometry.cols),
        tuple(_step_lists(geometry, old, new) for old, new in zip(before[:-1], free, strict=True)),
        record.free_end is FreeEnd.SETTLED,
        _other_parity(specification, record),
        ends_early(specification, record),
        tuple(
            _nudged_events(geometry, record, states, first=number == 0)
            for number, states in enumerate(phases(specification, record))
        ),
    )


def full_sample_events(geometry: Geometry, record: SampleRecord) -> SampleEvents:
    """Return the events of a core that skips nothing. Every unit and every input is on its list, and `record` must have
    all steps."""
    slots = tuple(geometry.slots(layer) for layer in geometry.specification.connections)
    everything = StepLists(slots, slots)
    # Without skipping, the last update is always carried out, even if it changes nothing, and states are restored.
    nudged = [
        NudgedEvents((everything,) * len(states), settled=False, restored=everything)
        for states in phases(geometry.specification, record)
    ]
    return SampleEvents(
        geometry.slots(0),
        (everything,) * record.free_steps,
        # If the free phase ended settled, the first nudged step uses the sums that are already there.
        _settled_last(geometry.specification, record),
        other_parity=False,
        ends_early=False,
        nudged=tuple(nudged),
    )


def phases(specification: Specification, record: SampleRecord) -> list[np.ndarray]:
    """Return the states after every step of each nudged phase, one row per step. Without learning there is no phase."""
    assert record.states is not None
    nudged = record.states[record.free_steps :]
    parts = [nudged[: record.first_nudged_steps], nudged[record.first_nudged_steps :]]
    return [part for part in parts[: 1 + specification.centred] if len(part)]


def _nudged_events(geometry: Geometry, record: SampleRecord, states: np.ndarray, *, first: bool) -> NudgedEvents:
    """Return the events of a nudged phase from its states."""
    specification, start = geometry.specification, free_states(geometry.specification, record)
    before = np.vstack([start, states[:-1]])
    references = before if specification.continual else np.repeat(start[None], len(states), axis=0)
    settled = np.array_equal(states[-1], before[-1])
    at_free_end = settled and len(states) == 1
    return NudgedEvents(
        tuple(_step_lists(geometry, old, new) for old, new in zip(references, states, strict=True)),
        settled,
        first and rests(specification, record),
        None if at_free_end else _step_lists(geometry, states[-1], start),
    )


def free_states(specification: Specification, record: SampleRecord) -> np.ndarray:
    """Return the states of layers 1 to L at the end of the free phase, side by side."""
    assert record.states is not None
    last = record.free_steps - (2 if _other_parity(specification, record) else 1)
    return record.states[last] if last >= 0 else np.zeros_like(record.states[0])


def _other_parity(specification: Specification, record: SampleRecord) -> bool:
    """Return whether the free phase ended in the state before that of its last step."""
    left = specification.phases.free_steps - record.free_steps
    return record.free_end is FreeEnd.PERIOD_2 and left % 2 == 1


def ends_early(specification: Specification, record: SampleRecord) -> bool:
    """Return whether a free phase in alternating order ended with the first half-step of its last step. The core
    skips work without effect."""
    if not specification.alternating or record.free_end is not FreeEnd.SETTLED or record.free_steps == 1:
        return False
    assert record.states is not None
    # A first half-step that changes a state is followed by the second one.
    return np.array_equal(record.states[record.free_steps - 1], record.states[record.free_steps - 2])


def rests(specification: Specification, record: SampleRecord) -> bool:
    """Return whether the first nudged phase, in alternating order, ended with its first half-step: the network was at
    rest, and the nudge moved no output. The core skips work without effect."""
    assert record.states is not None
    if not specification.alternating or record.free_end is not FreeEnd.SETTLED or record.first_nudged_steps != 1:
        return False
    return np.array_equal(record.states[record.free_steps], record.states[record.free_steps - 1])


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
