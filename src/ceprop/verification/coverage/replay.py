"""The inside of a sample: the sums, nudges and updates behind the states that were compared.

The states of every step were found equal in the model and in the hardware. From them, the functions of the golden model
compute the sums and the updates once more, on a network of their own. This network is checked against every drive and
every count of saturations of the record.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ceprop.common.errors import CepropError
from ceprop.model import Network, SampleRecord
from ceprop.model.numbers import activate, advance, nudged
from ceprop.model.plain import sums_of
from ceprop.model.plain_update import States, updates
from ceprop.sim.events import free_states, phases
from ceprop.sim.expectation import rewrite_weights
from ceprop.sim.job import Job
from ceprop.verification.coverage.found import Found
from ceprop.verification.coverage.numbers import nudge_bins, state_bins, update_bins


@dataclass(frozen=True)
class _Nudge:
    """The label of a sample, and the sign of the nudge."""

    label: int
    negative: bool


@dataclass(frozen=True)
class _Step:
    """Step `number` of a record, counted from 0 over all phases, with the inputs `x`. In the free phase there is no
    nudge."""

    record: SampleRecord
    number: int
    x: np.ndarray
    nudge: _Nudge | None = None

    @property
    def states(self) -> np.ndarray:
        """The states after the step, layers side by side."""
        assert self.record.states is not None
        return self.record.states[self.number]

    @property
    def drive(self) -> np.ndarray:
        """The drive of the step."""
        assert self.record.drives is not None
        return self.record.drives[self.number]


class Replay:
    """Repeats the samples of a job in order."""

    def __init__(self, job: Job):
        self.job = job
        self.specification = job.specification
        self.network = job.network.copy()
        self._down = job.specification.override("update.rounding='floor'")
        self._ends = np.cumsum(self.specification.layers[1:])[:-1]

    def rewrite(self) -> None:
        """Write the weights that the testbench writes while a sample waits."""
        rewrite_weights(self.network)

    def sample(self, number: int, record: SampleRecord, found: Found) -> None:
        """Add the bins of one sample. Raises :class:`CepropError` where the network differs from that of the
        record."""
        assert record.states is not None
        x = self.job.inputs[number].astype(np.int64)
        states = self._split(np.zeros_like(record.states[0]))
        for step in range(record.free_steps):
            new = self._split(record.states[step])
            self._step(_Step(record, step, x), states, new, found)
            states = new
        first = bool(self.job.negatives[number])
        start, step, lost = self._split(free_states(self.specification, record)), record.free_steps, 0
        for negative, rows in zip((first, not first), phases(self.specification, record), strict=False):
            steps = [
                _Step(record, row, x, _Nudge(int(self.job.labels[number]), negative))
                for row in range(step, step + len(rows))
            ]
            lost += self._nudged_phase(steps, start, self.job.shifts(number), found)
            step += len(rows)
        if lost != record.saturations:
            raise CepropError(f"sample {number}: {lost} saturations in place of {record.saturations}")

    def _nudged_phase(self, steps: Sequence["_Step"], start: States, shifts: Sequence[int], found: Found) -> int:
        """Repeat a nudged phase that begins with the states `start`. Returns the number of saturations."""
        states, lost = start, 0
        for step in steps:
            new = self._split(step.states)
            self._step(step, states, new, found)
            moves = any(not np.array_equal(*pair) for pair in zip(states, new, strict=True))
            found.add("generators", "advance" if moves else "stay")
            if moves:
                self._advance()
                if self.specification.continual:
                    lost += self._learn(step, states, new, shifts, found)
            states = new
        if not self.specification.continual:
            lost += self._learn(steps[-1], start, states, shifts, found)
        return lost

    def _step(self, step: "_Step", old: States, new: States, found: Found) -> None:
        """Add the bins of the states of one step, and check that they follow from the network."""
        specification, states = self.specification, list(old)
        drive = self.network.weights[0].astype(np.int64) @ step.x
        same = np.array_equal(drive, step.drive)
        for half in specification.free_halves if step.nudge is None else specification.nudged_halves:
            sums = {layer: sums_of(self.network, drive, states, layer) for layer in half}
            for layer, values in sums.items():
                rho = activate(specification, layer, values)
                if step.nudge is not None and layer == specification.connections[-1]:
                    rho = self._nudged(step.nudge, old[-1], rho, found)
                same = same and np.array_equal(rho, new[layer - 1])
                state_bins(specification, layer, values, new[layer - 1], found)
                states[layer - 1] = new[layer - 1]
        if not same:
            raise CepropError(f"step {step.number}: the states do not follow from the network")

    def _nudged(self, nudge: "_Nudge", old: np.ndarray, rho: np.ndarray, found: Found) -> np.ndarray:
        """Add the bins of a nudge, and return the nudged outputs."""
        target = np.zeros_like(old)
        target[nudge.label] = (1 << self.specification.formats.state_bits) - 1
        nudge_bins(self.specification, old, target, rho, nudge.negative, found)
        return nudged(self.specification, old, rho, target, nudge.negative)

    def _learn(self, step: "_Step", old: States, new: States, shifts: Sequence[int], found: Found) -> int:
        """Add the bins of an update of everything, and carry it out. Returns the number of saturations."""
        assert step.nudge is not None
        network, given = self.network, (step.x, old, new, shifts, step.nudge.negative)
        down = Network(self._down, network.weights, network.biases, network.generators, network.backward)
        lost = 0
        rounded = list(updates(network, *given))
        for each, cut in zip(rounded, updates(down, *given), strict=True):
            update_bins(self.specification, each, cut, found)
            lost += int(np.count_nonzero(each.lost))
        for each in rounded:
            each.values[:] = each.moved
        return lost

    def _advance(self) -> None:
        bits = self.specification.generator_bits
        generators = self.network.generators
        self.network.generators = [advance(r.astype(np.int64), bits).astype(np.uint32) for r in generators]

    def _split(self, states: np.ndarray) -> States:
        return np.split(states, self._ends)
