"""The benches as they run in the simulator: one cocotb test for each cell of the job."""

from typing import Any

import cocotb

from ceprop.hdl.checks import violated_names
from ceprop.sim.units.cell import Cell
from ceprop.sim.units.devices import find_unit
from ceprop.sim.units.runner import UnitJob
from ceprop.specification import Geometry

JOB = UnitJob.load()


@cocotb.test()
@cocotb.parametrize(name=JOB.names)
async def bench(dut: Any, name: str) -> None:
    """Start the cell, compare it with the model, and read the checks of the contracts between its parts."""
    geometry = Geometry(JOB.specification)
    unit = find_unit(name)
    cell = Cell(dut, name, unit.build(geometry), geometry, JOB.seed)
    await cell.start()
    await unit.bench(cell)
    found = [
        check for check in violated_names(JOB.checks, str(dut.violations.value)) if check.startswith(f"{name}_cell.")
    ]
    assert not found, f"{name}: violated: {', '.join(found)} (seed {JOB.seed})"
