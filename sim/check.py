"""The comparison of a core with the record of the golden model. Integers are compared for equality, and the first place
that differs is reported."""

from collections.abc import Iterator, Sequence

import numpy as np

from ceprop.model import FreeEnd, Network, SampleRecord
from ceprop.sim.codec import Codec
from ceprop.sim.driver import Contents
from ceprop.sim.events import ends_early, rests
from ceprop.sim.job import Outcome
from ceprop.specification import Geometry


class Checker:
    """Compares the samples one by one, and counts the comparisons and mismatches in an :class:`Outcome`. With `skip`,
    the core skips work without effect."""

    def __init__(self, geometry: Geometry, outcome: Outcome, *, skip: bool = True):
        self.geometry = geometry
        self.skip = skip
        self.outcome = outcome
        self.sample = 0
        self._layers = geometry.specification.connections
        sizes = geometry.specification.layers[1:]
        self._starts = np.cumsum([0, *sizes])

    def trace(self, codec: Codec, beats: Sequence[int], record: SampleRecord) -> None:
        """Compare every state of every layer and every drive, after every step of both phases, with `record`.

        `beats` are the payloads of the trace of one sample.
        """
        assert record.states is not None
        assert record.drives is not None
        if not beats:
            self.report("the trace has no groups of states")
            return
        places = list(zip(codec.unpack(beats, "layer").tolist(), codec.unpack(beats, "slot").tolist(), strict=True))
        states, drives = codec.unpack(beats, "neurons", "state"), codec.unpack(beats, "neurons", "drive", signed=True)
        start = 0
        for step, layer in self._blocks(record):
            end = start + self.geometry.slots(layer)
            if end > len(beats):
                break
            if places[start:end] != [(layer, slot) for slot in range(end - start)]:
                self.report(f"{self._step(step, record)}, the groups of states in the trace are not in order")
                return
            where = self._step(step, record)
            if layer == 1:
                self.compare(f"{where}, drive of layer 1", self._units(drives[start:end], 1), record.drives[step])
            here = slice(self._starts[layer - 1], self._starts[layer])
            self.compare(
                f"{where}, state of layer {layer}", self._units(states[start:end], layer), record.states[step, here]
            )
            self.outcome.states += here.stop - here.start
            start = end
        # The first layer of a half-step that begins a step, by phase: the second half may be left out.
        begins = ((1, 0), (self.geometry.specification.nudged_halves[0][0], 0))
        nudged = codec.unpack(beats, "nudged").tolist()
        steps = sum(place == begins[flag] for place, flag in zip(places, nudged, strict=True))
        self.outcome.steps += steps
        self.number("steps executed", steps, len(record.states))

    def trace_beats(self, record: SampleRecord) -> int:
        """Return how many beats the trace of a sample has."""
        return sum(self.geometry.slots(layer) for _, layer in self._blocks(record))

    def contents(self, found: Contents, network: Network, record: SampleRecord) -> None:
        """Compare every weight, bias and generator with `network`, and the states at the end with `record`."""
        for l, (weights, expected) in enumerate(zip(found.weights, network.weights, strict=True), 1):
            self.compare(f"after the last step, weights of layer {l}", weights, expected)
            self.outcome.weights += expected.size
        for l, (weights, expected) in enumerate(zip(found.backward, network.backward, strict=True), 2):
            self.compare(f"after the last step, backward weights of layer {l}", weights, expected)
            self.outcome.weights += expected.size
        for l, (biases, expected) in enumerate(zip(found.biases, network.biases, strict=True), 1):
            self.compare(f"after the last step, bias of layer {l}", biases, expected)
            self.outcome.weights += expected.size
        for l, (generators, expected) in enumerate(zip(found.generators, network.generators, strict=True), 1):
            self.compare(f"after the last step, generator of layer {l}", generators, expected.astype(np.int64))
        final = self._final_states(record)
        for layer, states in zip(self._layers, found.states, strict=True):
            start, end = self._starts[layer - 1 : layer + 1]
            self.compare(f"after the last step, final state of layer {layer}", states, final[start:end])
            self.outcome.states += end - start

    def number(self, what: str, found: int, expected: int) -> None:
        """Compare one number of a sample. `what` is its name in a report."""
        if found != expected:
            self.report(f"{what}: model {expected}, hardware {found}")

    def compare(self, where: str, found: np.ndarray, expected: np.ndarray) -> None:
        """Compare two arrays of integers. Axis 0 is the unit. For weights, axis 1 is the unit from which the connection
        comes."""
        if np.array_equal(found, expected):
            return
        places = np.argwhere(found != expected)
        place = tuple(places[0].tolist())
        unit = f"unit {place[0]}" + (f" from unit {place[1]}" if len(place) > 1 else "")
        self.report(f"{where}, {unit}: model {expected[place]}, hardware {found[place]}", len(places))

    def report(self, text: str, count: int = 1) -> None:
        """Add `count` mismatches. The text of the first report is kept."""
        self.outcome.mismatches += count
        if self.outcome.first_mismatch is None:
            self.outcome.first_mismatch = f"sample {self.sample}, {text}"

    def _blocks(self, record: SampleRecord) -> Iterator[tuple[int, int]]:
        """Yield `(step, layer)` in the order in which the core computes the states of layers."""
        assert record.states is not None
        specification = self.geometry.specification
        for step in range(len(record.states)):
            halves = specification.free_halves if step < record.free_steps else specification.nudged_halves
            if self.skip and step == record.free_steps - 1 and ends_early(specification, record):
                halves = halves[:1]
            if self.skip and step == record.free_steps and rests(specification, record):
                halves = halves[:1]
            yield from ((step, layer) for half in halves for layer in half)

    def _units(self, groups: np.ndarray, layer: int) -> np.ndarray:
        """Return the units of a layer from its groups, which have the shape (slots, lanes)."""
        return groups[:, : self.geometry.lanes(layer)].reshape(-1)[: self.geometry.specification.layers[layer]]

    def _step(self, step: int, record: SampleRecord) -> str:
        """Return the name of a step in a report. Steps are counted from 0 over both phases."""
        if step < record.free_steps:
            return f"free phase step {step + 1}"
        return f"nudged phase step {step + 1 - record.free_steps}"

    def _final_states(self, record: SampleRecord) -> np.ndarray:
        """Return the states in the core after the sample."""
        assert record.states is not None
        left = self.geometry.specification.phases.free_steps - record.free_steps
        if not record.nudged_steps and record.free_end is FreeEnd.PERIOD_2 and left % 2:
            before = record.free_steps - 2
            return record.states[before] if before >= 0 else np.zeros_like(record.states[0])
        return record.states[-1]


def compare_networks(checker: Checker, found: Network, expected: Network) -> None:
    """Compare every weight, bias and generator of two networks."""
    kinds = (
        ("weights", found.weights, expected.weights, 1),
        ("backward weights", found.backward, expected.backward, 2),
        ("bias", found.biases, expected.biases, 1),
        ("generator", found.generators, expected.generators, 1),
    )
    for kind, theirs, ours, first in kinds:
        for l, (values, right) in enumerate(zip(theirs, ours, strict=True), first):
            checker.compare(f"{kind} of layer {l}", values.astype(np.int64), right.astype(np.int64))
