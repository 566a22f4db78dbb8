"""Each part of the hardware alone, beside the scalar functions of the model."""

from collections.abc import Sequence
from pathlib import Path

from ceprop.hdl.devices.primitives import ECP5, ICE40, PORTABLE
from ceprop.sim.cells import simulation_sources
from ceprop.sim.run import FailedBenchError
from ceprop.sim.units import run_units, units_of
from ceprop.sim.units.devices import device_units
from ceprop.specification import Specification
from ceprop.verification.case import Case, Claim, Found
from ceprop.verification.claims.comparisons import joined
from ceprop.verification.networks import random_core
from ceprop.verification.part_specifications import PART_SPECIFICATIONS

_SIMULATORS = ("icarus", "verilator")
_SETS = (ECP5, ICE40, PORTABLE)
_LARGE = ("synapse", "neuron")
"""Beginnings of the names of cells whose benches take longest, or whose logic is largest."""


def _cells(
    case: Case, specification: Specification, names: Sequence[str], simulator: str, sources: dict[str, str]
) -> Found:
    folder: Path = case.folder
    seed = case.draw.getrandbits(31)
    mismatch = None
    try:
        run_units(specification, names, simulator, folder, seed=seed, sources=sources)
    except FailedBenchError as error:
        mismatch = str(error)
    return Found({"parts": len(names)}, mismatch)


def _parts(case: Case) -> Found:
    specification = list(PART_SPECIFICATIONS.values())[case.number % len(PART_SPECIFICATIONS)]
    simulator = _SIMULATORS[case.number % 2]
    names = units_of(specification)
    # In Icarus, every cell of a simulation takes time while one of them is tried. Verilator takes longest to compile.
    groups = [names] if simulator == "verilator" else _groups(names)
    return joined(*(_cells(case, specification, group, simulator, {}) for group in groups))


def _groups(names: Sequence[str]) -> list[list[str]]:
    """Return the large cells by themselves, and the others together. No group is empty."""
    kinds = {name: next((kind for kind in _LARGE if name.startswith(kind)), "") for name in names}
    return [[name for name in names if kinds[name] == kind] for kind in dict.fromkeys(kinds.values())]


PARTS = Claim(
    name="parts",
    claim="Each part of a core alone does what the scalar functions of the model say.",
    evidence="all parts of five specifications, in both simulators, driven through their ports with random numbers",
    unit="parts",
    not_covered="other specifications, and parts that only pass messages on, such as the message selector",
    quick=5,
    full=200,
    run=_parts,
)


def _device_parts(case: Case) -> Found:
    primitives = _SETS[case.number % 3]
    simulator = _SIMULATORS[case.number // 3 % 2]
    specification = random_core(case.draw, case.number)
    return _cells(case, specification, list(device_units(primitives)), simulator, simulation_sources(primitives))


DEVICE_PARTS = Claim(
    name="device-parts",
    claim="Multipliers and memories made of a device's cells do what the portable ones do.",
    evidence="every width and size at an end of a block, ECP5 and iCE40, in both simulators; models of the cells",
    unit="parts",
    not_covered="the silicon itself, and modes of the cells that no part uses",
    quick=6,
    full=60,
    run=_device_parts,
)
