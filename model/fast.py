"""The compiled golden model. It gives the same bits as :mod:`ceprop.model.plain`, and it skips all work that changes no
bit."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ceprop.model import kernel
from ceprop.model.kernel import Memory, Plan, Work, run_block
from ceprop.model.network import Network
from ceprop.model.numbers import INPUT_PATTERN, XORSHIFT, dither_bits
from ceprop.model.record import FreeEnd, SampleRecord
from ceprop.specification import Specification, sigmoid_address, sigmoid_table

_SHORTEST_PART = 64
"""Least number of products that are worth a sum of 32 bits of their own."""


@dataclass(frozen=True, eq=False)
class Records:
    """The outcomes of a block of samples. Every array is int64 (n,) and has the meaning of the field in
    :class:`SampleRecord` that it is named after."""

    predictions: np.ndarray
    ties: np.ndarray
    free_steps: np.ndarray
    free_ends: np.ndarray
    nudged_steps: np.ndarray
    first_nudged_steps: np.ndarray
    nudged_settled: np.ndarray
    saturations: np.ndarray


def run_sample(
    network: Network,
    inputs: np.ndarray,
    label: int | None,
    *,
    shifts: Sequence[int],
    negative: bool = False,
    trace: bool = False,
) -> SampleRecord:
    """Run one sample as :func:`ceprop.model.plain.run_sample` does, always with skipping."""
    phases, layers = network.specification.phases, network.specification.layers
    nudges = 0 if label is None else 2 if network.specification.centred else 1
    rows = phases.free_steps + nudges * phases.nudged_steps if trace else 0
    states, drives = np.zeros((rows, sum(layers[1:])), np.int64), np.zeros((rows, layers[1]), np.int64)
    labels = None if label is None else np.array([label])
    found = _run(network, np.asarray(inputs)[None], labels, shifts, np.array([negative]), states, drives)[0]
    steps = int(found[kernel.FREE_STEPS] + found[kernel.NUDGED_STEPS])
    return SampleRecord(
        prediction=int(found[kernel.PREDICTION]),
        tie=bool(found[kernel.TIE]),
        free_steps=int(found[kernel.FREE_STEPS]),
        free_end=FreeEnd(int(found[kernel.FREE_END])),
        nudged_steps=int(found[kernel.NUDGED_STEPS]),
        first_nudged_steps=int(found[kernel.FIRST_NUDGED_STEPS]),
        nudged_settled=bool(found[kernel.NUDGED_SETTLED]),
        saturations=int(found[kernel.SATURATIONS]),
        states=states[:steps] if trace else None,
        drives=drives[:steps] if trace else None,
    )


def run_samples(
    network: Network,
    inputs: np.ndarray,
    labels: np.ndarray | None,
    *,
    shifts: Sequence[int],
    negatives: np.ndarray | None = None,
) -> Records:
    """Run samples in order and return their outcomes.

    `inputs` are quantised, uint16 (n, n_0). If `labels`, int64 (n,), are given, the network learns from each sample.
    `shifts` are the rate shifts of the connections. `negatives`, bool (n,), tells whether the nudge of a sample is
    negative; with a centred nudge this is the first of the two nudges. Without `negatives`, all nudges are positive.
    """
    nothing = np.zeros((0, 0), np.int64)
    signs = np.zeros(len(inputs), bool) if negatives is None else negatives
    return Records(*_run(network, inputs, labels, shifts, signs, nothing, nothing).T)


def predict(network: Network, inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return `(predictions, ties, counts)` of `inputs`, uint16 (n, n_0). The network is not changed.

    `predictions` is int64 (n,) and `ties` is bool (n,). `counts`, int64 (3,), is the number of free phases that ended
    in each way, indexed by :class:`FreeEnd`.
    """
    records = run_samples(network, inputs, None, shifts=network.specification.largest_shifts)
    counts = np.bincount(records.free_ends, minlength=len(FreeEnd))
    return records.predictions, records.ties.astype(bool), counts


def _run(
    network: Network,
    inputs: np.ndarray,
    labels: np.ndarray | None,
    shifts: Sequence[int],
    negatives: np.ndarray,
    states: np.ndarray,
    drives: np.ndarray,
) -> np.ndarray:
    """Run the compiled loops over a block. Returns the outcomes, int64 (n, `kernel.RECORD_COLUMNS`)."""
    specification = network.specification
    memory = _flatten(network)
    room = np.array([0, *(m - s for m, s in zip(specification.largest_shifts, shifts, strict=True))], np.int64)
    signs = np.where(negatives, -1, 1)
    records = np.zeros((len(inputs), kernel.RECORD_COLUMNS), np.int64)
    known = np.zeros(len(inputs), np.int64) if labels is None else np.ascontiguousarray(labels, np.int64)
    block = np.ascontiguousarray(inputs, np.uint16)
    learn = labels is not None
    plan = _plan(specification)  # pyright: ignore[reportArgumentType] (It is frozen, so pydantic makes it hashable.)
    work = _work(specification)
    run_block(plan, memory, work, block, known, signs, room, learn, records, states, drives)
    if learn:
        _restore(network, memory)
    return records


