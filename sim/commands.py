"""How a design is compiled and simulated with cocotb, as commands for a folder in which every name is relative.

So no path of the user's reaches `make`, a compiler or a simulator, and the same design always gives the same commands.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cocotb_tools import config

from ceprop.sim.simulators import Simulator

_COCOTB, _VERILATOR, _MAIN = "cocotb", "verilator", "main.cpp"
"""Links to cocotb's libraries, to Verilator, and to the main program that cocotb brings for it."""

# What cocotb's own runner makes public is every signal, so that nothing can be optimised away: an 8x8 array then
# compiles for minutes and runs at 40 % of the speed. The testbenches use the top's ports only. Lint is a step of its
# own (lint.py): its warnings must not stop a simulation.
_VERILATOR_BUILD = ("-cc", "--exe", "--vpi", "--public-depth", "1", "-Wno-fatal", "--timescale", "1ns/1ps")
# The folder in which it runs has the link; so the program runs in every such folder.
_LINKING = f"-Wl,-rpath,{_COCOTB} -L{_COCOTB} -lcocotbvpi_verilator"
# A few samples take less time than the compiler: one file of C++ with -O0 takes it a third of what several take with
# -O1, most of which goes into reading the same headers again.
_VERILATOR_SHORT = ("--output-split", "0", "-CFLAGS", "-O0")
# -O1 compiles a quarter faster than -O2 and simulates a tenth slower.
_VERILATOR_LONG = ("-CFLAGS", "-O1")
_MOST_COMPILERS = 4

_OPTIONS = "options.f"
_DUMP = "dump"


@dataclass(frozen=True)
class Design:
    """Verilog to simulate: the module `top`, and by file name what it needs besides; whether waveforms (FST) are
    written, and whether the simulation takes longer than the compiler."""

    top: str
    verilog: str
    sources: Mapping[str, str] = field(default_factory=dict)
    waves: bool = False
    long: bool = False

    @property
    def sources_in_order(self) -> dict[str, str]:
        """All Verilog, by file name."""
        return {f"{self.top}.v": self.verilog, **self.sources}


def files(tool: Simulator, design: Design) -> dict[str, str]:
    """What must be in the folder, by file name."""
    if tool.name == "verilator":
        return design.sources_in_order
    waves = f'$dumpfile("{_DUMP}.fst"); $dumpvars(0, {design.top});'
    dump = {f"{_DUMP}.v": f"module {_DUMP}; initial begin {waves} end endmodule\n"} if design.waves else {}
    return design.sources_in_order | {_OPTIONS: "+timescale+1ns/1ps\n"} | dump


def links(tool: Simulator) -> dict[str, Path]:
    """Symbolic links that must be in the folder."""
    if tool.name != "verilator":
        return {}
    main = config.share_dir / "lib" / "verilator" / "verilator.cpp"
    return {_COCOTB: config.libs_dir, _MAIN: main} | verilator_links(tool)


def verilator_links(tool: Simulator) -> dict[str, Path]:
    """Those that Verilator needs by itself, without cocotb."""
    return {_VERILATOR: tool.root} if tool.root else {}


def environment(tool: Simulator) -> dict[str, str]:
    """What the commands of :func:`build_commands` need in their environment."""
    return tool.environment | ({"VERILATOR_ROOT": _VERILATOR} if tool.root else {})


def program(tool: Simulator, design: Design) -> str:
    """The file that :func:`build_commands` make and :func:`run_command` runs."""
    return design.top if tool.name == "verilator" else "simulation.vvp"


def waveforms(design: Design) -> str:
    """The file that a simulation with waveforms writes."""
    assert design.waves
    return f"{_DUMP}.fst"


def build_commands(tool: Simulator, design: Design) -> list[list[str]]:
    """What compiles the design, in order."""
    sources = list(design.sources_in_order)
    made = program(tool, design)
    if tool.name == "icarus":
        dump = ["-s", _DUMP, f"{_DUMP}.v"] if design.waves else []
        return [["iverilog", "-o", made, "-s", design.top, "-g2012", "-f", _OPTIONS, *dump, *sources]]
    verilator = [str(tool.path), *_VERILATOR_BUILD, "-Mdir", ".", "--prefix", "Vtop", "--top-module", design.top]
    verilator += ["-o", made, "-LDFLAGS", _LINKING, *(["--trace", "--trace-fst"] if design.waves else [])]
    verilator += [*(_VERILATOR_LONG if design.long else _VERILATOR_SHORT), _MAIN, *sources]
    compilers = min(_MOST_COMPILERS, os.cpu_count() or 1)
    return [verilator, ["make", "-j", str(compilers), "-f", "Vtop.mk", f"VM_TRACE={int(design.waves)}"]]


def run_command(tool: Simulator, design: Design) -> list[str]:
    """What simulates it."""
    made = program(tool, design)
    if tool.name == "icarus":
        module = config.lib_entry("vpi", "icarus")
        return ["vvp", "-m", module, made, "-fst" if design.waves else "-none"]
    return [f"./{made}", *(["--trace"] if design.waves else [])]
