"""Replays samples in the golden model, and counts their cost on the hardware by the cycle model."""

import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from amaranth.hdl import UnusedElaboratable

from ceprop.common.report import Advance
from ceprop.hdl.cycles import Cost, CycleModel, Prefetched
from ceprop.hdl.events import SampleEvents
from ceprop.hdl.io.sample_loader import listing_cycles
from ceprop.model import Dataset, Network, SampleRecord, Span, epoch_order, epoch_signs, fast
from ceprop.sim.events import sample_events
from ceprop.specification import Geometry

# The cycle model asks a core for its latencies and never elaborates it. Amaranth warns about that.
warnings.filterwarnings("ignore", category=UnusedElaboratable)

_BLOCK = 2000  # samples between two calls of a progress callback
_LISTING = 8  # cycles until the last group is in the lanes' lists, without its path along the columns


@dataclass(frozen=True, eq=False)
class Costs:
    """Costs of samples, int64 of shape (n,) each: cycles, multiply slots, and reads and writes of a cell's weight
    memory."""

    cycles: np.ndarray
    slots: np.ndarray
    reads: np.ndarray
    writes: np.ndarray

    @property
    def occupancy(self) -> float:
        """Share of all cycles in which the multipliers worked."""
        return int(self.slots.sum()) / int(self.cycles.sum())

    def memory_cycles(self, ports: int) -> int:
        """Return the least cycles for the memory accesses of all samples. Two ports read and write in the same cycle,
        one port does either."""
        reads, writes = int(self.reads.sum()), int(self.writes.sum())
        return max(reads, writes) if ports == 2 else reads + writes


@dataclass(frozen=True, eq=False)
class Replay:
    """The costs of the whole samples, and the costs of their nudged phases with the learning in them.

    `input_waits` is an upper bound of the cycles per sample for which the core waits for the inputs of the next sample.
    The inputs come as one group per cycle. Where lanes have two input lists, they come while the sample before is at
    work, so the core waits only after a short sample.
    """

    whole: Costs
    nudged: Costs
    input_waits: float


def replay(
    geometry: Geometry, dataset: Dataset, network: Network, span: Span, *, learn: bool, advance: Advance | None = None
) -> Replay:
    """Return the costs of the samples of `span`. With `learn` the network learns from each, as it does on the hardware.

    `network` itself is not changed.
    """
    model = CycleModel(geometry)
    whole, nudged = np.zeros((2, span.count, 4), np.int64)
    loading = np.zeros(span.count, np.int64)
    before: tuple[SampleEvents, Cost] | None = None
    for k, (inputs, record) in enumerate(records(dataset, network, span, learn=learn)):
        sample, groups = sample_events(geometry, inputs, record), _groups(geometry, inputs)
        # The inputs of a sample come as soon as work on the sample before it begins.
        prefetched = (
            Prefetched() if before is None else model.prefetched(sample, *before, groups + listing_cycles(geometry))
        )
        cost = model.sample(sample, prefetched)
        before = sample, cost
        whole[k], nudged[k] = _numbers(cost), _numbers(model.nudged(sample))
        loading[k] = groups + 2 * geometry.cols + _LISTING
        if advance is not None:
            advance(k + 1, span.count)
    hidden = whole[:-1, 0] if geometry.input_lists == 2 else 0
    waits = np.maximum(0, loading[1:] - hidden).sum() / span.count
    return Replay(Costs(*whole.T), Costs(*nudged.T), float(waits))


def _numbers(cost: Cost) -> tuple[int, int, int, int]:
    return cost.cycles, cost.slots, cost.reads, cost.writes


def _groups(geometry: Geometry, inputs: np.ndarray) -> int:
    """Return the number of groups of inputs that are not all zero. One group comes per cycle; a blank sample
    sends one."""
    return max(1, len(np.unique(np.flatnonzero(inputs) // geometry.cols)))


def records(
    dataset: Dataset, network: Network, span: Span, *, learn: bool
) -> Iterator[tuple[np.ndarray, SampleRecord]]:
    """Give the inputs and the traced record of each sample of `span`. They are the same on every array. `network`
    itself is not changed."""
    span.check(dataset)
    network = network.copy()
    shifts = network.specification.shifts_at(span.epoch)
    for number, negative in zip(*_order(network, dataset, span), strict=True):
        inputs, label = dataset.train_inputs[number], int(dataset.train_labels[number]) if learn else None
        yield inputs, fast.run_sample(network, inputs, label, shifts=shifts, negative=bool(negative), trace=True)


def learn(network: Network, dataset: Dataset, span: Span, advance: Advance | None = None) -> float:
    """Let the network learn from the samples of `span`; return the seconds that the compiled model alone took."""
    span.check(dataset)
    order, negatives = _order(network, dataset, span)
    shifts = network.specification.shifts_at(span.epoch)
    seconds = 0.0
    for start in range(0, span.count, _BLOCK):
        here = order[start : start + _BLOCK]
        inputs, labels = dataset.train_inputs[here], dataset.train_labels[here]
        started = time.perf_counter()
        fast.run_samples(network, inputs, labels, shifts=shifts, negatives=negatives[start : start + _BLOCK])
        seconds += time.perf_counter() - started
        if advance is not None:
            advance(start + len(here), span.count)
    return seconds


def _order(network: Network, dataset: Dataset, span: Span) -> tuple[np.ndarray, np.ndarray]:
    """Return numbers and nudge signs of the samples."""
    have, here = len(dataset.train_labels), slice(span.first, span.first + span.count)
    order = epoch_order(network.specification, span.epoch, have)[here]
    return order, epoch_signs(network.specification, span.epoch, have)[here]
