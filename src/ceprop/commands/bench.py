"""`ceprop bench`: the speed of cores, of the float reference, and its growth."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ceprop.commands.default_group import DefaultGroup
from ceprop.commands.options import board_option, data_option, json_option, seeds_option_from, specification_options
from ceprop.commands.types import EPOCHS, OUTPUT_FOLDER, SAMPLES
from ceprop.common.report import Report, percent
from ceprop.specification import Specification

if TYPE_CHECKING:
    from ceprop.performance.core_bench import CoreBench

_PLACEMENTS = {"ice40": 6, "ecp5": 1}
"""Seeds of place and route, by family. On a device that is nearly full, the clocks of two seeds differ by a tenth."""


@click.group(cls=DefaultGroup, default="core", short_help="Measure speeds, each beside a comparison.")
def bench() -> None:
    """Measure speeds. Each is shown with a comparison that was measured in the same run.

    `ceprop bench SPEC --board B` is short for `ceprop bench core SPEC --board B`.
    """


@bench.command(short_help="Measure how fast the hardware of SPEC learns.")
@specification_options
@board_option
@data_option
@click.option(
    "--samples",
    type=click.IntRange(2, SAMPLES.max),
    default=500,
    show_default=True,
    metavar="N",
    help="Samples of each simulated run.",
)
@click.option(
    "--epochs",
    type=click.IntRange(0, EPOCHS.max),
    default=15,
    show_default=True,
    metavar="N",
    help="Epochs before the golden model's test error is measured; 0 leaves the test error out.",
)
@seeds_option_from("1,2,3", "Seeds of the golden model's test error.")
@click.option(
    "--placements",
    type=click.IntRange(1, 1000),
    metavar="N",
    help="Seeds of place and route; the fastest result counts. The default is 6 on iCE40 and 1 elsewhere.",
)
@click.option(
    "--build",
    type=OUTPUT_FOLDER,
    default=Path("build/bench"),
    show_default=True,
    metavar="DIR",
    help="Folder that keeps measurements, training and routing. What did not change is taken from there.",
)
@json_option
def core(
    specification: Specification,
    board: str,
    data: str,
    samples: int,
    epochs: int,
    seeds: tuple[int, ...],
    placements: int | None,
    build: Path,
    json_file: Path | None,
) -> int:
    """Measure how fast SPEC's core learns, alone and without a link.

    A rate is the clock of the routed core divided by the cycles of simulated samples.

    Four sets of samples run on the simulated core: the first of training, those after a whole epoch of the golden
    model, the same in inference only, and some without a zero pixel. All of them are compared with the golden model
    bit for bit. The clock is that of the core in a light wrapper after place and route. The exit code is 1 if anything
    differs.
    """
    from ceprop.boards import board as find_board
    from ceprop.boards import check_fit
    from ceprop.boards.resources.choose import specification_for
    from ceprop.performance.core_bench import Plan, bench_core
    from ceprop.sim.simulators import find_simulator
    from ceprop.specification import Geometry

    report = Report(json_file)
    target = find_board(board)
    specification = specification_for(specification, target)
    check_fit(Geometry(specification), target)
    find_simulator("verilator")
    placements = placements or _PLACEMENTS[target.device.family]
    plan = Plan(specification, target, data, samples, epochs, seeds, placements, build)
    result = bench_core(plan, report.progress)
    layers = "-".join(map(str, specification.layers))
    report.table(f"{specification.name}: {layers} on {board}", _stages(result), ["", *result.stages])
    report.table("other figures of the same run", _rows(result))
    values = result.as_dict()
    report.result(values)
    if result.mismatches:
        click.echo(f"ceprop: {values['first_mismatch']}", err=True)
        return 1
    return 0


def _stages(result: "CoreBench") -> list[list[str]]:
    """Return the rows of the table, with one column per stage."""
    names = list(result.stages)
    bounds = [result.limits(name) for name in names]

    def spread(low: float, high: float) -> str:
        return f"+- {(high - low) / 2:,.0f}"

    return [
        [
            "samples per second, core alone",
            *(f"{result.rate(name):,.0f} {spread(*result.rate_interval(name))}" for name in names),
        ],
        ["cycles per sample", *(f"{m.mean_cycles:,.0f} {spread(*m.interval)}" for m in result.stages.values())],
        ["multiplier occupancy", *(percent(bound.occupancy) for bound in bounds)],
        ["share of the physical limit", *(f"{percent(bound.ratio)} ({bound.tighter})" for bound in bounds)],
        ["samples compared", *(f"{m.samples:,}" for m in result.stages.values())],
        ["mismatches", *(f"{m.mismatches:,}" for m in result.stages.values())],
    ]


def _rows(result: "CoreBench") -> list[tuple[str, str]]:
    golden, dense, implementation = result.golden, result.dense_nudged, result.implementation
    room = implementation.available
    simulated = result.as_dict()["simulated_cycles_per_second"]
    seeds = "" if golden is None else ", ".join(f"{percent(error)} (seed {s})" for s, error in golden.errors.items())
    rows = [
        ("clock", f"{result.clock / 1e6:.1f} MHz"),
        *((name.replace("_", " "), f"{used:,} of {room[name]:,}") for name, used in implementation.resources.items()),
        (
            "occupancy when nudged, no zero pixel",
            f"{percent(dense.occupancy)} of at most {percent(dense.largest_occupancy)}",
        ),
        ("golden model", f"{result.golden_samples_per_second:,.0f} samples/s"),
        ("simulator", f"{simulated:,.0f} cycles/s"),
    ]
    if golden is not None:
        rows.append((f"test error after {golden.epochs} epochs", f"{percent(golden.mean)}: {seeds}"))
    return rows


@bench.command(short_help="Time the float reference beside a PyTorch loop.")
@click.option("--samples", type=SAMPLES, default=4000, show_default=True, metavar="N", help="Samples to learn from.")
@data_option
@json_option
def model(samples: int, data: str, json_file: Path | None) -> None:
    """Time the float reference and a plain PyTorch loop of the same equations, on one thread.

    The network is C-EP-1h of the paper. The verb needs PyTorch, which ceprop itself does not need: pip install torch.
    """
    from ceprop.experiments.reproduction import fitted
    from ceprop.model import load_images
    from ceprop.model.reference import PAPER_ROWS
    from ceprop.performance.model_bench import bench_model

    report = Report(json_file)
    images = load_images(data, seed=1)
    settings = fitted(PAPER_ROWS["c-ep-1h"].settings, images)
    with report.progress("learning with both") as advance:
        result = bench_model(settings, images, samples, advance)
    rows = [
        ("float reference", f"{result.reference_samples_per_second:,.0f} samples/s"),
        ("PyTorch loop", f"{result.pytorch_samples_per_second:,.0f} samples/s"),
        ("ratio", f"{result.ratio:.1f}"),
        ("largest difference of a weight", f"{result.largest_difference:.1e}"),
        ("peak memory of both", f"{result.peak_memory_bytes / 2**20:,.0f} MiB"),
    ]
    layers = "-".join(map(str, settings.layers))
    report.table(f"C-EP {layers}, batch {settings.batch}, T {settings.free_steps}, K {settings.nudged_steps}", rows)
    report.result({"data": images.name, "settings": settings.model_dump(), **asdict(result)})
