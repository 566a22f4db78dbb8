"""`ceprop reproduce`: the experiments of the paper in floating point."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import click

from ceprop.commands.options import data_option, json_option, out_option, seeds_option
from ceprop.commands.types import EPOCHS, FiniteRange
from ceprop.common.errors import CepropError
from ceprop.common.report import Advance, Report, percent

_ROWS = ("ep-1h", "ep-2h", "c-ep-1h", "c-ep-2h", "c-vf-1h", "c-vf-2h")


@click.group(short_help="Repeat the experiments of the paper in float.")
def reproduce() -> None:
    """Repeat the experiments of the paper (arXiv 2005.04168) with the float reference.

    Every run keeps a checkpoint. After an interruption, the same command goes on from there.
    """


@reproduce.command(short_help="Repeat the table of errors on MNIST.")
@click.option(
    "--row",
    "rows",
    type=click.Choice(_ROWS),
    multiple=True,
    help="Row of the table; may be repeated. The default is all rows.",
)
@click.option(
    "--rate-scale",
    type=FiniteRange(0, min_open=True),
    default=1.0,
    show_default=True,
    metavar="FACTOR",
    help="Factor for all rates of the paper.",
)
@click.option("--epochs", type=EPOCHS, metavar="N", help="Epochs of each run. The default is the paper's.")
@click.option(
    "--without-slopes",
    is_flag=True,
    help="Use the rule of the paper's text for the C-VF rows. It is unstable at the paper's rates.",
)
@seeds_option
@data_option
@out_option
@json_option
def table(
    rows: tuple[str, ...],
    rate_scale: float,
    epochs: int | None,
    without_slopes: bool,
    seeds: tuple[int, ...],
    data: str,
    out: Path,
    json_file: Path | None,
) -> None:
    """Repeat the paper's table of test and training errors.

    On MNIST the table has the paper's errors too.
    """
    from ceprop.experiments.reproduction import Run, beside_paper, fitted, run_seeds, scaled
    from ceprop.experiments.reproduction_plots import plot_rows
    from ceprop.model import load_images
    from ceprop.model.reference import PAPER_ROWS

    report = Report(json_file)
    images = load_images(data, seed=1)
    results: dict[str, Any] = {}
    changes = _without_slopes(rows or _ROWS) if without_slopes else {}
    suffix = ("" if rate_scale == 1 else f"-rates{rate_scale:g}") + ("-without-slopes" if without_slopes else "")
    for name in rows or _ROWS:
        row = PAPER_ROWS[name]
        settings = scaled(fitted(row.settings, images, **changes), rate_scale)
        run = Run(f"{name}-{images.name}{suffix}", settings, epochs or row.epochs)
        results[name] = beside_paper(row, run, images, run_seeds(run, seeds, images, out, seed_progress(report, name)))
    plot = out / f"table-{'-'.join([*rows, images.name])}{suffix}.png"
    plot_rows(results, plot)
    on_mnist = all(result["paper"] is not None for result in results.values())
    columns = ("row", "epochs", "test error", "training") + (("paper: test", "paper: training") if on_mnist else ())
    title = f"{images.name}: last epoch, mean over seeds {', '.join(map(str, seeds))}"
    report.table(title, [_table_row(*item) for item in results.items()], columns)
    if not on_mnist:
        report.say(f"The paper's figures are for MNIST. {images.name} is other data, so they are not shown.")
    for name, result in results.items():
        for line in _remarks(result):
            report.say(f"{name}: {line}")
    report.say(f"plot: {plot}")
    kind = {"data": images.name, "rate_scale": rate_scale, "without_slopes": without_slopes}
    report.result({**kind, "rows": results, "plot": str(plot)})
    for name, result in results.items():
        if not result["seeds"]:
            raise CepropError(f"{name}: the learning of every seed diverged: {next(iter(result['diverged'].values()))}")


def _without_slopes(rows: Sequence[str]) -> dict[str, Any]:
    """The change of settings for `--without-slopes`. Raises :class:`CepropError` for a row that has no slopes."""
    for name in rows:
        if not name.startswith("c-vf"):
            raise CepropError(f"--without-slopes: row {name} has no slopes; give --row c-vf-1h or c-vf-2h")
    return {"partial_drive_slopes": False}


def seed_progress(report: Report, label: str) -> Callable[[int], AbstractContextManager[Advance]]:
    """Return a function that opens a progress bar for a seed of a run."""
    return lambda seed: report.progress(f"{label}, seed {seed}")


def _table_row(name: str, result: dict[str, Any]) -> tuple[str, ...]:
    paper, deviation = result["paper"], result["test_deviation"]
    ours = (
        name,
        f"{result['epochs']}/{result['paper_epochs']}",
        percent(result["test_error"]) + (f" ± {100 * deviation:.2f}" if deviation is not None else ""),
        percent(result["train_error"]),
    )
    if paper is None:
        return ours
    test = f"{percent(paper['test_error'])} ± {100 * paper['test_deviation']:.2f}"
    return *ours, test, percent(paper["train_error"])


def _remarks(result: dict[str, Any]) -> list[str]:
    """Return remarks about a row, one per line."""
    lines = [f"seed {seed}: {message}" for seed, message in result["diverged"].items()]
    if result["within_deviation"] is not None:
        where = "within" if result["within_deviation"] else "outside"
        lines.insert(0, f"{where} the paper's standard deviation")
    elif result["paper"] is not None:
        lines.insert(0, "shorter than the paper's run, so the two errors cannot be compared")
    if result["seeds"]:
        lines.append(
            f"{percent(result['test_unsettled'])} of the test samples had not settled at the end of the free phase"
        )
    return lines
