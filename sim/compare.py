"""The comparison of a generated core with the golden model: the core is generated, built for a simulator, and run by
the testbench."""

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from ceprop.common.errors import CepropError
from ceprop.common.paths import StrPath
from ceprop.common.scratch import private_folder
from ceprop.hdl import generate
from ceprop.hdl.export import GeneratedCore
from ceprop.model import Dataset, Network, Purpose, Stream, epoch_order, epoch_signs, load_dataset
from ceprop.sim.cells import simulation_sources
from ceprop.sim.commands import Design
from ceprop.sim.job import PROGRESS, VARIABLE, Job, Outcome
from ceprop.sim.plan import ComparisonPlan
from ceprop.sim.run import Bench, simulate
from ceprop.sim.simulators import find_simulator
from ceprop.specification import Specification

_generate = lru_cache(maxsize=4)(generate)
"""Generating takes seconds, and the same core is often compared several times, for example with initial and with
trained weights, and with and without learning."""

_FEW = 100
"""A simulation of this number of samples ends sooner if it is compiled without optimisation. For the digits network on
the array that suits it, optimisation takes 25 seconds of processor time more and saves 0.14 seconds per sample."""


@dataclass(frozen=True)
class Comparison:
    """The result of a comparison: what was compared, and what differed.

    Fields
    ------
    samples_compared, steps_compared, states_compared, weights_compared : int
        The numbers of compared samples, steps, states, and weights with biases.
    mismatches : int
        The number of values that differed. The run ends with the first sample that differs.
    first_mismatch : str or None
        Sample, step, layer, unit, both values, the seed and the command of the first difference.
    weights_sha256 : str
        The digest of the weights in the memories of the core.
    training_errors : int
        The number of wrong predictions made before learning from the sample.
    cycles, counters : int, dict
        The values of the core's own counters.
    followed_samples : int
        The number of samples that had arrived before the result of the previous sample.
    elapsed_cycles : int
        The cycles of these samples, from result to result, measured with the clock of the testbench.
    build_seconds, seconds : float
        The time to build the simulation, and the time of the whole comparison.
    cycles_per_second : float
        Simulated clock cycles per second.
    """

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
    specification: Specification | StrPath,
    dataset: Dataset | StrPath = "digits",
    plan: ComparisonPlan | None = None,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> Comparison:
    """Simulate the specification's core while it learns, and compare it bit for bit with the golden model.

    Parameters
    ----------
    specification : Specification or path
        The specification of the core and the model, or the path of its TOML file.
    dataset : Dataset, str or Path
        Samples that were quantised for the specification, or the name of a data set for
        :func:`ceprop.model.load_dataset`, which is `digits` or a folder with the files of MNIST.
    plan : ComparisonPlan or None
        What is compared, and on which simulator. None stands for the defaults.
    progress : callable or None
        A function that is called twice per second with the number of samples compared so far and the number of all
        samples.

    Raises
    ------
    CepropError
        A tool or the data is missing, or the simulator fails. A difference is not an error. It is reported in the
        :class:`Comparison`.
    """
    plan = plan or ComparisonPlan()
    if not isinstance(specification, Specification):
        specification = Specification.load(specification)
    if not isinstance(dataset, Dataset):
        dataset = load_dataset(specification, os.fspath(dataset))
    find_simulator(plan.simulator, plan.wave_file is not None)  # before anything is generated
    specification = specification.override(f"array.trace={str(plan.trace).lower()}")
    # A specification is frozen, so pydantic makes it hashable.
    core = _generate(specification, plan.primitives, checks=plan.checks)  # pyright: ignore[reportArgumentType]
    return compare_core(specification, dataset, plan, core, simulation_sources(plan.primitives), progress=progress)


def compare_core(
    specification: Specification,
    dataset: Dataset,
    plan: ComparisonPlan,
    core: GeneratedCore,
    models: Mapping[str, str],
    *,
    progress: Callable[[int, int], None] | None = None,
) -> Comparison:
    """Simulate a core that is already there, and compare it as :func:`compare` does.

    `core` was generated from `specification`, with its trace and its checks. Its Verilog may be a netlist of the same
    ports. `models` are the models of the cells that this Verilog instantiates, by file name.

    Raises :class:`CepropError` where the simulator is missing or fails, and where the module has other ports.
    """
    tool = find_simulator(plan.simulator, plan.wave_file is not None)
    design = Design(core.top, core.verilog, models, waves=plan.wave_file is not None, long=plan.samples > _FEW)
    bench = "ceprop.sim.bench_core"
    with private_folder() as place:
        job_of(specification, core.manifest, dataset, plan).save(place)
        with _watched(place / PROGRESS, plan.samples, progress):
            build_seconds, seconds = simulate(
                tool, design, Bench(bench, {VARIABLE: str(place)}), place, plan.build_folder, plan.wave_file
            )
        outcome = Outcome.load(place)
    if outcome.unfit is not None:
        raise CepropError(f"module {core.top}: {outcome.unfit}")
    return comparison_of(outcome, specification, plan, build_seconds, seconds)


def job_of(specification: Specification, manifest: dict[str, Any], dataset: Dataset, plan: ComparisonPlan) -> Job:
    """Return the samples and conditions of a plan, for a core with this manifest."""
    fault = Stream(specification.seed, Purpose.FAULT, 1).below(plan.samples) if plan.flip_weight_bit else None
    return Job(
        specification=specification,
        manifest=manifest,
        network=plan.network or Network.initial(specification),
        **_sequence(specification, dataset, plan),
        learn=plan.learn,
        skip=plan.skip,
        read_every=plan.read_every,
        fault=fault,
        interruptions=plan.interruptions,
        rewrites=plan.rewrites,
        pauses=plan.pauses,
    )


def _sequence(specification: Specification, dataset: Dataset, plan: ComparisonPlan) -> dict[str, np.ndarray]:
    """Return the next samples of a training run, over as many epochs as they take."""
    count = len(dataset.train_labels)
    parts: dict[str, list[np.ndarray]] = {name: [] for name in ("order", "epochs", "negatives")}
    epoch, sample, samples = plan.epoch, plan.sample, plan.samples
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


def comparison_of(
    outcome: Outcome, specification: Specification, plan: ComparisonPlan, build_seconds: float, seconds: float
) -> Comparison:
    """Return the result of a comparison from its outcome, and from the seconds for building and for running."""
    first = outcome.first_mismatch
    return Comparison(
        samples_compared=outcome.samples,
        steps_compared=outcome.steps,
        states_compared=int(outcome.states),
        weights_compared=int(outcome.weights),
        mismatches=outcome.mismatches,
        first_mismatch=first and f"{first} (seed {specification.seed}; {plan.command})",
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


@contextmanager
def _watched(file: Path, total: int, progress: Callable[[int, int], None] | None) -> Iterator[None]:
    """Call `progress` twice per second with the number that the testbench writes into `file`."""
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
