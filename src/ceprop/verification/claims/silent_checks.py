"""The contracts between the parts of a core, which checks in the simulated hardware watch."""

from ceprop.hdl import generate
from ceprop.hdl.devices.primitives import PORTABLE
from ceprop.verification.case import Case, Claim, Found
from ceprop.verification.claims.comparisons import compared
from ceprop.verification.networks import random_core, random_samples

_SAMPLES = 40


def _run(case: Case) -> Found:
    """Many samples without a pause. A violated check is the first thing that the comparison reports."""
    specification = case.given or random_core(case.draw, case.number)
    watched = generate(specification, PORTABLE, checks=True).manifest["checks"]
    found = compared(
        case,
        specification,
        random_samples(specification, case.numpy_draw, _SAMPLES),
        _SAMPLES,
        read_every=_SAMPLES,
        skip=case.number % 3 != 2,
        trace=case.number % 2 == 0,
    )
    return Found({**found.counts, "checks": len(watched)}, found.mismatch)


SILENT_CHECKS = Claim(
    name="silent-checks",
    claim="No part of a core breaks its contract with another part while the core learns.",
    evidence="random cores in Verilator whose samples follow each other without a pause; every check in every cycle",
    unit="checks",
    not_covered="contracts that no check states, and the delivered Verilog, which has no checks",
    quick=4,
    full=160,
    run=_run,
    takes_specification=True,
)
