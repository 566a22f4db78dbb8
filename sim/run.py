"""Builds Verilog for a simulator and runs a cocotb testbench on it: what every testbench here shares."""

import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from cocotb_tools.check_results import get_results
from cocotb_tools.runner import Runner, get_runner

from ceprop.errors import CepropError
from ceprop.files import write_aside
from ceprop.sim.simulators import Simulator

TIMESCALE = ("1ns", "1ps")


def simulate(
    tool: Simulator,
    verilog: str,
    top: str,
    bench: str,
    folder: Path,
    *,
    sources: Mapping[str, str] | None = None,
    variables: Mapping[str, str] | None = None,
    waves: Path | None = None,
    long: bool = False,
) -> tuple[float, float]:
    """Run the cocotb tests of the module `bench` on the module `top`; seconds of building and of running.

    `folder` keeps the simulator's files, so that unchanged Verilog is not built again; `sources` is Verilog that `top`
    needs besides, by file name; `variables` are added to the environment; `waves` is where waveforms (FST) go; `long`
    says that the run takes longer than the build. Raises :class:`CepropError` naming the log where the simulator fails
    or a test does."""
    folder.mkdir(parents=True, exist_ok=True)
    runner = get_runner(tool.name)
    # Where the runner sees pytest it exits on a failed test, and the reason is lost; cocotb compiles every module anew
    # for pytest's way of showing assertions, which takes longer than most benches.
    own = {
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "PYTEST_CURRENT_TEST": "",
        "COCOTB_REWRITE_ASSERTION_FILES": "",
    }
    arguments = [
        *tool.build_arguments,
        *(tool.wave_arguments if waves else ()),
        *(tool.long_arguments if long else tool.short_arguments),
    ]
    with _environment(tool.environment | own | dict(variables or {})):
        started = time.perf_counter()
        _build(runner, tool, {f"{top}.v": verilog} | dict(sources or {}), top, folder, arguments, waves is not None)
        built = time.perf_counter()
        _test(runner, tool, top, bench, folder, waves is not None)
        finished = time.perf_counter()
    if waves is not None:
        waves.parent.mkdir(parents=True, exist_ok=True)
        (folder / ("dump.fst" if tool.name == "verilator" else f"{top}.fst")).replace(waves)
    return built - started, finished - built


def _build(
    runner: Runner,
    tool: Simulator,
    sources: Mapping[str, str],
    top: str,
    folder: Path,
    arguments: Sequence[str],
    waves: bool,
) -> None:
    for name, verilog in sources.items():
        source = folder / name
        if not source.exists() or source.read_text() != verilog:
            write_aside(source, verilog.encode())
    log = folder / "build.log"
    try:
        runner.build(
            sources=[folder / name for name in sources],
            hdl_toplevel=top,
            build_dir=folder,
            build_args=arguments,
            timescale=TIMESCALE,
            waves=waves,
            log_file=log,
        )
    except (SystemExit, RuntimeError):
        raise CepropError(f"{tool.name} could not build {top}: see {log}") from None


def _test(runner: Runner, tool: Simulator, top: str, bench: str, folder: Path, waves: bool) -> None:
    log = folder / "simulation.log"
    try:
        results = runner.test(
            hdl_toplevel=top,
            test_module=bench,
            build_dir=folder,
            test_dir=folder,
            waves=waves,
            timescale=TIMESCALE,
            log_file=log,
        )
        tests, failed = get_results(results)
    except (SystemExit, RuntimeError):
        raise CepropError(f"{tool.name} failed: see {log}") from None
    if failed or not tests:
        raise CepropError(f"{failed} of {tests} tests of {bench} failed on {tool.name}: {_reason(log)} (see {log})")


def _reason(log: Path) -> str:
    """The last line of a test's traceback."""
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines()]
    errors = [line for line in lines if line.partition(":")[0].endswith(("Error", "Exception"))]
    return errors[-1] if errors else "no reason given"


@contextmanager
def _environment(added: Mapping[str, str]) -> Iterator[None]:
    """What the simulator needs, for the time of the run; cocotb's runner reads `os.environ`."""
    before = {name: os.environ.get(name) for name in added}
    os.environ.update(added)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
