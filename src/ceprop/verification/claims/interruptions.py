"""Resets at any moment, and weights that are written while samples wait."""

from ceprop.verification.case import Case, Claim, Found
from ceprop.verification.claims.comparisons import compared
from ceprop.verification.networks import random_core, random_samples

_SAMPLES = 8
_LATEST = 600
"""Cycles after which a sample is interrupted at the latest."""


def _reset(case: Case) -> Found:
    """A core that only infers still has its weights after a reset, and goes on at once."""
    specification = random_core(case.draw, case.number)
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
