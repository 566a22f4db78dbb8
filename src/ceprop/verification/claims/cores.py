"""Random cores in both simulators, beside the golden model."""

import random
from typing import TYPE_CHECKING

from ceprop.common.errors import CepropError
from ceprop.hdl.devices.primitives import ECP5, ICE40, PORTABLE, Primitives
from ceprop.specification import Geometry, Specification
from ceprop.verification.case import Case, Claim, Found
from ceprop.verification.claims.comparisons import compared
from ceprop.verification.networks import random_core, random_samples

if TYPE_CHECKING:
    from ceprop.sim.simulators import SimulatorName

_SAMPLES = 4
_PRIMITIVES = (PORTABLE, PORTABLE, ECP5, ICE40)


def primitives_for(specification: Specification, draw: random.Random) -> Primitives:
    """Return a set whose multiplier takes the specification's operands."""
    while True:
        primitives = draw.choice(_PRIMITIVES)
        try:
            check_multiplier(specification, primitives)
        except CepropError:
            continue
        return primitives


def check_multiplier(specification: Specification, primitives: Primitives) -> None:
    """Raise :class:`CepropError` where the multiplier of a set does not take the specification's operands."""
    bits = Geometry(specification).widths.operand_bits
    primitives.check_multiplier(max(specification.formats.weight_bits, bits), bits)


def _compare(case: Case, simulator: "SimulatorName") -> Found:
    draw = case.draw
    specification = case.given or random_core(draw, case.number)
    return compared(
        case,
        specification,
        # Two epochs of half of the samples, so that the rates change.
        random_samples(specification, case.numpy_draw, _SAMPLES // 2),
        _SAMPLES,
        simulator=simulator,
        primitives=primitives_for(specification, draw),
        # All samples as fast as they can come, or the memories between any two.
        read_every=1 + case.number % 3,
        skip=case.number % 6 != 5,
    )


def _on_icarus(case: Case) -> Found:
    return _compare(case, "icarus")


def _on_verilator(case: Case) -> Found:
    return _compare(case, "verilator")


_EVIDENCE = (
    "random specifications on random arrays, made of portable, ECP5 or iCE40 cells; every state of every step, every "
    "weight, bias and generator, every counter and the cycles of every sample"
)
_NOT_COVERED = "arrays of more than 5x7 cells, layers of more than 9 units, more than {} samples, and netlists"

CORE_ON_ICARUS = Claim(
    name="core-on-icarus",
    claim="A core in Icarus computes every bit of the golden model in the cycles of the cycle model.",
    evidence=_EVIDENCE,
    unit="states",
    not_covered=_NOT_COVERED.format(_SAMPLES),
    quick=12,
    full=480,
    run=_on_icarus,
    takes_specification=True,
)
CORE_ON_VERILATOR = Claim(
    name="core-on-verilator",
    claim="A core in Verilator computes every bit of the golden model in the cycles of the cycle model.",
    evidence=_EVIDENCE,
    unit="states",
    not_covered=_NOT_COVERED.format(_SAMPLES),
    quick=8,
    full=240,
    run=_on_verilator,
    takes_specification=True,
)
