"""One comparison whose coverage is counted, in Verilator."""

import json
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from ceprop.common.errors import CepropError
from ceprop.common.kept_files import keep, kept, key_of
from ceprop.common.scratch import private_folder
from ceprop.hdl import generate
from ceprop.sim import find_simulator
from ceprop.sim.commands import COVERAGE, Design
from ceprop.sim.compare import job_of
from ceprop.sim.job import PROGRESS, VARIABLE, Outcome
from ceprop.sim.run import Bench, simulate
from ceprop.verification.coverage.constants import constant_bits
from ceprop.verification.coverage.hardware import HardwareCoverage, Place, hardware_coverage
from ceprop.verification.coverage.runs import Run
from ceprop.verification.kept import digest_of, package_sources, tool_versions

BINS = "bins.json"
"""The file into which the testbench writes the counts of the bins."""

_BENCH = "ceprop.verification.coverage.bench"


_generate = lru_cache(maxsize=1)(partial(generate, lines=True))
_constant_bits = lru_cache(maxsize=1)(constant_bits)
"""Both take seconds, and the comparisons of one core follow each other."""


@dataclass(frozen=True)
class CoveredRun:
    """What one comparison has covered.

    Fields
    ------
    counts : dict
        How many samples have filled a bin, by point and bin.
    hardware : dict
        How often Verilator has counted a place of the hardware, by place (:data:`HardwareCoverage`).
    samples, states, cycles : int
        The compared samples and states, and the cycles of the core.
    """

    counts: dict[str, dict[str, int]]
    hardware: HardwareCoverage
    samples: int
    states: int
    cycles: int


def sources_digest() -> str:
    """Return the digest of the sources and tools on which the result of a run depends, apart from the run itself."""
    apart = tuple(f"verification/coverage/{name}.py" for name in ("runs", "reasons", "summary"))
    return digest_of(((name, text) for name, text in package_sources() if name not in apart), tool_versions())


def run_covered(run: Run, build: Path, digest: str) -> CoveredRun:
    """Compare a core with the golden model, and count what is covered. `build` keeps the result and the compiled
    simulation. The result is used again under the same `digest` (:func:`sources_digest`).

    Raises :class:`CepropError` where the simulator is missing or fails, and where the core differs from the model.
    """
    key = key_of(run.key, digest)
    path = build / f"{key[:16]}.json"
    content = kept(path, key)
    if content is None:
        content = json.dumps(_compared(run, build)).encode()
        build.mkdir(parents=True, exist_ok=True)
        keep(path, key, content)
    fields: dict[str, Any] = json.loads(content)
    hardware = {Place(*place): count for *place, count in fields.pop("hardware")}
    return CoveredRun(hardware=hardware, **fields)


def _compared(run: Run, build: Path) -> dict[str, Any]:
    """Make the comparison, and return the fields of the result in plain types."""
    specification = run.specification.override("array.trace=true")
    # A specification is frozen, so pydantic makes it hashable.
    core, plan = _generate(specification), run.plan(build)  # pyright: ignore[reportArgumentType]
    tool = find_simulator(plan.simulator)
    with private_folder() as place:
        job_of(specification, core.manifest, run.dataset, plan).save(place)
        (place / PROGRESS).write_text("0")
        design = Design(core.top, core.verilog, coverage=True)
        simulate(tool, design, Bench(_BENCH, {VARIABLE: str(place)}), place, plan.build_folder)
        outcome = Outcome.load(place)
        if outcome.first_mismatch or outcome.samples < plan.samples:
            raise CepropError(f"{run.name}: {outcome.first_mismatch or 'the simulation ended early'}")
        counts = json.loads((place / BINS).read_text(encoding="utf-8"))
        counted = (place / COVERAGE).read_text(encoding="utf-8")
        hardware = hardware_coverage(core.verilog, counted, _constant_bits(core.verilog, core.top))
    return {
        "counts": counts,
        "hardware": [[place.file, place.kind, place.name, count] for place, count in sorted(hardware.items())],
        "samples": outcome.samples,
        "states": int(outcome.states),
        "cycles": outcome.cycles,
    }
