"""The commands that compile a design and simulate it with cocotb, in a folder in which every file name is relative.

Therefore no path of the user reaches `make`, a compiler or a simulator, and the same design always gives the same
commands.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cocotb_tools import config

from ceprop.sim.simulators import Simulator

_COCOTB, _VERILATOR, _MAIN = "cocotb", "verilator", "main.cpp"
"""Names of links to cocotb's libraries, to Verilator, and to cocotb's main program for Verilator."""

# cocotb's own runner makes every signal public, so that Verilator cannot optimise signals away. An 8x8 array then takes
# minutes to compile and runs at 40 % of the speed. The testbenches use only the ports of the top module, so only these
# are public here. The file lint.py checks the Verilog separately, so the warnings of Verilator do not stop a build.
_VERILATOR_BUILD = ("-cc", "--exe", "--vpi", "--public-depth", "1", "-Wno-fatal", "--timescale", "1ns/1ps")
# The program finds cocotb's libraries through a link in its working folder. So it runs in every folder with this link.
_LINKING = f"-Wl,-rpath,{_COCOTB} -L{_COCOTB} -lcocotbvpi_verilator"
# Optimisation takes longer than a short simulation. One file of C++ with -O0 takes a third of the time of several
# files with -O1, because the compiler reads the same headers for each file.
_VERILATOR_SHORT = ("--output-split", "0")
_MOST_COMPILERS = 4
# Verilator's own headers take half of the time in which one file of C++ is compiled. They are the same in every design,
# so ccache keeps them compiled. A rule in Verilator's makefile makes `NAME.fast.gch` from the file `NAME`. The compiler
# takes it for `NAME.fast`, and reads that file itself where other options are in force. For several files, the makefile
# compiles the headers of the design instead.
_HEADER = "runtime.h"
_INCLUDED = f"{_HEADER}.fast"

_OPTIONS = "options.f"
_DUMP = "dump"

COVERAGE = "coverage.dat"
"""The name of the file into which a simulation in Verilator counts its coverage."""


@dataclass(frozen=True)
class Design:
    """The Verilog to simulate.

    `top` is the name of the top module and `verilog` is its text. `sources` are further files, by name. `waves` tells
    whether waveforms (FST) are written. `long` tells whether the simulation takes so long that the compiler should
    optimise it. `coverage` tells whether Verilator counts the lines, branches and toggles, into the file
    :data:`COVERAGE`.
    """

    top: str
    verilog: str
    sources: Mapping[str, str] = field(default_factory=dict)
    waves: bool = False
    long: bool = False
    coverage: bool = False

    @property
    def sources_in_order(self) -> dict[str, str]:
        """All Verilog, by file name, in the order in which it is compiled."""
        return {f"{self.top}.v": self.verilog, **self.sources}


def files(tool: Simulator, design: Design) -> dict[str, str]:
    """Return the files that must be in the folder: the text of each by its name."""
    if tool.name == "verilator":
        return design.sources_in_order | dict.fromkeys((_HEADER, _INCLUDED), '#include "verilated.h"\n')
    waves = f'$dumpfile("{_DUMP}.fst"); $dumpvars(0, {design.top});'
    dump = {f"{_DUMP}.v": f"module {_DUMP}; initial begin {waves} end endmodule\n"} if design.waves else {}
    return design.sources_in_order | {_OPTIONS: "+timescale+1ns/1ps\n"} | dump


def links(tool: Simulator) -> dict[str, Path]:
    """Return the symbolic links that must be in the folder: the target of each by its name."""
    if tool.name != "verilator":
        return {}
    main = config.share_dir / "lib" / "verilator" / "verilator.cpp"
    return {_COCOTB: config.libs_dir, _MAIN: main} | verilator_links(tool)


def verilator_links(tool: Simulator) -> dict[str, Path]:
    """Return the symbolic links that Verilator needs without cocotb."""
    return {_VERILATOR: tool.root} if tool.root else {}


def environment(tool: Simulator) -> dict[str, str]:
    """Return the environment variables that the commands of :func:`build_commands` need."""
    return tool.environment | ({"VERILATOR_ROOT": _VERILATOR} if tool.root else {})


def program(tool: Simulator, design: Design) -> str:
    """Return the name of the file that :func:`build_commands` makes and :func:`run_command` runs."""
    return design.top if tool.name == "verilator" else "simulation.vvp"


def waveforms(design: Design) -> str:
    """Return the name of the file that a simulation with waveforms writes."""
    assert design.waves
    return f"{_DUMP}.fst"


def build_commands(tool: Simulator, design: Design) -> list[list[str]]:
    """Return the commands that compile the design, in order."""
    sources = list(design.sources_in_order)
    made = program(tool, design)
    if tool.name == "icarus":
        dump = ["-s", _DUMP, f"{_DUMP}.v"] if design.waves else []
        return [["iverilog", "-o", made, "-s", design.top, "-g2012", "-f", _OPTIONS, *dump, *sources]]
    verilator = [str(tool.path), *_VERILATOR_BUILD, "-Mdir", ".", "--prefix", "Vtop", "--top-module", design.top]
    verilator += ["--coverage-line", "--coverage-toggle"] if design.coverage else []
    verilator += ["-o", made, "-LDFLAGS", _LINKING, *(["--trace", "--trace-fst"] if design.waves else [])]
    # With -O1, the compilation is a quarter faster than with -O2, and the simulation is a tenth slower.
    optimized = "-O1" if design.long else "-O0"
    compilers = min(_MOST_COMPILERS, os.cpu_count() or 1)
    make = ["make", "-j", str(compilers), "-f", "Vtop.mk", f"VM_TRACE={int(design.waves)}"]
    header = []
    if "OBJCACHE" in tool.environment and not design.long:
        header = [[*make, f"VM_USER_CFLAGS={optimized}", f"{_INCLUDED}.gch"]]
        optimized += f" -include {_INCLUDED}"
    verilator += [*(() if design.long else _VERILATOR_SHORT), "-CFLAGS", optimized, _MAIN, *sources]
    return [verilator, *header, make]


def run_command(tool: Simulator, design: Design) -> list[str]:
    """Return the command that simulates the design."""
    made = program(tool, design)
    if tool.name == "icarus":
        module = config.lib_entry("vpi", "icarus")
        return ["vvp", "-m", module, made, "-fst" if design.waves else "-none"]
    return [f"./{made}", *(["--trace"] if design.waves else [])]
