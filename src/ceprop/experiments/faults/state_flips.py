"""Samples that a network learns from while bits of its states flip.

The readable model computes every sum in full, so that a flipped state would be gone after one step. A core keeps its
sums in the free phase and adds `W (s' - s)` to them. A state that flips between two steps then leaves an error in the
sums of its neighbours: the core subtracts a state that it never added. So the sums here are those of the states that
were added up, `added`. A learn pass makes all sums again, with the new states, and ends the error.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ceprop.common.errors import CepropError
from ceprop.experiments.faults.bit_flips import flip_state_bits
from ceprop.model import FreeEnd, Network, SampleRecord
from ceprop.model.numbers import activate, advance, nudged
from ceprop.model.plain import sums_of
from ceprop.model.plain_update import States, learn
from ceprop.specification import Specification


@dataclass
class StateFlips:
    """Flips every bit of the states with probability `rate` between two steps. `count` are the flips so far."""

    rate: float
    random: np.random.Generator
    count: int = 0

    def between_steps(self, states: States, bits: int) -> States:
        """Return the states that the next step finds."""
        found, count = flip_state_bits(states, bits, self.rate, self.random)
        self.count += count
        return found


@dataclass
class _Sample:
    """A sample at work. `states` are those in the memories of the neurons, and `added` are those in the sums."""

    network: Network
    x: np.ndarray
    flips: StateFlips
    states: States
    added: States

    @property
    def specification(self) -> Specification:
        """The specification of the network."""
        return self.network.specification

    def step(self) -> States:
        """Return the states that a step computes from the sums, before any nudge."""
        drive = self.network.weights[0].astype(np.int64) @ self.x
        return [
            activate(self.specification, layer, sums_of(self.network, drive, self.added, layer))
            for layer in self.specification.connections
        ]

    def keep(self, new: States) -> None:
        """Put the states of a free step in the place of those before, and add their differences to the sums."""
        self.added = [a + n - s for a, n, s in zip(self.added, new, self.states, strict=True)]
        self.states = new

    def flip(self) -> None:
        """Let bits of the states flip."""
        self.states = self.flips.between_steps(self.states, self.specification.formats.state_bits)


def check_supported(specification: Specification) -> None:
    """Raise :class:`CepropError` for a network whose states cannot flip here."""
    if specification.alternating or specification.rule != "c-ep" or specification.centred:
        raise CepropError(
            f'rule = "{specification.rule}", phases.order = "{specification.phases.order}", nudge.sign = '
            f'"{specification.nudge.sign}": states can flip with "c-ep", "synchronous", and one nudged phase only'
        )


def run_sample(
    network: Network,
    inputs: np.ndarray,
    label: int | None,
    flips: StateFlips,
    *,
    shifts: Sequence[int],
    negative: bool = False,
) -> SampleRecord:
    """Show the network one sample while its states flip. Without flips, this is
    :func:`ceprop.model.plain.run_sample`."""
    check_supported(network.specification)
    zeros = [np.zeros(units, np.int64) for units in network.specification.layers[1:]]
    sample = _Sample(network, np.asarray(inputs, np.int64), flips, zeros, zeros)
    outputs, free_steps, end = _free_phase(sample)
    steps, settled, saturations = 0, False, 0
    if label is not None:
        steps, settled, saturations = _nudged_phase(sample, label, shifts, negative)
    return SampleRecord(
        prediction=int(np.argmax(outputs)),
        tie=int(np.count_nonzero(outputs == outputs.max())) > 1,
        free_steps=free_steps,
        free_end=end,
        nudged_steps=steps,
        first_nudged_steps=steps,
        nudged_settled=settled,
        saturations=saturations,
    )


def _free_phase(sample: _Sample) -> tuple[np.ndarray, int, FreeEnd]:
    """Run the free phase. Returns `(outputs, executed steps, end)`, with the outputs of the step that counts."""
    most = sample.specification.phases.free_steps
    before, outputs = sample.states, sample.states[-1]
    for step in range(1, most + 1):
        new = sample.step()
        settled, period_2 = _equal(new, sample.states), step > 1 and _equal(new, before)
        before = sample.states
        sample.keep(new)
        if not settled and period_2 and (most - step) % 2:
            sample.keep(before)
        outputs = sample.states[-1]
        sample.flip()
        if settled or period_2:
            return outputs, step, FreeEnd.SETTLED if settled else FreeEnd.PERIOD_2
    return outputs, most, FreeEnd.OPEN


def _nudged_phase(sample: _Sample, label: int, shifts: Sequence[int], negative: bool) -> tuple[int, bool, int]:
    """Run the nudged phase with its learning. Returns `(executed steps, settled, saturations)`."""
    network, specification = sample.network, sample.specification
    target = np.zeros(specification.classes, np.int64)
    target[label] = (1 << specification.formats.state_bits) - 1
    saturations = 0
    for step in range(1, specification.phases.nudged_steps + 1):
        new = sample.step()
        new[-1] = nudged(specification, sample.states[-1], new[-1], target, negative)
        if _equal(new, sample.states):
            return step, True, saturations
        network.generators = [
            advance(r.astype(np.int64), specification.generator_bits).astype(np.uint32) for r in network.generators
        ]
        saturations += learn(network, sample.x, sample.states, new, shifts, negative)
        sample.states = sample.added = new
        sample.flip()
    return specification.phases.nudged_steps, False, saturations


def _equal(some: States, others: States) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(some, others, strict=True))
