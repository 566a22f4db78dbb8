"""The run of the benches. The cells are built side by side in one module, and their benches run on it in a
simulator."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import Out

from ceprop.common.scratch import private_folder
from ceprop.hdl.export import checked_verilog
from ceprop.sim.commands import Design
from ceprop.sim.run import Bench, simulate
from ceprop.sim.simulators import find_simulator
from ceprop.sim.units.devices import find_unit
from ceprop.specification import Geometry, Specification

TOP = "units"
VARIABLE = "CEPROP_UNITS"
"""The environment variable that holds the job."""


@dataclass(frozen=True)
class UnitJob:
    """The cells that the benches test, and the seed of their random numbers."""

    specification: Specification
    names: tuple[str, ...]
    seed: int
    checks: tuple[str, ...]
    """The names of the bits of the module's output `violations`."""

    def text(self) -> str:
        """Return the job as JSON, for the environment."""
        fields = {"names": self.names, "seed": self.seed, "checks": self.checks}
        return json.dumps(fields | {"specification": self.specification.fields()})

    @classmethod
    def load(cls) -> Self:
        """Return the job of this simulation."""
        job = json.loads(os.environ[VARIABLE])
        specification = Specification.from_mapping(job["specification"])
        return cls(specification, tuple(job["names"]), job["seed"], tuple(job["checks"]))


class Bundle(wiring.Component):
    """Cells side by side that share only clock and reset. The name of every port begins with the name of its cell."""

    def __init__(self, cells: dict[str, wiring.Component]):
        self.cells = cells
        super().__init__({name: Out(cell.signature) for name, cell in cells.items()})

    def elaborate(self, platform: object) -> Module:
        """Connect the ports of every cell to those of the module."""
        m = Module()
        for name, cell in self.cells.items():
            m.submodules[f"{name}_cell"] = cell
            wiring.connect(m, wiring.flipped(getattr(self, name)), cell)
        return m


def run_units(
    specification: Specification,
    names: Sequence[str],
    simulator: str,
    folder: Path,
    seed: int = 1,
    sources: Mapping[str, str] | None = None,
) -> None:
    """Compare these cells of a specification with the model. `sources` are the models of the vendor's cells in them, by
    file name.

    `folder` keeps the compiled simulation, and a log if something fails. Raises :class:`CepropError` with the cell,
    both values and the seed if a cell differs, with the name of the check if a check in a cell is violated, or with the
    name of a tool that is missing.
    """
    geometry = Geometry(specification)
    verilog, checks = checked_verilog(Bundle({name: find_unit(name).build(geometry) for name in names}), TOP)
    job = UnitJob(specification, tuple(names), seed, checks)
    bench = Bench("ceprop.sim.units.bench", {VARIABLE: job.text()})
    with private_folder() as place:
        simulate(find_simulator(simulator), Design(TOP, verilog, sources or {}), bench, place, folder)
