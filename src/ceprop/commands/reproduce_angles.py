"""`ceprop reproduce angle` and `gradient-angle`: learning against the angle of the weights and of the updates."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ceprop.commands.options import data_option, json_option, out_option, seeds_option
from ceprop.commands.reproduce import seed_progress
from ceprop.commands.types import EPOCHS
from ceprop.common.report import Report, percent

if TYPE_CHECKING:
    from ceprop.model import Images

_GRADIENT_ANGLES = {"gradient_angle": "all_steps", "gradient_angle_without_first_step": "without_first_step"}
_ANGLES = "0,22.5,45,67.5,90,112.5,135,157.5,180"


def parse_angles(context: click.Context, parameter: click.Parameter, value: str) -> tuple[float, ...]:
    """Return the angles of a list between commas, in degrees. Raises :class:`click.BadParameter`."""
    try:
        angles = tuple(float(angle) for angle in value.split(","))
    except ValueError:
        raise click.BadParameter(f"{value!r}: must be numbers between commas, for example 0,45,90") from None
    if not all(0 <= angle <= 180 for angle in angles):
        raise click.BadParameter(f"{value!r}: angles must be from 0 to 180 degrees")
    return angles


_SIZE_OPTIONS = (
    click.option("--full", is_flag=True, help="Use the paper's size and length, not --hidden and --epochs."),
    click.option("--hidden", type=click.IntRange(min=1), default=128, show_default=True, metavar="N",
                 help="Units of a hidden layer."),
    click.option("--epochs", type=EPOCHS, default=10, show_default=True, metavar="N",
                 help="Epochs of each run."),
    click.option("--angles", default=_ANGLES, show_default=True, metavar="LIST", callback=parse_angles,
                 help="Initial angles between forward and backward weights, in degrees."),
)  # fmt: skip


def _size_options(verb: Any) -> Any:
    """Add the options of the experiments whose default is a reduced size."""
    for option in reversed(_SIZE_OPTIONS):
        verb = option(verb)
    return verb


@click.command(short_help="Measure error against the angle of the weights.")
@click.option(
    "--row",
    type=click.Choice(("c-vf-1h", "c-vf-2h")),
    default="c-vf-1h",
    show_default=True,
    help="Row of the paper's table.",
)
@_size_options
@seeds_option
@data_option
@out_option
@json_option
def angle(
    row: str,
    full: bool,
    hidden: int,
    epochs: int,
    angles: tuple[float, ...],
    seeds: tuple[int, ...],
    data: str,
    out: Path,
    json_file: Path | None,
) -> None:
    """Measure the test error of C-VF against the initial angle between forward and backward weights."""
    from ceprop.experiments.reproduction_plots import plot_angles
    from ceprop.model import load_images

    report = Report(json_file)
    images = load_images(data, seed=1)
    results = []
    for degrees in angles:
        result = _sized(report, row, images, full, hidden, epochs, seeds, out, angle=degrees)
        results.append({"angle": degrees, **result})
    plot = out / f"angle-{row}-{images.name}.png"
    plot_angles({row: [(result["angle"], result["test_error"]) for result in results]}, "initial weight angle", plot)
    cells = [(result["angle"], percent(result["test_error"]), percent(result["train_error"])) for result in results]
    report.table(
        f"{images.name}, {row}, {results[0]['epochs']} epochs", cells, ("angle", "test error", "training error")
    )
    report.say(f"plot: {plot}")
    report.result({"data": images.name, "row": row, "angles": results, "plot": str(plot)})


@click.command("gradient-angle", short_help="Measure error against the angle of the updates.")
@_size_options
@seeds_option
@data_option
@out_option
@json_option
def gradient_angle(
    full: bool,
    hidden: int,
    epochs: int,
    angles: tuple[float, ...],
    seeds: tuple[int, ...],
    data: str,
    out: Path,
    json_file: Path | None,
) -> None:
    """Measure the test error against the angle between the total update and the total BPTT gradient before learning.

    EP and C-EP give one point each, C-VF gives one for every initial weight angle. The table has two angles. The first
    is over all nudged steps. The second is the one that the authors' code computes: it leaves out the first nudged step
    of the update and the last free step of the gradient.
    """
    from ceprop.experiments.reproduction_plots import plot_angles
    from ceprop.model import load_images

    report = Report(json_file)
    images = load_images(data, seed=1)
    results = []
    for row, degrees in (("ep-1h", 0.0), ("c-ep-1h", 0.0), *(("c-vf-1h", degrees) for degrees in angles)):
        result = _sized(report, row, images, full, hidden, epochs, seeds, out, angle=degrees)
        results.append({"row": row, "weight_angle": degrees, **result})
    plot = out / f"gradient-angle-{images.name}.png"
    points = {row: [(r["gradient_angle"], r["test_error"]) for r in results if r["row"] == row]
              for row in ("ep-1h", "c-ep-1h", "c-vf-1h")}  # fmt: skip
    plot_angles(points, "angle between total update and total BPTT gradient", plot)
    cells = [
        (r["row"], r["weight_angle"], *(f"{r[key]:.1f}" for key in _GRADIENT_ANGLES), percent(r["test_error"]))
        for r in results
    ]
    columns = ("row", "weight angle", "gradient angle", "without first step", "test error")
    report.table(f"{images.name}, {results[0]['epochs']} epochs", cells, columns)
    report.say(f"plot: {plot}")
    report.result({"data": images.name, "points": results, "plot": str(plot)})


def _sized(
    report: Report,
    name: str,
    images: "Images",
    full: bool,
    hidden: int,
    epochs: int,
    seeds: tuple[int, ...],
    out: Path,
    angle: float,
) -> dict[str, Any]:
    """Train a row of the table over seeds, at the paper's size or a reduced one, from an initial weight angle."""
    from ceprop.experiments.reproduction import Run, fitted, resized, run_seeds
    from ceprop.model.reference import PAPER_ROWS, mean_gradient_angles

    row = PAPER_ROWS[name]
    length = row.epochs if full else epochs
    settings = fitted(row.settings if full else resized(row.settings, hidden), images, angle=angle)
    run = Run(f"{name}-{images.name}-{settings.layers[1]}-{angle:g}", settings, length)
    angles = [mean_gradient_angles(settings.but(seed=seed), images) for seed in seeds]
    return {
        "epochs": length,
        "layers": list(settings.layers),
        **{key: sum(getattr(one, field) for one in angles) / len(angles) for key, field in _GRADIENT_ANGLES.items()},
        **run_seeds(run, seeds, images, out, seed_progress(report, f"{name}, {angle:g} degrees")),
    }