def _flatten(network: Network) -> Memory:
    """Copy the network into flat arrays in the layout of :class:`Memory`."""
    first, *others = network.weights
    kind = _weight_kind(network.specification)
    arrays = [first.T.ravel(), *(w.ravel() for w in (*others, *network.backward))]
    weights = np.concatenate(arrays, dtype=kind, casting="same_kind")
    biases = np.concatenate(network.biases, dtype=np.int32)
    return Memory(weights, biases, np.concatenate(network.generators, dtype=np.int64))


def _weight_kind(specification: Specification) -> type[np.signedinteger]:
    """Return the type of a weight in the compiled loops. The smaller one needs half of the cache."""
    return np.int16 if specification.formats.weight_bits <= 16 else np.int32


def _restore(network: Network, memory: Memory) -> None:
    """Copy the flat arrays back into the network."""
    first, *others = network.weights
    first[:] = memory.weights[: first.size].reshape(first.shape[::-1]).T
    _split(memory.weights[first.size :], [*others, *network.backward])
    _split(memory.biases, network.biases)
    _split(memory.generators, network.generators)


def _split(values: np.ndarray, arrays: Sequence[np.ndarray]) -> None:
    """Fill `arrays` in order from the flat `values`."""
    for array in arrays:
        array[:] = values[: array.size].reshape(array.shape)
        values = values[array.size :]


def _work(specification: Specification) -> Work:
    """Allocate the working memory of one sample."""
    layers = specification.layers
    neurons, widest = sum(layers[1:]), max(layers)
    sizes = (*[neurons] * 4, layers[1], layers[0], layers[0], widest, widest, widest)
    return Work(*(np.zeros(size, np.int64) for size in sizes), differences=np.zeros(widest, np.int16))


@lru_cache(maxsize=16)
def _plan(specification: Specification) -> Plan:
    """Return the constants of the compiled loops for a specification."""
    formats, layers = specification.formats, specification.layers
    finest = max(formats.state_bits, formats.input_bits)
    table = sigmoid_table(specification) if specification.activation.kind == "sigmoid" else ()
    drops = [specification.sum_fraction(layer) - formats.state_bits for layer in specification.connections]
    addresses = [(1 << (drop - 1), drop) for drop in drops]
    if table:
        addresses = [sigmoid_address(specification, layer) for layer in specification.connections]
    weight_drops = [specification.update_shift(connection) for connection in specification.connections]
    bias_drops = [specification.bias_shift(connection) for connection in specification.connections]
    weight_dither = [dither_bits(specification, drop) for drop in weight_drops]
    bias_dither = [dither_bits(specification, drop) for drop in bias_drops]
    sizes = [layers[connection] * layers[connection - 1] for connection in specification.connections]
    weight_first = np.cumsum([0, *sizes])
    backward_first = weight_first[:-1]
    if specification.two_weight_sets:  # They follow the forward weights, without connection 1.
        backward_first = weight_first[:-1] + weight_first[-1] - sizes[0]
    bits = specification.generator_bits
    return Plan(
        layers=np.array(layers, np.int64),
        first=_by_layer(np.cumsum([0, *layers[1:-1]])),
        weight_first=_by_layer(weight_first[:-1]),
        backward_first=_by_layer(backward_first),
        continual=specification.continual,
        two_weight_sets=specification.two_weight_sets,
        centred=specification.centred,
        alternating=specification.alternating,
        first_nudged=specification.nudged_halves[0][0],
        state_bits=formats.state_bits,
        input_up=finest - formats.input_bits,
        state_up=finest - formats.state_bits,
        address_offset=_by_layer([offset for offset, _ in addresses]),
        address_drop=_by_layer([drop for _, drop in addresses]),
        address_last=len(table) - 1 if table else (1 << formats.state_bits) - 1,
        table=np.array(table, np.int64),
        state_top=(1 << formats.state_bits) - 1,
        free_steps=specification.phases.free_steps,
        nudged_steps=specification.phases.nudged_steps,
        nudge_shift=specification.nudge.shift,
        weight_limit=1 << (formats.weight_bits - 1),
        weight_drop=_by_layer(weight_drops),
        weight_mask=_by_layer([mask for mask, _ in weight_dither]),
        weight_constant=_by_layer([constant for _, constant in weight_dither]),
        bias_drop=_by_layer(bias_drops),
        bias_mask=_by_layer([mask for mask, _ in bias_dither]),
        bias_constant=_by_layer([constant for _, constant in bias_dither]),
        xorshift=XORSHIFT[bits],
        generator_mask=(1 << bits) - 1,
        input_dither=(np.arange(layers[0]) * INPUT_PATTERN[bits]) & ((1 << bits) - 1),
        part=_part(specification),
    )


def _part(specification: Specification) -> int:
    """Return :attr:`Plan.part`."""
    formats = specification.formats
    largest = ((1 << formats.state_bits) - 1) << (formats.weight_bits - 1)
    most = ((1 << 31) - 1) // largest
    return most if most >= _SHORTEST_PART and formats.state_bits < 16 else 0


def _by_layer(values: Sequence[int] | np.ndarray) -> np.ndarray:
    """Return the numbers of layers 1 to L as an array that is indexed by the layer. Entry 0 is not used."""
    return np.array([0, *values], np.int64)
