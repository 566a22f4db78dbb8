"""Resets at any moment, and weights that are written while samples wait."""

import numpy as np

from ceprop.hdl.cycles import CycleModel
from ceprop.hdl.io.sample_loader import listing_cycles
from ceprop.model import Dataset, Network, plain
from ceprop.sim.events import full_sample_events
from ceprop.specification import Geometry, Specification
from ceprop.verification.case import Case, Claim, Found
from ceprop.verification.claims.comparisons import compared
from ceprop.verification.networks import random_core, random_samples

_SAMPLES = 8
_SHORT = ("phases.free_steps=3", "phases.nudged_steps=2", "update.schedule=[]")
"""Few steps, so that a sample has few cycles."""
_AFTER = 10
"""Cycles after the result in which a reset is tried as well."""
_LATEST = 600
"""Cycles after which a sample is interrupted at the latest."""


def _reset(case: Case) -> Found:
    """A core that only infers still has its weights after a reset, and goes on at once."""
    specification = case.given or random_core(case.draw, case.number)
    draw = case.numpy_draw
    data = random_samples(specification, draw, _SAMPLES)
    moments = draw.integers(0, _LATEST, _SAMPLES).tolist()
    learn = case.number // 2 % 2 == 0
    found = compared(case, specification, data, _SAMPLES, learn=learn, interruptions=moments)
    return Found({**found.counts, "resets": _SAMPLES}, found.mismatch)


RESETS = Claim(
    name="resets",
    claim="A reset at any moment leaves nothing of the interrupted sample behind.",
    evidence="random cores in Verilator; each sample is interrupted by a reset after up to 600 cycles and shown again",
    unit="resets",
    not_covered="resets while memories are loaded, and resets that are shorter than a clock cycle",
    quick=6,
    full=240,
    run=_reset,
    takes_specification=True,
)


def _in_every_cycle(case: Case) -> Found:
    """The same sample again and again, each time interrupted one cycle later."""
    specification = case.given or random_core(case.draw, case.number).override(*_SHORT)
    drawn = random_samples(specification, case.numpy_draw, 1)
    moments = range(_last_cycle(specification, drawn.train_inputs[0], int(drawn.train_labels[0])))
    count = len(moments)
    inputs, labels = np.repeat(drawn.train_inputs, count, axis=0), np.repeat(drawn.train_labels, count)
    data = Dataset("repeated", inputs, labels, inputs[:0], labels[:0])
    how = {"learn": case.number % 2 == 0, "skip": case.number // 2 % 2 == 1}
    found = compared(case, specification, data, count, interruptions=moments, **how)
    return Found({**found.counts, "resets": count}, found.mismatch)


def _last_cycle(specification: Specification, inputs: np.ndarray, label: int) -> int:
    """Return the cycles from the first group of a sample to its result and a few more, where no work is skipped."""
    geometry = Geometry(specification.with_array())
    network = Network.initial(specification)
    record = plain.run_sample(network, inputs, label, shifts=specification.update.shifts, trace=True, skip=False)
    cost = CycleModel(geometry).sample(full_sample_events(geometry, record))
    return geometry.slots(0) + listing_cycles(geometry) + cost.cycles + _AFTER


RESETS_EVERYWHERE = Claim(
    name="resets-everywhere",
    claim="A reset in any cycle of a sample leaves nothing of the sample behind.",
    evidence="short samples of random cores in Verilator; a sample is shown again for each of its cycles, and a reset "
    "interrupts it in this cycle",
    unit="resets",
    not_covered="resets while memories are loaded, and samples of more than 6 steps",
    quick=2,
    full=96,
    run=_in_every_cycle,
    takes_specification=True,
)


def _rewrite(case: Case) -> Found:
    """A drive that went ahead with the old weights must not count."""
    specification = random_core(case.draw, case.number).override(
        "array.memory_ports=2", "array.input_lists=2", "array.drives=2"
    )
    data = random_samples(specification, case.numpy_draw, _SAMPLES)
    learn, rewrites = case.number % 2 == 0, [2, 4, 6]
    return compared(
        case, specification, data, _SAMPLES, simulator="icarus", learn=learn, read_every=_SAMPLES, rewrites=rewrites
    )


REWRITES = Claim(
    name="rewrites",
    claim="Weights that are written while a sample waits count for this sample, and no older drive does.",
    evidence="random cores with two drives in Icarus; the weights of the first connection are written three times",
    unit="samples",
    not_covered="writes of other memories while a sample waits",
    quick=4,
    full=120,
    run=_rewrite,
)
