"""`ceprop reproduce`: the experiments of the paper in floating point."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ceprop.report import Report, percent

from .options import data_option, json_option, seeds_option

if TYPE_CHECKING:
    from ceprop.model import Images

_ROWS = ("ep-1h", "ep-2h", "c-ep-1h", "c-ep-2h", "c-vf-1h", "c-vf-2h")
_ANGLES = "0,22.5,45,67.5,90,112.5,135,157.5,180"

out_option = click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("build/reproduce"),
    show_default=True,
    metavar="FOLDER",
    help="Where checkpoints and plots go; a run that was interrupted goes on from there.",
)
epochs_option = click.option("--epochs", type=click.IntRange(min=1), metavar="N", help="Stop after N epochs.")


@click.group()
def reproduce() -> None:
    """The experiments of the paper (arXiv 2005.04168) with the float reference.

    Every run keeps a checkpoint: the same command goes on where it was interrupted.
    """


@reproduce.command()
@click.option("--row", "rows", type=click.Choice(_ROWS), multiple=True, help="A row of the table; all, if left out.")
@epochs_option
@seeds_option
@data_option
@out_option
@json_option
def table(
    rows: tuple[str, ...], epochs: int | None, seeds: tuple[int, ...], data: str, out: Path, json_file: str | None
) -> None:
    """The table of test and training errors on MNIST, beside the paper's; without --epochs at full length."""
    from ceprop.model import load_images
    from ceprop.model.reference import PAPER_ROWS
    from ceprop.reproduction import Run, beside_paper, fitted, run_to_end, summary
    from ceprop.reproduction_plots import plot_rows

    report = Report(json_file)
    images = load_images(data, seed=1)
    results: dict[str, Any] = {}
    for name in rows or _ROWS:
        row = PAPER_ROWS[name]
        run = Run(f"{name}-{images.name}", fitted(row.settings, images), epochs or row.epochs)
        histories = {}
        for seed in seeds:
            with report.progress(f"{name}, seed {seed}") as advance:
                histories[seed] = run_to_end(run.of_seed(seed), images, out, advance)
        results[name] = beside_paper(row, run, summary(histories))
    plot = out / f"table-{images.name}.png"
    plot_rows(results, plot)
    columns = ("row", "epochs", "test error", "paper", "training", "paper")
    title = f"{images.name}: last epoch, mean over seeds {', '.join(map(str, seeds))}"
    report.table(title, [_table_row(*item) for item in results.items()], columns)
    for name, result in results.items():
        report.say(f"{name}: {_verdict(result)}")
    report.say(f"plot: {plot}")
    report.result({"data": images.name, "rows": results, "plot": str(plot)})


def _table_row(name: str, result: dict[str, Any]) -> tuple[str, ...]:
    paper, deviation = result["paper"], result["test_deviation"]
    return (
        name,
        f"{result['epochs']}/{result['paper_epochs']}",
        percent(result["test_error"]) + (f" ± {100 * deviation:.2f}" if deviation is not None else ""),
        f"{percent(paper['test_error'])} ± {100 * paper['test_deviation']:.2f}",
        percent(result["train_error"]),
        percent(paper["train_error"]),
    )


def _verdict(result: dict[str, Any]) -> str:
    within = {
        True: "within the paper's standard deviation",
        False: "outside the paper's standard deviation",
        None: "not the paper's length or data, so the two errors are not to be compared",
    }[result["within_deviation"]]
    return f"{within}; {percent(result['test_unsettled'])} of the test samples still moved at the free phase's end"


def _angles(context: click.Context, parameter: click.Parameter, value: str) -> tuple[float, ...]:
    try:
        angles = tuple(float(angle) for angle in value.split(","))
    except ValueError:
        raise click.BadParameter(f"{value!r}: must be numbers between commas, 0,45,90 say") from None
    if not all(0 <= angle <= 180 for angle in angles):
        raise click.BadParameter(f"{value!r}: angles must be from 0 to 180 degrees")
    return angles


_SIZE_OPTIONS = (
    click.option("--full", is_flag=True, help="The paper's size and length; --hidden and --epochs are left aside."),
    click.option("--hidden", type=click.IntRange(min=1), default=128, show_default=True, metavar="N",
                 help="Units of a hidden layer at reduced size."),
    click.option("--epochs", type=click.IntRange(min=1), default=10, show_default=True, metavar="N",
                 help="Epochs at reduced size."),
    click.option("--angles", default=_ANGLES, show_default=True, metavar="LIST", callback=_angles,
                 help="Initial angles between forward and backward weights, in degrees."),
)  # fmt: skip


def _size_options(verb: Any) -> Any:
    """Options of the experiments that run at reduced size unless told."""
    for option in reversed(_SIZE_OPTIONS):
        verb = option(verb)
    return verb


@reproduce.command()
@click.option("--row", type=click.Choice(("c-vf-1h", "c-vf-2h")), default="c-vf-1h", show_default=True)
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
    json_file: str | None,
) -> None:
    """Test error of C-VF against the initial angle between forward and backward weights."""
    from ceprop.model import load_images
    from ceprop.reproduction_plots import plot_angles

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


@reproduce.command("gradient-angle")
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
    json_file: str | None,
) -> None:
    """Test error against the angle between the total update and the total BPTT gradient before learning.

    EP and C-EP give a point each, C-VF one for every initial weight angle.
    """
    from ceprop.model import load_images
    from ceprop.reproduction_plots import plot_angles

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
    cells = [(r["row"], r["weight_angle"], f"{r['gradient_angle']:.1f}", percent(r["test_error"])) for r in results]
    columns = ("row", "weight angle", "gradient angle", "test error")
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
    from ceprop.model.reference import PAPER_ROWS, mean_gradient_angle
    from ceprop.reproduction import Run, fitted, resized, run_to_end, summary

    row = PAPER_ROWS[name]
    length = row.epochs if full else epochs
    settings = fitted(row.settings if full else resized(row.settings, hidden), images, angle=angle)
    run = Run(f"{name}-{images.name}-{settings.layers[1]}-{angle:g}", settings, length)
    histories, gradient_angles = {}, []
    for seed in seeds:
        gradient_angles.append(mean_gradient_angle(settings.but(seed=seed), images))
        with report.progress(f"{name}, {angle:g} degrees, seed {seed}") as advance:
            histories[seed] = run_to_end(run.of_seed(seed), images, out, advance)
    return {
        "epochs": length,
        "layers": list(settings.layers),
        "gradient_angle": sum(gradient_angles) / len(gradient_angles),
        **summary(histories),
    }
