"""The readable golden model: docs/numerics.md in numpy, sums in full at every step."""

from collections.abc import Sequence

import numpy as np

from ceprop.model.network import Network
from ceprop.model.numbers import activate, advance, input_pattern, nudged, update, update_bias
from ceprop.model.record import FreeEnd, SampleRecord
from ceprop.specification import Specification

States = list[np.ndarray]


class _Trace:
    """States and drives, one row a step."""

    def __init__(self) -> None:
        self.states: list[np.ndarray] = []
        self.drives: list[np.ndarray] = []

    def add(self, states: States, drive: np.ndarray) -> None:
        self.states.append(np.concatenate(states))
        self.drives.append(drive)


def run_sample(
    network: Network,
    inputs: np.ndarray,
    label: int | None,
    *,
    shifts: Sequence[int],
    negative: bool = False,
    trace: bool = False,
    skip: bool = True,
) -> SampleRecord:
    """Show the network one sample and, if `label` is given, let it learn.

    `inputs` holds n_0 quantised inputs, `shifts` the rate shift of each connection, `negative` the nudge's sign.
    Without `skip` all steps are executed, to the same bits; the record then counts them all."""
    x = np.asarray(inputs, np.int64)
    rows = _Trace()
    states, free_steps, free_end = _free_phase(network, x, skip, rows)
    largest = int(states[-1].max())
    nudged_steps, settled, saturations = 0, False, 0
    if label is not None:
        nudged_steps, settled, saturations = _nudged_phase(network, x, states, label, shifts, negative, skip, rows)
    return SampleRecord(
        prediction=int(np.argmax(states[-1])),
        tie=int(np.count_nonzero(states[-1] == largest)) > 1,
        free_steps=free_steps,
        free_end=free_end,
        nudged_steps=nudged_steps,
        nudged_settled=settled,
        saturations=saturations,
        states=np.array(rows.states) if trace else None,
        drives=np.array(rows.drives) if trace else None,
    )


def _free_phase(network: Network, x: np.ndarray, skip: bool, rows: _Trace) -> tuple[States, int, FreeEnd]:
    most = network.specification.phases.free_steps
    before = [np.zeros(n, np.int64) for n in network.specification.layers[1:]]
    states, end, drive = before, FreeEnd.OPEN, _drive(network, x)
    for step in range(1, most + 1):
        new = _step(network, drive, states)
        rows.add(new, drive)
        if end is FreeEnd.OPEN and _equal(new, states):
            end = FreeEnd.SETTLED
        elif end is FreeEnd.OPEN and step >= 2 and _equal(new, before):
            end = FreeEnd.PERIOD_2
        before, states = states, new
        if skip and end is not FreeEnd.OPEN:
            odd = end is FreeEnd.PERIOD_2 and (most - step) % 2
            return before if odd else states, step, end
    return states, most, end


def _nudged_phase(
    network: Network,
    x: np.ndarray,
    states: States,
    label: int,
    shifts: Sequence[int],
    negative: bool,
    skip: bool,
    rows: _Trace,
) -> tuple[int, bool, int]:
    specification = network.specification
    target = np.zeros(specification.classes, np.int64)
    target[label] = (1 << specification.formats.state_bits) - 1
    settled, saturations = False, 0
    for step in range(1, specification.phases.nudged_steps + 1):
        drive = _drive(network, x)
        new = _step(network, drive, states)
        new[-1] = nudged(specification, states[-1], new[-1], target, negative)
        rows.add(new, drive)
        if _equal(new, states):
            settled = True
            if skip:
                return step, settled, saturations
        else:
            bits = specification.generator_bits
            network.generators = [
                advance(generator.astype(np.int64), bits).astype(np.uint32) for generator in network.generators
            ]
            saturations += _learn(network, x, states, new, shifts, -1 if negative else 1)
        states = new
    return specification.phases.nudged_steps, settled, saturations


def _drive(network: Network, x: np.ndarray) -> np.ndarray:
    return network.weights[0].astype(np.int64) @ x


def _step(network: Network, drive: np.ndarray, states: States) -> States:
    """All layers' new states from the old ones."""
    return [
        activate(network.specification, layer, _sum(network, drive, states, layer))
        for layer in network.specification.connections
    ]


def _sum(network: Network, drive: np.ndarray, states: States, layer: int) -> np.ndarray:
    """Sums of `layer` with `F_l` fraction bits; `states[l - 1]` belongs to layer `l`."""
    specification = network.specification
    state_bits, input_bits = specification.formats.state_bits, specification.formats.input_bits
    total = network.biases[layer - 1].astype(np.int64) << state_bits
    if layer < len(network.weights):
        total = total + network.weights[layer].astype(np.int64).T @ states[layer]
    if layer > 1:
        return total + network.weights[layer - 1].astype(np.int64) @ states[layer - 2]
    finest = max(state_bits, input_bits)
    return (drive << (finest - input_bits)) + (total << (finest - state_bits))


def _learn(network: Network, x: np.ndarray, states: States, new: States, shifts: Sequence[int], sign: int) -> int:
    """Move all weights and biases by one step of C-EP; returns the number of saturations."""
    specification: Specification = network.specification
    generators = [generator.astype(np.int64) for generator in network.generators]
    pattern = input_pattern(specification, np.arange(len(x)))
    saturations = 0
    for connection in specification.connections:
        here, shift = connection - 1, shifts[connection - 1]
        moved = new[here] - states[here]
        if connection == 1:
            difference, r = np.multiply.outer(moved, x), pattern
        else:
            below = connection - 2
            difference = np.multiply.outer(new[here], new[below]) - np.multiply.outer(states[here], states[below])
            r = generators[below]
        dither = np.bitwise_xor.outer(generators[here], r)
        weights = network.weights[here].astype(np.int64)
        weights, lost = update(specification, connection, weights, sign * difference, dither, shift)
        biases, constant = network.biases[here].astype(np.int64), moved << specification.formats.state_bits
        biases, lost_too = update_bias(specification, connection, biases, sign * constant, generators[here], shift)
        network.weights[here][:], network.biases[here][:] = weights, biases
        saturations += int(np.count_nonzero(lost)) + int(np.count_nonzero(lost_too))
    return saturations


def _equal(some: States, others: States) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(some, others, strict=True))
