"""What runs inside the simulator: one cocotb test for each cell of the job."""

from typing import Any

import cocotb

from ceprop.geometry import Geometry
from ceprop.sim.units.cell import Cell
from ceprop.sim.units.registry import UNITS
from ceprop.sim.units.runner import UnitJob

JOB = UnitJob.load()


@cocotb.test()
@cocotb.parametrize(name=JOB.names)
async def unit(dut: Any, name: str) -> None:
    """Start the cell and hold it to the model."""
    geometry = Geometry(JOB.specification)
    cell = Cell(dut, name, UNITS[name].build(geometry), geometry, JOB.seed)
    await cell.start()
    await UNITS[name].bench(cell)
