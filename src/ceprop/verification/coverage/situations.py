"""The bins of a sample as a whole: the specification, the inputs, the lists of events, the ends of the phases, and the
registers."""

from collections.abc import Mapping

import numpy as np

from ceprop.model import FreeEnd, SampleRecord
from ceprop.sim.events import ends_early, free_states, phases, rests
from ceprop.specification import Geometry, Specification, registers
from ceprop.specification.geometry import RETURN_REACH
from ceprop.verification.coverage.found import Found


def specification_bins(geometry: Geometry, found: Found) -> None:
    """Add the bins of a specification and its array."""
    given = geometry.specification
    found.add("rule and order", f"{given.rule}, {given.phases.order}")
    found.add("sign of the nudge", given.nudge.sign)
    found.add("activation", given.activation.kind)
    found.add("hidden layers", ("no", "one")[len(given.layers) - 2] if len(given.layers) < 4 else "two or more")
    found.add("generator", f"{given.generator_bits} bits")
    difference = given.formats.input_bits - given.formats.state_bits
    found.add("inputs beside states", "as many" if not difference else "more" if difference > 0 else "fewer")
    rows, cols = geometry.rows, geometry.cols
    shapes = {(False, False): "one cell", (False, True): "one row", (True, False): "one column"}
    found.add("array", shapes.get((rows > 1, cols > 1), "several rows and columns"))
    found.add("array", "return registers", max(rows, cols) > RETURN_REACH)
    found.add("array", "padded", geometry.padded("row") or geometry.padded("column"))
    found.add("array", "one memory port" if geometry.memory_ports == 1 else "two memory ports")
    found.add("array", "one input list" if geometry.input_lists == 1 else "two input lists")
    found.add("array", "one drive" if geometry.drives == 1 else "two drives")


def input_bins(geometry: Geometry, inputs: np.ndarray, found: Found) -> None:
    """Add the bins of the inputs of a sample, (n_0,)."""
    present = int(np.count_nonzero(inputs))
    largest = (1 << geometry.specification.formats.input_bits) - 1
    found.add("inputs", "blank", not present)
    found.add("inputs", "one", present == 1 and len(inputs) > 1)
    found.add("inputs", "some", 1 < present < len(inputs))
    found.add("inputs", "full", present == len(inputs))
    found.add("inputs", "largest", (inputs == largest).all())
    _list_bins("list: inputs", inputs != 0, geometry.cols, found)


def answer_bins(specification: Specification, record: SampleRecord, label: int, found: Found) -> None:
    """Add the bins of the label and the prediction."""
    last = specification.classes - 1
    if last:
        found.add("label", "first" if not label else "last" if label == last else "between")
        found.add("prediction", "first", record.prediction == 0)
        found.add("prediction", "last", record.prediction == last)
    found.add("prediction", "tie" if record.tie else "no tie")
    found.add("prediction", "right" if record.prediction == label else "wrong")


def event_bins(geometry: Geometry, record: SampleRecord, found: Found) -> None:
    """Add the bins of the lists of neurons that the core walks after each step."""
    assert record.states is not None
    specification = geometry.specification
    free = record.states[: record.free_steps]
    _step_bins(geometry, np.vstack([np.zeros_like(free[:1]), free[:-1]]), free, found)
    start = free_states(specification, record)
    for states in phases(specification, record):
        before = np.vstack([start, states[:-1]]) if specification.continual else np.repeat(start[None], len(states), 0)
        _step_bins(geometry, before, states, found, active=True)


def _step_bins(geometry: Geometry, old: np.ndarray, new: np.ndarray, found: Found, *, active: bool = False) -> None:
    """Add the bins of the lists after steps from the states `old` to `new`, one row per step."""
    ends = np.cumsum(geometry.specification.layers[1:])[:-1]
    kinds = {"changed": old != new} | ({"active": (old != 0) | (new != 0)} if active else {})
    for kind, present in kinds.items():
        for layer, units in enumerate(np.split(present, ends, axis=1), 1):
            edge = "rows" if geometry.edge(layer) == "row" else "columns"
            for step in units:
                _list_bins(f"list: {kind} {edge}", step, geometry.lanes(layer), found)


def _list_bins(point: str, present: np.ndarray, lanes: int, found: Found) -> None:
    """Add the bins of the lists of the lanes, which hold the units that are `present`, bool (units,)."""
    lengths = np.bincount(np.flatnonzero(present) % lanes, minlength=lanes)
    longest = lengths.max()
    if lengths.min() == longest:
        found.add(point, "all alike" if longest else "all empty")
        return
    found.add(point, "one empty", not lengths.min())
    lane = int(lengths.argmax())
    if np.count_nonzero(lengths == longest) == 1:
        found.add(point, {0: "first longest", lanes - 1: "last longest"}.get(lane, "middle longest"))


def free_bins(specification: Specification, record: SampleRecord, found: Found, *, skip: bool) -> None:
    """Add the bins of the free phase."""
    assert record.states is not None
    most, steps, end = specification.phases.free_steps, record.free_steps, record.free_end
    found.add("free phase", "one step", most == 1)
    moves = record.states[0].any()
    found.add("free phase", "first step moves" if moves else "first step rests")
    if not skip:  # the phase has all its steps, whatever it found on the way
        return
    found.add("free phase", "open", end is FreeEnd.OPEN)
    found.add("free phase", "settled", end is FreeEnd.SETTLED and steps < most)
    found.add("free phase", "settled at last", end is FreeEnd.SETTLED and steps == most)
    left = most - steps
    parity = "period 2, odd" if left % 2 else "period 2, even" if left else "period 2 at last"
    found.add("free phase", parity, end is FreeEnd.PERIOD_2)
    if specification.alternating and end is FreeEnd.SETTLED and len(specification.free_halves) > 1:
        found.add("free phase", "first half-step" if ends_early(specification, record) else "second half-step")


def nudged_bins(
    specification: Specification, record: SampleRecord, negative: bool, found: Found, *, skip: bool
) -> None:
    """Add the bins of the nudged phases. `negative` tells whether the first nudge is negative."""
    start, most = free_states(specification, record), specification.phases.nudged_steps
    parts = phases(specification, record)
    for name, states, sign in zip(("first", "second"), parts, (negative, not negative), strict=False):
        point = f"{name} nudged phase"
        before = np.vstack([start[None], states[:-1]])[-1]
        settled, steps = np.array_equal(before, states[-1]), len(states)
        found.add(point, "negative" if sign else "positive")
        found.add(point, "one step", most == 1)
        found.add(point, "first step rests" if np.array_equal(states[0], start) else "first step moves")
        found.add(point, "settled", skip and settled and steps < most)
        found.add(point, "settled at last", skip and settled and steps == most > 1)
        found.add(point, "open", not settled)
    found.add("half-steps at rest", "first", skip and bool(parts) and rests(specification, record))


def register_bins(specification: Specification, settings: Mapping[str, int], found: Found) -> None:
    """Add the bins of the registers, whose values are `settings`."""
    for register in registers(specification):
        if not register.writable:
            continue
        name = "rate_shift" if register.name.startswith("rate_shift") else register.name
        value = settings[register.name]
        found.add(f"register {name}", "least", value == register.least)
        found.add(f"register {name}", "most", value == register.most)
        if name == "rate_shift":
            found.add("rate", "largest shift", value == register.most)
            found.add("rate", "smaller shift", value < register.most)
