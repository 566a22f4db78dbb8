"""Generates a core, builds it for a simulator, and lets the testbench hold it to the golden model."""

import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from ceprop.common.scratch import private_folder
from ceprop.hdl import generate
from ceprop.hdl.devices.primitives import PORTABLE, Primitives
from ceprop.model import Dataset, Network, Purpose, Stream, epoch_order, epoch_signs
from ceprop.sim.cells import simulation_sources
from ceprop.sim.commands import Design
from ceprop.sim.job import PROGRESS, VARIABLE, Job, Outcome
from ceprop.sim.run import Bench, simulate
from ceprop.sim.simulators import find_simulator
from ceprop.specification import Specification

_generate = lru_cache(maxsize=4)(generate)
"""It takes seconds, and the same core is often compared more than once: on fresh and on trained weights, with learning
and without."""

_FEW = 10
"""So many samples run for less time than it takes to build the simulation of a core."""


@dataclass(frozen=True)
class Comparison:
    """What was compared, and whether anything differed.

    `first_mismatch` names sample, step, layer, unit, both values, the seed and the command; `training_errors` counts
    wrong predictions before learning from the sample; `cycles` and `counters` are the core's own. `followed_samples`
    had arrived before the result of the one before: `elapsed_cycles`, from result to result, were measured on the
    clock."""

    samples_compared: int
    steps_compared: int
    states_compared: int
    weights_compared: int
    mismatches: int
    first_mismatch: str | None
    weights_sha256: str
    training_errors: int
    cycles: int
    counters: dict[str, int]
    followed_samples: int
    elapsed_cycles: int
    build_seconds: float
    seconds: float
    cycles_per_second: float


def compare(
    specification: Specification,
    dataset: Dataset,
    *,
    simulator: str,
    samples: int,
    build: Path | None,
    primitives: Primitives = PORTABLE,
    network: Network | None = None,
    epoch: int = 0,
    sample: int = 0,
    learn: bool = True,
    skip: bool = True,
    trace: bool = True,
    read_every: int = 1,
    waves: Path | None = None,
    plant_fault: str | None = None,
    interruptions: Sequence[int] | None = None,
    rewrites: Collection[int] = (),
    progress: Callable[[int, int], None] | None = None,
    command: str = "",
) -> Comparison:
    """Run `samples` training samples from a position on, on the core in a simulator and on the golden model.

    With `trace` the core gets a trace stream, through which every state after every step is compared; without it only
    the states at the end of a sample are. Memories are compared after every `read_every` samples; in between each
    sample is sent while the one before is at work. Without `skip` the core lists every unit and input and runs every
    step, to the same bits. `interruptions`, one a sample, are the cycles after which a reset breaks it off before it is
    shown again; while the samples in `rewrites` wait, weights are written (:class:`Job`). `primitives` is what the
    core's cells are made of. Starts from `network`, or the specification's initial one; the folder `build`, if
    there is one, keeps the compiled simulation for the next comparison of the same core, and logs where it fails;
    `waves` is where waveforms go. Comparisons in one folder do not disturb each other. Raises :class:`CepropError`
    where a tool is missing or the simulator fails."""
    tool = find_simulator(simulator, waves is not None)
    specification = specification.override(f"array.trace={str(trace).lower()}")
    core = _generate(specification, primitives, checks=True)  # pyright: ignore[reportArgumentType] (frozen: pydantic can hash it)
    design = Design(
        core.top, core.verilog, simulation_sources(primitives), waves=waves is not None, long=samples > _FEW
    )
    job = Job(
        specification=specification,
        manifest=core.manifest,
        network=network or Network.initial(specification),
        **_sequence(specification, dataset, epoch, sample, samples),
        learn=learn,
        skip=skip,
        read_every=read_every,
        fault=None if plant_fault is None else Stream(specification.seed, Purpose.FAULT, 1).below(samples),
        interruptions=interruptions,
        rewrites=rewrites,
    )
    with private_folder() as place:
        job.save(place)
        bench = Bench("ceprop.sim.bench_core", {VARIABLE: str(place)})
        with _watched(place / PROGRESS, samples, progress):
            build_seconds, seconds = simulate(tool, design, bench, place, build, waves)
        outcome = Outcome.load(place)
    first = outcome.first_mismatch
    return Comparison(
        samples_compared=outcome.samples,
        steps_compared=outcome.steps,
        states_compared=int(outcome.states),
        weights_compared=int(outcome.weights),
        mismatches=outcome.mismatches,
        first_mismatch=first and f"{first} (seed {specification.seed}; {command or 'ceprop sim'})",
        weights_sha256=outcome.weights_sha256,
        training_errors=outcome.errors,
        cycles=outcome.cycles,
        counters=outcome.counters,
        followed_samples=outcome.followed_samples,
        elapsed_cycles=outcome.elapsed_cycles,
        build_seconds=build_seconds,
        seconds=build_seconds + seconds,
        cycles_per_second=outcome.cycles / seconds,
    )


def _sequence(
    specification: Specification, dataset: Dataset, epoch: int, sample: int, samples: int
) -> dict[str, np.ndarray]:
    """The next samples of a training run, over as many epochs as they take."""
    count = len(dataset.train_labels)
    parts: dict[str, list[np.ndarray]] = {name: [] for name in ("order", "epochs", "negatives")}
    while samples > 0:
        here = slice(sample, min(count, sample + samples))
        order = epoch_order(specification, epoch, count)[here]
        parts["order"].append(order)
        parts["epochs"].append(np.full(len(order), epoch))
        parts["negatives"].append(epoch_signs(specification, epoch, count)[here])
        samples -= len(order)
        epoch, sample = epoch + 1, 0
    order = np.concatenate(parts["order"])
    return {
        "inputs": dataset.train_inputs[order],
        "labels": dataset.train_labels[order],
        "epochs": np.concatenate(parts["epochs"]),
        "negatives": np.concatenate(parts["negatives"]),
    }


@contextmanager
def _watched(file: Path, total: int, progress: Callable[[int, int], None] | None) -> Iterator[None]:
    """Tell `progress` what the testbench wrote into its file, twice a second."""
    file.write_text("0")
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.5):
            if progress is not None:
                progress(int(file.read_text() or 0), total)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
