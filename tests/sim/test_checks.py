"""A violated check ends a simulation with its name, in units and in whole cores, in both simulators."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from amaranth.hdl import Const, Module

from ceprop import CepropError, Specification
from ceprop.hdl import Core
from ceprop.hdl.checks import check
from ceprop.hdl.io import fifo
from ceprop.model import Dataset
from ceprop.sim import ComparisonPlan, compare
from ceprop.sim.simulators import SimulatorName
from ceprop.sim.units import run_units

pytestmark = pytest.mark.slow


def specification(name: str) -> Specification:
    return Specification.from_mapping(
        {"name": name, "layers": [6, 4, 3], "update": {"shifts": [7, 7]}, "array": {"rows": 2, "cols": 1}}
    )


def test_a_violated_check_of_a_unit_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def always(m: Module, name: str, violated: Any) -> None:
        check(m, name, Const(1))

    monkeypatch.setattr(fifo, "check", always)
    with pytest.raises(CepropError, match=r"fifo: violated: fifo_cell\.fifo_overflow \(seed 7\)"):
        run_units(specification("unit"), ["fifo"], "icarus", tmp_path, seed=7)


@pytest.mark.parametrize(("simulator", "order"), [("icarus", "synchronous"), ("verilator", "alternating")])
def test_a_violated_check_of_a_core_is_reported(
    simulator: SimulatorName, order: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Steps that do not wait for the last sums."""
    returned = Core._all_returned
    monkeypatch.setattr(Core, "_all_returned", lambda core, edge: returned(core, edge) - 6)
    broken = specification(f"early-{simulator}").override(f"phases.order='{order}'")
    inputs = np.full((2, 6), (1 << broken.formats.input_bits) - 1, np.uint16)
    dataset = Dataset("ones", inputs, np.array([0, 1]), inputs, np.array([0, 1]))
    plan = ComparisonPlan(simulator=simulator, samples=1, build=tmp_path, command="pytest")
    found = compare(broken, dataset, plan)
    assert found.mismatches
    assert found.first_mismatch is not None
    assert "violated checks: " in found.first_mismatch
    assert "row_edge.neuron_0.running_sums.step_reads_a_sum_that_is_added_to" in found.first_mismatch
