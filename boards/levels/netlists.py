"""Netlists in the JSON of yosys, as Verilog for a simulator with models of their cells."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ceprop.boards.flow.toolchain import YOSYS, read_left, run_tool
from ceprop.boards.parts.devices import Family
from ceprop.common.errors import CepropError
from ceprop.common.scratch import private_folder
from ceprop.sim.cells import cell_models

_JSON, _VERILOG = "netlist.json", "netlist.v"


@dataclass(frozen=True)
class Netlist:
    """A module made of the cells of a device.

    Fields
    ------
    top : str
        The name of the module.
    family : "ecp5" or "ice40"
        The family of the device.
    design : dict
        The design as yosys writes it in JSON.
    """

    top: str
    family: Family
    design: dict[str, Any]

    @property
    def module(self) -> dict[str, Any]:
        """The module, with its `ports`, `cells` and `netnames`."""
        return self.design["modules"][self.top]

    def models(self) -> dict[str, str]:
        """Return the Verilog of a model of each cell, by file name.

        Raises :class:`CepropError` for a cell without a model, and where yosys, which brings most of them, is missing.
        """
        kinds = {cell["type"] for cell in self.module["cells"].values()}
        # The cells of yosys itself become expressions.
        return cell_models({kind for kind in kinds if not kind.startswith("$")}, self.family)

    def verilog(self) -> str:
        """Return the module as Verilog. Raises :class:`CepropError` where yosys is missing or fails."""
        with private_folder() as folder:
            (folder / _JSON).write_text(json.dumps(self.design), encoding="utf-8")
            script = f"read_json {_JSON}; write_verilog -noattr {_VERILOG}"
            run_tool(YOSYS, ["-q", "-p", script], folder, "yosys.log")
            # The first line names the version of yosys.
            return (folder / _VERILOG).read_text(encoding="utf-8").partition("\n")[2]


def read_netlist(path: Path, top: str, family: Family) -> Netlist:
    """Return the module `top` of a netlist that yosys or nextpnr wrote. Raises :class:`CepropError` where it is missing
    or damaged."""
    design: Mapping[str, Any] = read_left(path)
    if top not in design.get("modules", {}):
        raise CepropError(f"netlist {path}: has no module {top}")
    return Netlist(top, family, {"modules": {top: design["modules"][top]}})
