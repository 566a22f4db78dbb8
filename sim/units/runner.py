"""Builds cells side by side into one module, and runs their benches on it in a simulator."""

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
"""Environment variable that holds the job."""


@dataclass(frozen=True)
class UnitJob:
    """Which cells the benches in the simulator find, and the seed of their random numbers."""

    specification: Specification
    names: tuple[str, ...]
    seed: int
    checks: tuple[str, ...]
    """Names of the bits of the module's output `violations`."""

    def text(self) -> str:
        """For the environment."""
        fields = {"names": self.names, "seed": self.seed, "checks": self.checks}
        return json.dumps(fields | {"specification": self.specification.fields()})

    @classmethod
    def load(cls) -> Self:
        """The job of this simulation."""
        job = json.loads(os.environ[VARIABLE])
        specification = Specification.from_mapping(job["specification"])
        return cls(specification, tuple(job["names"]), job["seed"], tuple(job["checks"]))


class Bundle(wiring.Component):
    """Cells side by side that share nothing but clock and reset; every port has its cell's name in front."""

    def __init__(self, cells: dict[str, wiring.Component]):
        self.cells = cells
        super().__init__({name: Out(cell.signature) for name, cell in cells.items()})

    def elaborate(self, platform: object) -> Module:
        """Ports straight through."""
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
    """Hold these cells of a specification to the model; `sources` are models of a vendor's cells in them.

    Raises :class:`CepropError` where one differs, with the cell, both values and the seed; where a check in the cell is
    violated, with its name; or where a tool is missing."""
    geometry = Geometry(specification)
    verilog, checks = checked_verilog(Bundle({name: find_unit(name).build(geometry) for name in names}), TOP)
    job = UnitJob(specification, tuple(names), seed, checks)
    bench = Bench("ceprop.sim.units.bench", {VARIABLE: job.text()})
    with private_folder() as place:
        simulate(find_simulator(simulator), Design(TOP, verilog, sources or {}), bench, place, folder)
