"""The readable golden model: docs/numerics.md in numpy. Every step computes every sum in full."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ceprop.model.network import Network
from ceprop.model.numbers import activate, advance, nudged
from ceprop.model.plain_update import States, learn
from ceprop.model.record import FreeEnd, SampleRecord
from ceprop.specification import Specification


@dataclass
class _Sample:
    """A sample during its phases: the arguments that all phases need, and the trace with one row of states and drives
    per step."""

    network: Network
    x: np.ndarray
    shifts: Sequence[int]
    skip: bool
    states: list[np.ndarray] = field(default_factory=list)
    drives: list[np.ndarray] = field(default_factory=list)

    @property
    def specification(self) -> Specification:
        """The specification of the network."""
        return self.network.specification

    def drive(self) -> np.ndarray:
        """Return the drive with the present weights, int64 (n_1,)."""
        return self.network.weights[0].astype(np.int64) @ self.x

    def trace(self, states: States, drive: np.ndarray) -> None:
        """Append a row of states and drives to the trace."""
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
    """Show the network one sample. If `label` is given, the network learns from it.

    `inputs` are n_0 quantised inputs. `shifts` are the rate shifts of the connections. `negative` tells whether the
    nudge is negative; with a centred nudge this is the first of the two nudges. With `trace`, the record holds the
    states and drives of every step. Without `skip`, all steps are executed and counted in the record. The bits are the
    same.
    """
    sample = _Sample(network, np.asarray(inputs, np.int64), shifts, skip)
    states, free_steps, free_end = _free_phase(sample)
    signs = [negative, not negative] if network.specification.centred else [negative]
    phases = [] if label is None else [_nudged_phase(sample, states, label, sign) for sign in signs]
    return SampleRecord(
        prediction=int(np.argmax(states[-1])),
        tie=int(np.count_nonzero(states[-1] == states[-1].max())) > 1,
        free_steps=free_steps,
        free_end=free_end,
        nudged_steps=sum(steps for steps, _, _ in phases),
        first_nudged_steps=phases[0][0] if phases else 0,
        nudged_settled=label is not None and all(settled for _, settled, _ in phases),
        saturations=sum(saturations for _, _, saturations in phases),
        states=np.array(sample.states) if trace else None,
        drives=np.array(sample.drives) if trace else None,
    )


def _free_phase(sample: _Sample) -> tuple[States, int, FreeEnd]:
    """Return `(states, executed steps, end)` of the free phase."""
    return (_alternating if sample.specification.alternating else _synchronous)(sample)


def _synchronous(sample: _Sample) -> tuple[States, int, FreeEnd]:
    """Run the free phase in synchronous order."""
    most = sample.specification.phases.free_steps
    before = [np.zeros(n, np.int64) for n in sample.specification.layers[1:]]
    states, end, drive = before, FreeEnd.OPEN, sample.drive()
    for step in range(1, most + 1):
        new = _half_step(sample.network, drive, states, sample.specification.connections)
        sample.trace(new, drive)
        if end is FreeEnd.OPEN and _equal(new, states):
            end = FreeEnd.SETTLED
        elif end is FreeEnd.OPEN and step >= 2 and _equal(new, before):
            end = FreeEnd.PERIOD_2
        before, states = states, new
        if sample.skip and end is not FreeEnd.OPEN:
            odd = end is FreeEnd.PERIOD_2 and (most - step) % 2
            return before if odd else states, step, end
    return states, most, end


def _alternating(sample: _Sample) -> tuple[States, int, FreeEnd]:
    """Run the free phase in alternating order. It settles in the first half-step, apart from the first one of all, that
    changes no state."""
    most, halves = sample.specification.phases.free_steps, sample.specification.free_halves
    states = [np.zeros(n, np.int64) for n in sample.specification.layers[1:]]
    end, drive = FreeEnd.OPEN, sample.drive()
    for step in range(1, most + 1):
        for number, half in enumerate(halves):
            new = _half_step(sample.network, drive, states, half)
            if _equal(new, states) and (step > 1 or number > 0):
                end = FreeEnd.SETTLED
            states = new
        # A half-step after one that changed nothing changes nothing either.
        sample.trace(states, drive)
        if sample.skip and end is FreeEnd.SETTLED:
            return states, step, end
    return states, most, end


def _nudged_phase(sample: _Sample, free: States, label: int, negative: bool) -> tuple[int, bool, int]:
    """Run a nudged phase from the states `free`, with its learning. Returns `(executed steps, settled,
    saturations)`."""
    network, specification = sample.network, sample.specification
    target = np.zeros(specification.classes, np.int64)
    target[label] = (1 << specification.formats.state_bits) - 1
    states, settled, saturations, steps = free, False, 0, 0
    while steps < specification.phases.nudged_steps and not (settled and sample.skip):
        drive = sample.drive()
        new = states
        for half in specification.nudged_halves:
            new = _half_step(network, drive, new, half)
            if specification.connections[-1] in half:
                new[-1] = nudged(specification, states[-1], new[-1], target, negative)
        sample.trace(new, drive)
        steps, settled = steps + 1, _equal(new, states)
        if not settled:
            _advance(network)
            if specification.continual:
                saturations += learn(network, sample.x, states, new, sample.shifts, negative)
        states = new
    if not specification.continual:
        saturations = learn(network, sample.x, free, states, sample.shifts, negative)
    return steps, settled, saturations


def _advance(network: Network) -> None:
    """Replace all generators by their next values."""
    bits = network.specification.generator_bits
    network.generators = [advance(r.astype(np.int64), bits).astype(np.uint32) for r in network.generators]


def _half_step(network: Network, drive: np.ndarray, states: States, half: Sequence[int]) -> States:
    """Return the states after the layers of `half` were computed from `states`; the other layers keep theirs."""
    return [
        activate(network.specification, layer, sums_of(network, drive, states, layer)) if layer in half else state
        for layer, state in zip(network.specification.connections, states, strict=True)
    ]


def sums_of(network: Network, drive: np.ndarray, states: States, layer: int) -> np.ndarray:
    """Return the sums of `layer`, int64 (n_l,) with `F_l` fraction bits. `states[l - 1]` belongs to layer `l`."""
    specification = network.specification
    state_bits, input_bits = specification.formats.state_bits, specification.formats.input_bits
    total = network.biases[layer - 1].astype(np.int64) << state_bits
    if layer < len(network.weights):
        total = total + network.downward(layer + 1).astype(np.int64).T @ states[layer]
    if layer > 1:
        return total + network.weights[layer - 1].astype(np.int64) @ states[layer - 2]
    finest = max(state_bits, input_bits)
    return (drive << (finest - input_bits)) + (total << (finest - state_bits))


def _equal(some: States, others: States) -> bool:
    """Return whether two lists of states are equal."""
    return all(np.array_equal(a, b) for a, b in zip(some, others, strict=True))
