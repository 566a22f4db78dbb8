"""The compiled loops of :mod:`ceprop.model.fast`.

All compiled functions and the tuples that they take are in this one file, although it is long. Numba's cache checks
only the file of the outermost function. If a function in another file were changed, the old compiled code would be
loaded without a warning.

Sums are kept from step to step and corrected where a state or a weight changes. `drive` is the sum of a neuron of layer
1 over the inputs. `rest` is the sum over the neighbour layers of neurons, plus the bias, with `G + S` fraction bits.
Unchanged neurons and inputs that are zero cost nothing.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numba
import numpy as np

from ceprop.model.compilation_cache import SealedCache

_FEW = 4
"""If fewer than one unit in `_FEW` changed, a loop over a list of them is faster than a whole row in vector
instructions."""

_FEWER = 32
"""The same where sums of 32 bits make a whole row faster."""

PREDICTION, TIE, FREE_STEPS, FREE_END, NUDGED_STEPS, FIRST_NUDGED_STEPS, NUDGED_SETTLED, SATURATIONS = range(8)
"""Columns of the outcomes of samples. Each is named after a field of :class:`ceprop.model.record.SampleRecord`."""

RECORD_COLUMNS = 8

_SETTLED, _PERIOD_2 = 1, 2
"""Values of :class:`ceprop.model.record.FreeEnd`. They are written here as numbers, because they are compiled."""


class Plan(NamedTuple):
    """The constants of a specification.

    Arrays that are named after a layer or a connection are indexed by its number, and their entry 0 is not used. The
    neurons of layers 1 to L are numbered in one sequence, in which layer `l` begins at `first[l]`. The weights through
    which layer `l` receives the layer below begin at `weight_first[l]`. The weights through which the layer below
    receives layer `l` begin at `backward_first[l]`. With one weight set, these are the same weights. In alternating
    order, `first_nudged` is the lowest layer of the half that a nudged step computes first. `part` is the number of
    products of weights and differences of states whose sum always fits 32 bits. It is 0 if no such sums are used, and
    then the differences may need more than 16 bits.
    """

    layers: np.ndarray
    first: np.ndarray
    weight_first: np.ndarray
    backward_first: np.ndarray
    continual: bool
    two_weight_sets: bool
    centred: bool
    alternating: bool
    first_nudged: int
    state_bits: int
    input_up: int
    state_up: int
    address_offset: np.ndarray
    address_drop: np.ndarray
    address_last: int
    table: np.ndarray
    state_top: int
    free_steps: int
    nudged_steps: int
    nudge_shift: int
    weight_limit: int
    weight_drop: np.ndarray
    weight_mask: np.ndarray
    weight_constant: np.ndarray
    bias_drop: np.ndarray
    bias_mask: np.ndarray
    bias_constant: np.ndarray
    xorshift: tuple[int, int, int]
    generator_mask: int
    input_dither: np.ndarray
    part: int


class Memory(NamedTuple):
    """The memory that learning changes, in flat arrays.

    `weights`, int16 or int32: first the weights of connection 1 in the order (n_0, n_1), then those of the other
    connections in the order (n_l, n_{l-1}), then the backward weights. `biases`, int32, and `generators`, int64, have
    one entry per neuron.
    """

    weights: np.ndarray
    biases: np.ndarray
    generators: np.ndarray


class Work(NamedTuple):
    """The working memory of one sample, int64. `states` to `rest` have one entry per neuron, and `drive` has one per
    neuron of layer 1. The others are lists of the active inputs and of the units that changed. `differences`, int16,
    has the change of every unit of a layer, and is used only where `Plan.part` is not 0."""

    states: np.ndarray
    new: np.ndarray
    before: np.ndarray
    rest: np.ndarray
    drive: np.ndarray
    active: np.ndarray
    values: np.ndarray
    changed: np.ndarray
    amounts: np.ndarray
    generators: np.ndarray
    differences: np.ndarray


class Rounding(NamedTuple):
    """The rounding of an update of a weight or a bias: the mask of the dither, the constant that is always added, and
    the number of bits that are dropped; then the least and the greatest value of the format."""

    mask: int
    constant: int
    drop: int
    low: int
    high: int


def compiled(function: Callable[..., Any], *, from_python: bool = True) -> Callable[..., Any]:
    """Return `function` compiled by Numba's `njit`. The compiled code is kept on disk if a folder can hold it.

    Where only compiled functions call it, `from_python` is false. Numba then leaves out the code that takes arguments
    from Python, which is a quarter of all code here.
    """
    options: dict[str, Any] = {"no_cpython_wrapper": not from_python, "no_cfunc_wrapper": True}
    try:
        dispatcher = numba.njit(cache=True, **options)(function)
    except RuntimeError:
        # Neither the folder of the package nor that of the user can hold a cache. So every process compiles.
        return numba.njit(**options)(function)
    dispatcher._cache = SealedCache(function)  # pyright: ignore[reportAttributeAccessIssue] (Numba's dispatcher has it.)
    return dispatcher


_part = partial(compiled, from_python=False)


@compiled
def run_block(plan, memory, work, inputs, labels, signs, room, learn, records, states, drives):
    """Run samples in order.

    `inputs` are uint16 (n, n_0). `labels` and `signs` (+1 or -1) are int64 (n,). `room`, int64 (L + 1,), is the left
    shift of the updates of each connection: its largest rate shift minus the rate shift in force. The outcomes are
    written into `records`, int64 (n, `RECORD_COLUMNS`). The trace of one sample is written into `states` and `drives`,
    unless they have no rows.
    """
    for p in range(inputs.shape[0]):
        record = records[p]
        count = _load(plan, memory, work, inputs[p])
        _free_phase(plan, memory, work, record, states, drives)
        _predict(plan, work, record)
        if learn:
            free = work.states.copy()
            settled = _nudged_phase(plan, memory, work, count, labels[p], signs[p], room, record, states, drives)
            record[FIRST_NUDGED_STEPS] = record[NUDGED_STEPS]
            if plan.centred:
                work.new[:] = free
                _update_states(plan, memory, work)
                settled &= _nudged_phase(plan, memory, work, count, labels[p], -signs[p], room, record, states, drives)
            record[NUDGED_SETTLED] = settled


@_part
def _load(plan, memory, work, x):
    """List the active inputs and compute the drive. All states are set to 0, and all other sums to their biases."""
    work.states[:] = 0
    work.before[:] = 0
    for neuron in range(work.rest.size):
        work.rest[neuron] = np.int64(memory.biases[neuron]) << plan.state_bits
    drive, weights, units = work.drive, memory.weights, plan.layers[1]
    drive[:] = 0
    count = 0
    for j in range(x.size):
        value = np.int32(x[j])
        if value:
            work.active[count] = j
            work.values[count] = value
            count += 1
            row = weights[j * units : (j + 1) * units]
            for i in range(units):
                drive[i] += np.int64(row[i]) * np.int64(value)
    return count


@_part
def _step(plan, work, first, stride):
    """Compute the new states of layer `first` and every `stride`-th layer after it from the sums, into `work.new`."""
    for layer in range(first, plan.layers.size, stride):
        offset, drop, start = plan.address_offset[layer], plan.address_drop[layer], plan.first[layer]
        if layer == 1:
            for i in range(plan.layers[layer]):
                total = (work.drive[i] << plan.input_up) + (work.rest[i] << plan.state_up)
                work.new[i] = _clipped((total + offset) >> drop, 0, plan.address_last)
        else:
            for neuron in range(start, start + plan.layers[layer]):
                work.new[neuron] = _clipped((work.rest[neuron] + offset) >> drop, 0, plan.address_last)
        if plan.table.size:
            for neuron in range(start, start + plan.layers[layer]):
                work.new[neuron] = plan.table[work.new[neuron]]


@_part
def _free_phase(plan, memory, work, record, states, drives):
    """Run the free phase. The sums then belong to its last states."""
    if plan.alternating:
        _alternating_free_phase(plan, memory, work, record, states, drives)
        return
    for step in range(1, plan.free_steps + 1):
        _step(plan, work, 1, 1)
        _trace(work, step - 1, states, drives)
        record[FREE_STEPS] = step
        if _equal(work.new, work.states):
            record[FREE_END] = _SETTLED
            return
        if step >= 2 and _equal(work.new, work.before):
            record[FREE_END] = _PERIOD_2
            if (plan.free_steps - step) % 2 == 0:
                _update_states(plan, memory, work)
            return
        _update_states(plan, memory, work)


@_part
def _alternating_free_phase(plan, memory, work, record, states, drives):
    """Run the free phase in alternating order: the odd layers, then the even ones. The phase settles in the first
    half-step, apart from the first one of all, that changes no state."""
    work.new[:] = 0
    for half in range(2 * plan.free_steps):
        _step(plan, work, 1 + half % 2, 2)
        settled = half > 0 and _equal(work.new, work.states)
        if settled or half % 2:
            _trace(work, half // 2, states, drives)
        record[FREE_STEPS] = half // 2 + 1
        if settled:
            record[FREE_END] = _SETTLED
            return
        _update_states(plan, memory, work)


@_part
def _predict(plan, work, record):
    """Record the index of the largest output and whether several outputs are largest."""
    output = work.states[plan.first[plan.layers.size - 1] :]
    best = 0
    ties = 0
    for i in range(output.size):
        if output[i] > output[best]:
            best = i
            ties = 0
        elif output[i] == output[best]:
            ties += 1
    record[PREDICTION] = best
    record[TIE] = ties > 1 if best == 0 else ties > 0


@_part
def _nudged_phase(plan, memory, work, count, label, sign, room, record, states, drives):
    """Run a nudged phase with its learning. The sums then belong to its last states. Returns whether the phase
    settled."""
    free, free_rest = work.states.copy(), work.rest.copy()
    for step in range(plan.nudged_steps):
        if plan.alternating:
            _alternating_nudged_step(plan, memory, work, label, sign)
        else:
            _step(plan, work, 1, 1)
            _nudge(plan, work, label, sign)
        _trace(work, record[FREE_STEPS] + record[NUDGED_STEPS], states, drives)
        record[NUDGED_STEPS] += 1
        settled = _equal(work.new, work.states)
        if not settled:
            _advance_generators(plan, memory)
        if plan.continual:
            if settled:
                return True
        else:
            _update_states(plan, memory, work)
            if not settled and step < plan.nudged_steps - 1:
                continue
            # The phase is over. Learning takes the states at its beginning and at its end.
            work.new[:] = work.states
            work.states[:] = free
            work.rest[:] = free_rest
        record[SATURATIONS] += _learn_biases(plan, memory, work, sign, room)
        record[SATURATIONS] += _learn_inputs(plan, memory, work, count, sign, room[1])
        for connection in range(2, plan.layers.size):
            if plan.two_weight_sets:
                record[SATURATIONS] += _learn_two_sets(plan, memory, work, connection, sign, room[connection])
            else:
                record[SATURATIONS] += _learn_pairs(plan, memory, work, connection, sign, room[connection])
        work.states[:] = work.new
        if settled:
            return True
    return False


@_part
def _alternating_nudged_step(plan, memory, work, label, sign):
    """Compute the new states of the half with the outputs, and from them those of the other half, into `work.new`. The
    states and the sums stay those before the step."""
    states, rest = work.states.copy(), work.rest.copy()
    work.new[:] = states
    _step(plan, work, plan.first_nudged, 2)
    _nudge(plan, work, label, sign)
    _update_states(plan, memory, work)
    _step(plan, work, 3 - plan.first_nudged, 2)
    work.states[:] = states
    work.rest[:] = rest


@_part
def _nudge(plan, work, label, sign):
    """Move the new states of the outputs towards their targets, or away from them if `sign` is negative."""
    last = plan.first[plan.layers.size - 1]
    half = 1 << (plan.nudge_shift - 1)
    for neuron in range(last, work.new.size):
        target = plan.state_top if neuron - last == label else 0
        nudge = (target - work.states[neuron] + half) >> plan.nudge_shift
        work.new[neuron] = _clipped(work.new[neuron] + sign * nudge, 0, plan.state_top)


@_part
def _update_states(plan, memory, work):
    """Replace the states by the new states, and correct the sums by the differences."""
    for layer in range(2, plan.layers.size):
        here, below, fan = plan.first[layer], plan.first[layer - 1], plan.layers[layer - 1]
        count = _list_changed(work, below, fan)
        if count:
            _correct_sums(plan, memory, work, layer, count)
        backward = memory.weights[plan.backward_first[layer] :]
        target = work.rest[below : below + fan]
        for i in range(plan.layers[layer]):
            amount = np.int32(work.new[here + i] - work.states[here + i])
            if amount:
                row = backward[i * fan : (i + 1) * fan]
                for j in range(fan):
                    target[j] += np.int64(row[j]) * np.int64(amount)
    work.before[:] = work.states
    work.states[:] = work.new


@_part
def _correct_sums(plan, memory, work, layer, count):
    """Correct the sums of a layer by the differences of the `count` listed units of the layer below."""
    here, below, fan = plan.first[layer], plan.first[layer - 1], plan.layers[layer - 1]
    if plan.part and count * _FEWER >= fan:
        _correct_in_parts(plan, memory, work, layer)
        return
    new, old = work.new[below : below + fan], work.states[below : below + fan]
    for i in range(plan.layers[layer]):
        start = plan.weight_first[layer] + i * fan
        row = memory.weights[start : start + fan]
        total = np.int64(0)
        if count * _FEW < fan:
            for c in range(count):
                total += np.int64(row[work.changed[c]]) * work.amounts[c]
        else:
            for j in range(fan):
                total += np.int64(row[j]) * (new[j] - old[j])
        work.rest[here + i] += total


@_part
def _correct_in_parts(plan, memory, work, layer):
    """Correct the sums of a layer by the differences of all units of the layer below, with sums of `plan.part` products
    in 32 bits."""
    here, below, fan = plan.first[layer], plan.first[layer - 1], plan.layers[layer - 1]
    for j in range(fan):
        work.differences[j] = work.new[below + j] - work.states[below + j]
    for left in range(0, fan, plan.part):
        width = min(plan.part, fan - left)
        differences = work.differences[left : left + width]
        for i in range(plan.layers[layer]):
            start = plan.weight_first[layer] + i * fan + left
            work.rest[here + i] += _narrow_sum(memory.weights[start : start + width], differences)


@_part
def _narrow_sum(row, differences):
    """Return the sum of products, which fits 32 bits. Processors have a fast instruction for such a sum."""
    total = np.int32(0)
    for j in range(row.size):
        total = np.int32(total + np.int32(row[j]) * np.int32(differences[j]))
    return total


@_part
def _learn_biases(plan, memory, work, sign, room):
    """Update the biases of the neurons that changed, and correct their sums. Returns the number of saturations."""
    saturations = 0
    for layer in range(1, plan.layers.size):
        low, high = -plan.weight_limit, plan.weight_limit - 1
        rounding = Rounding(plan.bias_mask[layer], plan.bias_constant[layer], plan.bias_drop[layer], low, high)
        for neuron in range(plan.first[layer], plan.first[layer] + plan.layers[layer]):
            amount = work.new[neuron] - work.states[neuron]
            if amount:
                old = np.int64(memory.biases[neuron])
                difference = ((sign * amount) << plan.state_bits) << room[layer]
                new = _updated(old, difference, memory.generators[neuron], rounding)
                held = _clipped(new, low, high)
                saturations += new != held
                memory.biases[neuron] = held
                work.rest[neuron] += (held - old) << plan.state_bits
    return saturations


@_part
def _learn_inputs(plan, memory, work, count, sign, room):
    """Update the weights of connection 1 between active inputs and neurons that changed, and correct the drive. Returns
    the number of saturations."""
    units = plan.layers[1]
    changed = _list_changed(work, 0, units)
    few = changed * _FEW < units
    for c in range(changed if few else units):
        i = work.changed[c] if few else c
        work.generators[c] = memory.generators[i]
        work.amounts[c] = (sign * (work.new[i] - work.states[i])) << room
    saturations = 0
    # The outer loop is over the inputs, because the weights of one input are contiguous in memory.
    for p in range(count):
        value, dither = work.values[p], plan.input_dither[work.active[p]]
        start = work.active[p] * units
        row = memory.weights[start : start + units]
        if few:
            saturations += _learn_some(plan, work, row, value, dither, changed)
        else:
            saturations += _learn_row(plan, work, row, value, dither)
    return saturations


@_part
def _weight_rounding(plan, connection):
    """Return the rounding of updates of the weights of a connection."""
    mask, constant, drop = plan.weight_mask[connection], plan.weight_constant[connection], plan.weight_drop[connection]
    return Rounding(mask, constant, drop, -plan.weight_limit, plan.weight_limit - 1)


@_part
def _updated(old, difference, generator, rounding):
    """Return a weight or a bias after an update, not yet saturated."""
    return old + ((difference + (generator & rounding.mask) + rounding.constant) >> rounding.drop)


@_part
def _clipped(value, low, high):
    """Return the nearest value from `low` to `high`."""
    return min(max(value, low), high)


@_part
def _learn_some(plan, work, row, value, dither, changed):
    """Update the weights of one input in `row` for the listed neurons. Returns the number of saturations."""
    rounding = _weight_rounding(plan, 1)
    saturations = 0
    for c in range(changed):
        i = work.changed[c]
        old = np.int64(row[i])
        new = _updated(old, work.amounts[c] * value, work.generators[c] ^ dither, rounding)
        held = _clipped(new, rounding.low, rounding.high)
        saturations += new != held
        row[i] = held
        work.drive[i] += (held - old) * value
    return saturations


@_part
def _learn_row(plan, work, row, value, dither):
    """Update all weights of one input in `row`. Returns the number of saturations."""
    rounding = _weight_rounding(plan, 1)
    saturations = 0
    for i in range(row.size):
        old = np.int64(row[i])
        new = _updated(old, work.amounts[i] * value, work.generators[i] ^ dither, rounding)
        held = _clipped(new, rounding.low, rounding.high)
        saturations += new != held
        row[i] = held
        work.drive[i] += (held - old) * value
    return saturations


@_part
def _learn_pairs(plan, memory, work, connection, sign, room):
    """Update the weights of a connection >= 2 between pairs of neurons of which at least one changed. The sums are
    corrected for the new states and the new weights at the same time. Returns the number of saturations."""
    here, below, fan = plan.first[connection], plan.first[connection - 1], plan.layers[connection - 1]
    rounding = _weight_rounding(plan, connection)
    sources, new_sources = work.states[below : below + fan], work.new[below : below + fan]
    generators, rest = memory.generators[below : below + fan], work.rest[below : below + fan]
    changed = _list_changed(work, below, fan)
    saturations = 0
    for i in range(plan.layers[connection]):
        neuron = here + i
        old_state, new_state, generator = work.states[neuron], work.new[neuron], memory.generators[neuron]
        start = plan.weight_first[connection] + i * fan
        row = memory.weights[start : start + fan]
        total = np.int64(0)
        if new_state != old_state:
            for j in range(fan):
                old = np.int64(row[j])
                difference = (sign * (new_state * new_sources[j] - old_state * sources[j])) << room
                new = _updated(old, difference, generator ^ generators[j], rounding)
                held = _clipped(new, rounding.low, rounding.high)
                saturations += new != held
                row[j] = held
                total += held * new_sources[j] - old * sources[j]
                rest[j] += held * new_state - old * old_state
        else:
            for c in range(changed):
                j = work.changed[c]
                old = np.int64(row[j])
                difference = (sign * old_state * work.amounts[c]) << room
                new = _updated(old, difference, generator ^ generators[j], rounding)
                held = _clipped(new, rounding.low, rounding.high)
                saturations += new != held
                row[j] = held
                total += held * new_sources[j] - old * sources[j]
                rest[j] += (held - old) * old_state
        work.rest[neuron] += total
    return saturations


@_part
def _learn_two_sets(plan, memory, work, connection, sign, room):
    """Update the weights of a connection >= 2 with two weight sets. A forward weight is updated if the neuron above
    changed, and a backward weight if the neuron below changed. The sums are corrected as in :func:`_learn_pairs`.
    Returns the number of saturations."""
    here, below, fan = plan.first[connection], plan.first[connection - 1], plan.layers[connection - 1]
    rounding = _weight_rounding(plan, connection)
    sources, new_sources = work.states[below : below + fan], work.new[below : below + fan]
    generators, rest = memory.generators[below : below + fan], work.rest[below : below + fan]
    changed = _list_changed(work, below, fan)
    saturations = 0
    for i in range(plan.layers[connection]):
        neuron = here + i
        old_state, new_state, generator = work.states[neuron], work.new[neuron], memory.generators[neuron]
        start, backward_start = plan.weight_first[connection] + i * fan, plan.backward_first[connection] + i * fan
        forward, backward = memory.weights[start : start + fan], memory.weights[backward_start : backward_start + fan]
        amount = (sign * (new_state - old_state)) << room
        total = np.int64(0)
        if amount:
            for j in range(fan):
                old = np.int64(forward[j])
                new = _updated(old, amount * sources[j], generator ^ generators[j], rounding)
                held = _clipped(new, rounding.low, rounding.high)
                saturations += new != held
                forward[j] = held
                total += held * new_sources[j] - old * sources[j]
                rest[j] += np.int64(backward[j]) * (new_state - old_state)
        for c in range(changed):
            j = work.changed[c]
            if not amount:
                total += np.int64(forward[j]) * work.amounts[c]
            old = np.int64(backward[j])
            difference = (sign * old_state * work.amounts[c]) << room
            new = _updated(old, difference, generator ^ generators[j], rounding)
            held = _clipped(new, rounding.low, rounding.high)
            saturations += new != held
            backward[j] = held
            rest[j] += (held - old) * new_state
        work.rest[neuron] += total
    return saturations


@_part
def _advance_generators(plan, memory):
    """Replace every generator by its next value."""
    left, right, last = plan.xorshift
    for neuron in range(memory.generators.size):
        r = memory.generators[neuron]
        r ^= (r << left) & plan.generator_mask
        r ^= r >> right
        r ^= (r << last) & plan.generator_mask
        memory.generators[neuron] = r


@_part
def _list_changed(work, start, units):
    """List the units of a layer whose states change, and the differences. Returns the number of these units."""
    count = 0
    for i in range(units):
        amount = work.new[start + i] - work.states[start + i]
        # The entry is always written, and kept only if the unit changed. So there is no branch to mispredict.
        work.changed[count] = i
        work.amounts[count] = amount
        count += amount != 0
    return count


@_part
def _equal(some, others):
    """Return whether two arrays are equal."""
    for k in range(some.size):  # noqa: SIM110 (Numba leaves this loop at the first difference.)
        if some[k] != others[k]:
            return False
    return True


@_part
def _trace(work, row, states, drives):
    """Write the new states and the drive into a row of the trace."""
    if states.shape[0]:
        states[row, :] = work.new
        drives[row, :] = work.drive
