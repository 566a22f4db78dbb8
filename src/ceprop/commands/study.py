"""`ceprop study`: the cost of a choice in test error. The same network is learned again with one choice changed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from ceprop.commands.options import data_option, json_option, override_options, seeds_option
from ceprop.commands.types import EPOCHS, INPUT_FILE, OUTPUT_FOLDER
from ceprop.common.report import Report, percent
from ceprop.experiments.studies.variants import STUDIES
from ceprop.specification import Specification


@click.group(short_help="Learn one network with one choice changed.")
def study() -> None:
    """Learn a network many times with one choice changed, and show tables and a plot.

    The folder of a study keeps the result of every run, so an interrupted study goes on from there.
    """


def _verb(name: str, summary: str) -> Callable[..., Any]:
    """Add the verb of a study. Without SPEC it studies the bundled digits network."""

    @study.command(name, help=summary, short_help=f"{summary.rstrip('.').split(',')[0]}.")
    @click.argument("spec", type=INPUT_FILE, required=False)
    @override_options
    @data_option
    @click.option("--epochs", type=EPOCHS, default=12, show_default=True, metavar="N", help="Epochs of each run.")
    @seeds_option
    @click.option(
        "--out",
        type=OUTPUT_FOLDER,
        default=Path("build/study"),
        show_default=True,
        metavar="DIR",
        help="Folder for results and plots.",
    )
    @json_option
    def verb(
        spec: Path | None,
        overrides: list[str],
        data: str,
        epochs: int,
        seeds: tuple[int, ...],
        out: Path,
        json_file: Path | None,
    ) -> None:
        from ceprop.experiments.studies.study import Study
        from ceprop.experiments.studies.study_plots import draw_study
        from ceprop.specification.bundled import bundled_specification

        report = Report(json_file)
        base = Specification.load(spec or bundled_specification("digits"), overrides)
        with report.progress(f"study of {name}") as advance:
            result = Study(name, base, data, epochs, seeds).run(out / "runs", advance)
        _show(report, result)
        report.result(result)
        picture = out / f"{name}.png"
        draw_study(result, picture)
        report.say(f"plot: {picture}")

    return verb


def _show(report: Report, result: dict[str, Any]) -> None:
    """Show one table per panel."""
    report.say(
        f"{result['base']['name']}: {result['epochs']} epochs, seeds {', '.join(map(str, result['seeds']))}; "
        "errors are measured after the last epoch"
    )
    for panel in dict.fromkeys(point["panel"] for point in result["variants"]):
        points = [point for point in result["variants"] if point["panel"] == panel]
        columns = (
            "variant",
            "value",
            "test error",
            "training error",
            "free phases in period 2",
            "error in period 2",
            "diverged seeds",
        )
        report.table(panel, [_row(point) for point in points], columns)
    for left_out in result["left_out"]:
        report.say(f"left out, {left_out['variant']}: {left_out['reason']}")


def _row(point: dict[str, Any]) -> tuple[object, ...]:
    deviation = point["test_deviation"]
    test = percent(point["test_error"]) + ("" if deviation is None else f" +- {100 * deviation:.2f}")
    shares = (percent(point.get(key)) for key in ("train_error", "period_2", "period_2_error"))
    diverged = sum(run["diverged"] is not None for run in point["runs"].values())
    return point["line"], "" if point["reference"] else point["x"], test, *shares, diverged or ""


for _name, _variants in STUDIES.items():
    _verb(_name, _variants.__doc__ or "")
