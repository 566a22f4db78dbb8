"""Compiles a board's top level, with the clock, line and flash of `cpp/` around it, into a program; once for each."""

import os
from pathlib import Path

from ceprop.common.errors import CepropError
from ceprop.common.files import write_aside
from ceprop.common.kept_files import keep, kept, key_of
from ceprop.common.processes import run_to_end
from ceprop.common.scratch import private_folder
from ceprop.sim.commands import environment, verilator_links
from ceprop.sim.simulators import Simulator, find_simulator

_CPP = Path(__file__).parent / "cpp"
_PROGRAM = "board"
_MAIN = "main.cpp"

LINES = {"uart": "Uart", "spi": "Spi", "axi4-stream": "AxiStream", "wishbone": "Wishbone", "progress": "ProgressLine"}
"""The host's end of each transport, a class in C++."""

# Measured on a 4x4 array: C++ with -O2, -O3 or -Os runs at most 4 % faster than with -O1 and compiles for half as long
# again; -O0 runs at 40 %. The slow part is code that runs once. Memories without contents come up as zeros.
_ARGUMENTS = (
    *("--cc", "--exe", "--build", "-j", "0", "--prefix", "System", "-o", _PROGRAM, "--Mdir", "."),
    *("-Wno-fatal", "-Wno-lint", "-Wno-style", "--noassert", "--x-assign", "fast", "--x-initial", "fast"),
    *("-MAKEFLAGS", "OPT_FAST=-O1 OPT_SLOW=-O0 OPT_GLOBAL=-O1"),
)
# A small board is one file of C++. The compiler then reads the headers only once, which saves half of the time. The
# files of a larger board are compiled beside each other.
_SMALL = 1_000_000
"""Characters of Verilog. A board with 4x4 cells and checks has 1,250,000, and then the two ways take as long."""
_ONE_FILE = ("--output-split", "0")

_MOST_SECONDS = 3600
"""Seconds for a compiler: the largest array takes some minutes."""


def build_executable(
    verilog: str,
    top: str,
    folder: Path,
    *,
    transport: str = "uart",
    flash_lines: int = 0,
    own_core_clock: bool = False,
    checks: bool = False,
    main: Path = _CPP / "board.cpp",
) -> bytes:
    """The program of a board: `verilog` with the module `top`, whose ports are those of
    :class:`ceprop.boards.rtl.system.System` with a `transport` of `LINES`, with the flash's where `flash_lines` is not
    0, with a clock for the core where `own_core_clock` is set, and with the output `violations` of
    :mod:`ceprop.hdl.checks` where `checks` is set. `main` is the program that runs it.

    It is kept in `folder` under a digest of all that it is made from, and taken from there only while it is whole.
    Raises :class:`CepropError` where Verilator is missing or fails."""
    tool = find_simulator("verilator")
    # No options of the compiler, so that Verilator's runtime is compiled alike for every board, and ccache keeps it.
    defined = [f"BOARD_LINE {LINES[transport]}"]
    defined += ["BOARD_HAS_FLASH", f"BOARD_FLASH_LINES {flash_lines}"] * bool(flash_lines)
    defined += ["BOARD_HAS_CORE_CLOCK"] * own_core_clock + ["BOARD_HAS_CHECKS"] * checks
    arguments = [*_ARGUMENTS, *(_ONE_FILE if len(verilog) <= _SMALL else ()), "--top-module", top, _MAIN]
    sources = {path.name: path.read_text(encoding="utf-8") for path in [*sorted(_CPP.iterdir()), main]}
    sources[_MAIN] = "".join(f"#define {name}\n" for name in defined) + f'#include "{main.name}"\n'
    sources["top.v"] = verilog
    key = key_of(sources, arguments, tool.version, os.uname().machine)
    path = folder / f"board-{key[:16]}"
    program = kept(path, key)
    if program is None:
        program = _compile(tool, sources, arguments, top, path.with_suffix(".log"))
        keep(path, key, program)
    return program


def _compile(tool: Simulator, sources: dict[str, str], arguments: list[str], top: str, log: Path) -> bytes:
    with private_folder() as place, (place / "log").open("wb+") as output:
        for name, target in verilator_links(tool).items():
            (place / name).symlink_to(target)
        for name, text in sources.items():
            (place / name).write_text(text, encoding="utf-8")
        command = [str(tool.path), *arguments, "top.v"]
        whole = os.environ | environment(tool)
        if run_to_end(command, folder=place, environment=whole, output=output, seconds=_MOST_SECONDS):
            write_aside(log, (place / "log").read_bytes())
            raise CepropError(f"verilator could not build {top}: see {log}")
        return (place / _PROGRAM).read_bytes()
