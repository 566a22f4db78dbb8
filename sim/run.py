"""The steps that all testbenches share: Verilog is built for a simulator, and a cocotb testbench runs on it."""

import os
import platform
import secrets
import shutil
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from xml.etree import ElementTree

from cocotb_tools import config
from cocotb_tools.check_results import get_results
from find_libpython import find_libpython

from ceprop.common.errors import CepropError
from ceprop.common.files import write_aside
from ceprop.common.kept_files import keep, kept, key_of
from ceprop.common.processes import run_to_end
from ceprop.sim import commands
from ceprop.sim.commands import Design
from ceprop.sim.simulators import Simulator

_BUILD_LOG = "build.log"
_RUN_LOG = "simulation.log"
_RESULTS = "results.xml"


class FailedBenchError(CepropError):
    """A testbench ran to its end and has found a difference. The message tells which."""


@dataclass(frozen=True)
class Bench:
    """A module with cocotb tests, and the variables that are added to the environment in which they run."""

    module: str
    variables: Mapping[str, str] = field(default_factory=dict)


def simulate(
    tool: Simulator, design: Design, bench: Bench, place: Path, build: Path | None, waves: Path | None = None
) -> tuple[float, float]:
    """Run a bench on a design. Returns the seconds for building and for running.

    All files are in `place`, a private folder (:func:`ceprop.common.scratch.private_folder`), which also holds the
    files of the bench. The folder `build` keeps the compiled simulation for the next run of the same design, and a log
    if something fails. `waves` is the file for waveforms (FST). Raises :class:`CepropError` with the name of the log if
    the simulator or a test fails.
    """
    started = time.perf_counter()
    _build(tool, design, place, build)
    built = time.perf_counter()
    _run(tool, design, bench, place, build)
    finished = time.perf_counter()
    if waves is not None:
        _deliver(place / commands.waveforms(design), waves)
    return built - started, finished - built


def _build(tool: Simulator, design: Design, place: Path, build: Path | None) -> None:
    """Compile the design in `place`, or take the simulation that was compiled before."""
    sources, compiling = commands.files(tool, design), commands.build_commands(tool, design)
    for name, target in commands.links(tool).items():
        (place / name).symlink_to(target)
    program = place / commands.program(tool, design)
    key = key_of(sources, compiling[0][1:], tool.version, version("cocotb"), platform.machine())
    stored = build and build / f"{design.top}-{tool.name}-{key[:16]}.simulation"
    found = stored and kept(stored, key)
    if found is None:
        _compile(tool, design.top, sources, compiling, place, build)
        if stored is not None:
            keep(stored, key, program.read_bytes())
    else:
        program.write_bytes(found)
        program.chmod(0o700)


def _compile(
    tool: Simulator, top: str, sources: Mapping[str, str], compiling: list[list[str]], place: Path, build: Path | None
) -> None:
    """Compile the design in `place`."""
    for name, verilog in sources.items():
        (place / name).write_text(verilog, encoding="utf-8")
    environment = os.environ | commands.environment(tool)
    path = place / _BUILD_LOG
    with path.open("wb") as log:
        for command in compiling:
            if run_to_end(command, folder=place, environment=environment, output=log):
                raise CepropError(f"{tool.name} could not build {top}: {_first_error(path)}{_see(path, build)}")


def _run(tool: Simulator, design: Design, bench: Bench, place: Path, build: Path | None) -> None:
    """Run the compiled simulation in `place`."""
    path = place / _RUN_LOG
    with path.open("wb") as log:
        environment = os.environ | _environment(tool, design, bench)
        code = run_to_end(commands.run_command(tool, design), folder=place, environment=environment, output=log)
    try:
        tests, failed = get_results(place / _RESULTS)
    except (RuntimeError, ElementTree.ParseError):
        raise CepropError(f"{tool.name} failed, exit code {code}: {_reason(path)}{_see(path, build)}") from None
    if failed or not tests or code:
        what = f"{failed} of {tests} tests of {bench.module} failed on {tool.name}"
        kind = FailedBenchError if failed else CepropError
        raise kind(f"{what}: {_reason(path)}{_see(path, build)}")


def _deliver(made: Path, target: Path) -> None:
    """Copy waveforms, which may be larger than the main memory, to `target`. The file at `target` is always
    complete."""
    aside = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with made.open("rb") as source, aside.open("xb") as copy:
                shutil.copyfileobj(source, copy)
            aside.replace(target)
        finally:
            aside.unlink(missing_ok=True)
    except OSError as error:
        raise CepropError(f"cannot write {target}: {error.strerror}") from None


def _environment(tool: Simulator, design: Design, bench: Bench) -> dict[str, str]:
    """Return the environment variables that cocotb reads in the simulator."""
    python = find_libpython()
    # `find_simulator` has already found this library.
    assert python is not None
    return {
        "PYTHONPATH": os.pathsep.join(str(Path(path).absolute()) for path in sys.path if path),
        "PYGPI_PYTHON_BIN": sys.executable,
        "GPI_USERS": f"{python};{config.pygpi_entry_point()}",
        "COCOTB_TOPLEVEL": design.top,
        "COCOTB_TEST_MODULES": bench.module,
        "COCOTB_RESULTS_FILE": _RESULTS,
        "TOPLEVEL_LANG": "verilog",
        # Otherwise cocotb would compile every module again, so that pytest can show the values in assertions. This
        # would take longer than most benches.
        "COCOTB_REWRITE_ASSERTION_FILES": "",
        # Verilator takes a value when cocotb writes it. With other simulators, cocotb waits for the end of the step.
        **({"COCOTB_TRUST_INERTIAL_WRITES": "1"} if tool.name == "verilator" else {}),
        **bench.variables,
    }


def _reason(log: Path) -> str:
    """Return the last line of the traceback of a test or what ended the simulator, or the last line of the log if it
    has neither."""
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines()]
    errors = [
        line
        for line in lines
        # Verilator says where it stopped after it has said why.
        if line.partition(":")[0].endswith(("Error", "Exception", "FATAL", "%Fatal")) and not line.endswith("$stop")
    ]
    return next(filter(None, [*errors[::-1], *lines[::-1]]), "no reason given")


def _first_error(log: Path) -> str:
    """Return the first error message of a compiler."""
    lines = log.read_text(errors="replace").splitlines()
    return next((line.strip() for line in lines if "error" in line.lower()), "no reason given")


def _see(log: Path, build: Path | None) -> str:
    """Return a reference to the kept log, or an empty text if no folder keeps it."""
    if build is None:
        return ""
    write_aside(build / log.name, log.read_bytes())
    return f" (see {build / log.name})"
