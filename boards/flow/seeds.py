"""A design placed and routed with several seeds at once, and the best of what came out."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Lock

from ceprop.boards.flow.bitstream import Design, PreparedDesign, prepare
from ceprop.boards.flow.build_record import Build, TriedSeed
from ceprop.boards.flow.implement import Progress
from ceprop.boards.flow.synthesis import Synthesis
from ceprop.common.errors import CepropError
from ceprop.common.processes import in_parallel


def make_bitstream(design: Design, folder: Path, *, seeds: Sequence[int], jobs: int, progress: Progress) -> Build:
    """Make a design's bitstream with each of the seeds, at most `jobs` at once, and return the best one, whether it
    meets its clocks or not. Its `tried` has all of them.

    The best one meets all clocks, and has the largest slack of its slowest clock; of equal ones it is the first.
    Everything is kept below `folder`: what an earlier call has finished is taken from there, also where that call was
    interrupted, and another seed begins at the netlist.

    Raises :class:`CepropError` where the design does not fit, a tool is missing, or no seed could be routed."""
    prepared = prepare(design, folder, progress)
    found: dict[int, Build | CepropError] = {
        seed: build for seed in seeds if (build := prepared.kept(seed)) is not None
    }
    missing = [seed for seed in seeds if seed not in found]
    if missing:
        progress("synthesizing")
        synthesis = prepared.synthesis()
        found |= zip(missing, _routed(prepared, synthesis, missing, jobs, progress), strict=True)
    builds = [build for seed in seeds if isinstance(build := found[seed], Build)]
    if not builds:
        raise next(error for seed in seeds if isinstance(error := found[seed], CepropError))
    best = max(builds, key=lambda build: (build.met, build.slack_ns))
    return replace(best, tried=[_tried(design, seed, found[seed]) for seed in seeds])


def _routed(
    prepared: PreparedDesign, synthesis: Synthesis, seeds: Sequence[int], jobs: int, progress: Progress
) -> list[Build | CepropError]:
    """What comes of each seed."""
    done, lock = 0, Lock()

    def route(seed: int) -> Callable[[], Build | CepropError]:
        def routed() -> Build | CepropError:
            nonlocal done
            try:
                found = prepared.routed(seed, synthesis)
            except CepropError as error:
                found = error
            with lock:
                done += 1
                progress(_stage(done, len(seeds)))
            return found

        return routed

    progress(_stage(0, len(seeds)))
    return in_parallel([route(seed) for seed in seeds], jobs)


def _stage(done: int, seeds: int) -> str:
    return "placing and routing" + (f", {done} of {seeds} seeds done" if seeds > 1 else "")


def _tried(design: Design, seed: int, found: Build | CepropError) -> TriedSeed:
    asked = (seed, design.clock_hz, design.core_clock_hz)
    if isinstance(found, CepropError):
        return TriedSeed(*asked, {}, None, None, False, str(found))
    return TriedSeed(*asked, found.clocks, round(found.slack_ns, 3), found.routing_seconds, found.met)
