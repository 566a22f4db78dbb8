"""`ceprop bench`: the speed of boards, of cores alone, of the float reference, and its growth."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from ceprop.commands.bench_tables import board_rows, core_rows, core_stages
from ceprop.commands.default_group import DefaultGroup
from ceprop.commands.options import board_option, data_option, json_option, seeds_option_from, specification_options
from ceprop.commands.types import EPOCHS, OUTPUT_FOLDER, SAMPLES, SAMPLES_OR_ALL
from ceprop.common.report import Report
from ceprop.specification import Specification

if TYPE_CHECKING:
    from ceprop.boards import Board

_CORE_PLACEMENTS = {"ice40": 6, "ecp5": 1}
"""Seeds of place and route of a core alone, by family. On a device that is nearly full, the clocks of two seeds differ
by a tenth."""


@click.group(cls=DefaultGroup, default="board", short_help="Measure speeds, each beside a comparison.")
def bench() -> None:
    """Measure speeds. Each is shown with a comparison that was measured in the same run.

    `ceprop bench SPEC --board B` is short for `ceprop bench board SPEC --board B`.
    """


@bench.command(short_help="Measure how fast a board with SPEC learns.")
@specification_options
@board_option
@data_option
@click.option(
    "--samples",
    type=SAMPLES_OR_ALL,
    default="500",
    show_default=True,
    metavar="N|all",
    help="Samples of the second epoch, or all of them; with --core-only those of each simulated run.",
)
@click.option(
    "--core-only", is_flag=True, help="Measure the core alone, without link and flash. No board reaches its rates."
)
@click.option(
    "--epochs",
    type=click.IntRange(0, EPOCHS.max),
    default=15,
    show_default=True,
    metavar="N",
    help="With --core-only: epochs before the golden model's test error is measured; 0 leaves the test error out.",
)
@seeds_option_from("1,2,3", "With --core-only: seeds of the golden model's test error.")
@click.option(
    "--placements",
    type=click.IntRange(1, 1000),
    metavar="N",
    help="Seeds of place and route, 1 to N; the best result counts. The default is 1, and 6 for a core alone on iCE40.",
)
@click.option(
    "--build",
    type=OUTPUT_FOLDER,
    default=Path("build/bench"),
    show_default=True,
    metavar="DIR",
    help="Folder that keeps bitstreams, simulations and measurements. What did not change is taken from there.",
)
@json_option
@click.pass_context
def board(
    context: click.Context,
    specification: Specification,
    board: str,
    data: str,
    samples: int | None,
    core_only: bool,
    epochs: int,
    seeds: tuple[int, ...],
    placements: int | None,
    build: Path,
    json_file: Path | None,
) -> int:
    """Measure how fast a board learns SPEC from its own flash.

    The verb makes the bitstream of the whole board, as `ceprop build --flash` does. The same board, simulated at the
    clock of the bitstream, gets the network that the golden model has after the first epoch, and learns the first N
    samples of the second epoch. The rate counts the cycles of the board from the first sample to the last one. All
    weights are compared with the golden model.

    With --core-only, the rate is the clock of the routed core divided by the cycles of simulated samples. Four sets of
    samples run on the simulated core: the first of training, those after a whole epoch of the golden model, the same in
    inference only, and some without a zero pixel.

    The exit code is 1 if anything differs, or if no clock is met.
    """
    from ceprop.boards import board as find_board
    from ceprop.sim.simulators import find_simulator

    report = Report(json_file)
    target = find_board(board)
    find_simulator("verilator")
    if core_only:
        if samples is None:
            raise click.UsageError("--samples all: is for a whole board; with --core-only give a number")
        return _bench_core(specification, target, data, samples, epochs, seeds, placements, build, report)
    for name in ("epochs", "seeds"):
        if context.get_parameter_source(name) is not ParameterSource.DEFAULT:
            raise click.UsageError(
                f"--{name}: is for --core-only; a board learns one epoch, and no test error is measured"
            )
    return _bench_board(specification, target, data, samples, placements, build, report)


def _bench_board(
    specification: Specification,
    target: "Board",
    data: str,
    samples: int | None,
    placements: int | None,
    build: Path,
    report: Report,
) -> int:
    from ceprop.boards.flow.build import MissedClockError
    from ceprop.performance.board_bench import BoardPlan, bench_board

    try:
        result = bench_board(BoardPlan(specification, target, data, samples, placements or 1, build), report)
    except MissedClockError as error:
        click.echo(f"ceprop: {error}", err=True)
        return 1
    report.table(f"{_title(specification)} on {target.title}, whole board", board_rows(result))
    report.result(result.as_dict())
    return _code(result.mismatches, result.first_mismatch)


def _bench_core(
    specification: Specification,
    target: "Board",
    data: str,
    samples: int,
    epochs: int,
    seeds: tuple[int, ...],
    placements: int | None,
    build: Path,
    report: Report,
) -> int:
    from ceprop.boards import check_fit
    from ceprop.boards.resources.choose import specification_for
    from ceprop.performance.core_bench import Plan, bench_core
    from ceprop.specification import Geometry

    specification = specification_for(specification, target)
    check_fit(Geometry(specification), target)
    placements = placements or _CORE_PLACEMENTS[target.device.family]
    plan = Plan(specification, target, data, samples, epochs, seeds, placements, build)
    result = bench_core(plan, report.progress)
    columns = ["", *(f"{stage}, core alone" for stage in result.stages)]
    report.table(f"{_title(specification)} on {target.name}, core alone", core_stages(result), columns)
    report.table("other figures of the same run, core alone", core_rows(result))
    values = result.as_dict()
    report.result({"core_alone": values})
    return _code(result.mismatches, values["first_mismatch"])


def _title(specification: Specification) -> str:
    return f"{specification.name}: {'-'.join(map(str, specification.layers))}"


def _code(mismatches: int, first_mismatch: str | None) -> int:
    """Name the first mismatch, and return the exit code."""
    if mismatches:
        click.echo(f"ceprop: {first_mismatch}", err=True)
    return 1 if mismatches else 0


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
