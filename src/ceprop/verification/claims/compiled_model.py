"""The models in software: the plain one defines every bit, and the compiled one is fast."""

import numpy as np

from ceprop.model import Network, Records, SampleRecord, fast, plain
from ceprop.specification import Specification
from ceprop.verification.case import Case, Claim, Found
from ceprop.verification.networks import random_arithmetic, random_samples

_SAMPLES = 6
_COLUMNS = {"predictions": "prediction", "ties": "tie", "free_ends": "free_end"} | {
    name: name for name in ("free_steps", "nudged_steps", "nudged_settled", "saturations")
}
"""Arrays of a block's records, and what they hold of each sample's."""


def network_difference(some: Network, other: Network) -> str | None:
    """Return the name of the first array of two networks that differs, or None."""
    for name in ("weights", "biases", "generators", "backward"):
        for l, (a, b) in enumerate(zip(getattr(some, name), getattr(other, name), strict=True), 1):
            if a.dtype != b.dtype or not np.array_equal(a, b):
                return f"{name}, array {l}"
    return None


def record_difference(some: SampleRecord, other: SampleRecord) -> str | None:
    """Return the name of the first field of two records that differs, or None."""
    return next((name for name, value in vars(some).items() if not _equal(value, getattr(other, name))), None)


def _equal(some: object, other: object) -> bool:
    return np.array_equal(np.asarray(some), np.asarray(other))


def _run(case: Case) -> Found:
    specification = case.given or random_arithmetic(case.draw, case.number)
    draw = case.numpy_draw
    data = random_samples(specification, draw, _SAMPLES)
    negatives = draw.integers(0, 2, _SAMPLES) == 1
    inputs, labels, shifts = data.train_inputs, data.train_labels, specification.update.shifts
    readable, compiled, unskipped, block = (Network.initial(specification) for _ in range(4))
    records = []
    for k in range(_SAMPLES):
        how = {"shifts": shifts, "negative": bool(negatives[k]), "trace": True}
        record = plain.run_sample(readable, inputs[k], int(labels[k]), **how)
        other = fast.run_sample(compiled, inputs[k], int(labels[k]), **how)
        whole = plain.run_sample(unskipped, inputs[k], int(labels[k]), skip=False, **how)
        found = record_difference(record, other) or _skipping_difference(specification, record, whole)
        if found:
            return Found({}, f"sample {k}, {found} differs")
        records.append(record)
    rows = fast.run_samples(block, inputs, labels, shifts=shifts, negatives=negatives)
    found = _block_difference(rows, records)
    for name, network in (("compiled", compiled), ("not skipping", unskipped), ("compiled block", block)):
        where = network_difference(readable, network)
        found = found or (where and f"{name}: {where} differs")
    states = sum(record.states.size for record in records if record.states is not None)
    counts = {"networks": 1, "samples": _SAMPLES, "states": states, "weights": sum(w.size for w in readable.weights)}
    return Found(counts, found)


def _skipping_difference(specification: Specification, record: SampleRecord, whole: SampleRecord) -> str | None:
    """Compare a record with that of a model that executes every step."""
    assert record.states is not None
    assert whole.states is not None
    nudges = 2 if specification.nudge.sign == "centred" else 1
    steps = specification.phases.free_steps + nudges * specification.phases.nudged_steps
    if len(whole.states) != steps:
        return "number of steps without skipping"
    if not np.array_equal(record.states[-1], whole.states[-1]):
        return "last states without skipping"
    alike = ("prediction", "tie", "free_end", "nudged_settled", "saturations")
    name = next((name for name in alike if getattr(record, name) != getattr(whole, name)), None)
    return name and f"{name} without skipping"


def _block_difference(rows: Records, records: list[SampleRecord]) -> str | None:
    for column, name in _COLUMNS.items():
        if getattr(rows, column).tolist() != [int(getattr(record, name)) for record in records]:
            return f"{column} of a block differs"
    return None


COMPILED_MODEL = Claim(
    name="compiled-model",
    claim="The compiled model, and a model that skips no work, give every bit of the plain model.",
    evidence="random specifications: every rule, order, format, rounding and activation; every state and weight",
    unit="networks",
    not_covered="layers of more than 60 units, and runs longer than a few samples",
    quick=200,
    full=20_000,
    together=100,
    takes_specification=True,
    run=_run,
)
