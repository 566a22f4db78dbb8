"""Multipliers and memories of every device on both simulators, alone and in a core that learns."""

from pathlib import Path

import pytest

from ceprop import Specification
from ceprop.hdl.primitives import ECP5, ICE40, PORTABLE, Primitives
from ceprop.model import load_dataset
from ceprop.sim import compare
from ceprop.sim.cells import simulation_sources
from ceprop.sim.units import run_units
from ceprop.sim.units.devices import device_units

ANY = Specification.from_mapping(
    {"layers": [5, 4], "update": {"shifts": [8]}, "array": {"rows": 2, "cols": 2}},
)
"""The parts do not depend on it."""

DIGITS = Specification.from_mapping(
    {
        "name": "digits",
        "layers": [64, 13, 10],
        "formats": {"weight_bits": 12, "weight_fraction": 12},
        "phases": {"free_steps": 12, "nudged_steps": 5},
        "nudge": {"shift": 1},
        "update": {"shifts": [7, 8]},
        "quantiser": {"high": 16},
        "array": {"rows": 2, "cols": 3},
    }
)

SETS = pytest.mark.parametrize("primitives", [PORTABLE, ECP5, ICE40], ids=lambda primitives: primitives.name)
SIMULATORS = pytest.mark.parametrize("simulator", ["icarus", "verilator"])


@SETS
@SIMULATORS
def test_parts_do_what_the_model_says(primitives: Primitives, simulator: str, tmp_path: Path) -> None:
    run_units(ANY, list(device_units(primitives)), simulator, tmp_path, sources=simulation_sources(primitives))


@pytest.mark.parametrize("primitives", [ECP5, ICE40], ids=lambda primitives: primitives.name)
@SIMULATORS
def test_a_core_made_of_them_learns_like_the_model(primitives: Primitives, simulator: str, tmp_path: Path) -> None:
    found = compare(
        DIGITS,
        load_dataset(DIGITS, "digits"),
        simulator=simulator,
        samples=3,
        build=tmp_path,
        primitives=primitives,
        command="pytest",
    )
    assert found.mismatches == 0, found.first_mismatch
    assert found.samples_compared == 3
