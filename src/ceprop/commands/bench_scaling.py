"""`ceprop bench scaling`: how the cycles of a sample grow."""

from pathlib import Path

import click

from ceprop.commands.options import data_option, json_option, specification_options
from ceprop.commands.types import PNG_FILE, SAMPLES
from ceprop.common.report import Report, percent
from ceprop.specification import Specification


@click.command(short_help="Count cycles against layers, array and sparsity.")
@specification_options
@data_option
@click.option("--samples", type=SAMPLES, default=100, show_default=True, metavar="N", help="Samples behind each mean.")
@click.option("--plot", type=PNG_FILE, metavar="FILE.png", help="Write the plot to this file.")
@json_option
def scaling(specification: Specification, data: str, samples: int, plot: Path | None, json_file: Path | None) -> None:
    """Count the cycles per sample against the array's shape, the hidden layers of SPEC and the sparsity of the inputs.

    The cycle model counts them; the testbenches compare it with the simulated core. SPEC's own array does not matter.
    """
    from ceprop.model import load_dataset
    from ceprop.performance.scaling import study
    from ceprop.performance.scaling_plots import draw_scaling, fastest

    report = Report(json_file)
    planned = study(specification, load_dataset(specification, data), samples)
    with report.progress("golden model and cycle model") as advance:
        found = planned.run(advance)
    layers = "-".join(map(str, specification.layers))
    rows = [
        (
            f"{point.rows * point.cols:,}",
            f"{point.rows}x{point.cols}",
            f"{point.cycles:,.0f}",
            percent(point.least / point.cycles),
            percent((point.slots - point.least) / point.cycles),
            percent(1 - point.slots / point.cycles),
        )
        for point in fastest([point for point in found.shapes if point.stage == "after"])
    ]
    columns = ("cells", "best shape", "cycles per sample", "products", "idle lanes", "waiting")
    report.table(f"{specification.name}: {layers}, after an epoch", rows, columns)
    for stage, law in found.laws().items():
        slots = next(point.least for point in found.shapes if point.stage == stage)
        law_text = f"{law.constant:,.0f} + {law.a_side:.1f} r + {law.a_lane:,.0f} / r"
        report.say(f"{stage}, on r x r cells: a sample waits for {law_text} cycles")
        report.say(
            f"{stage}: with {slots:,.0f} products per sample, r = {law.best_side(slots):.0f} is about the fastest"
        )
    if plot is not None:
        draw_scaling(found, f"{specification.name}, {layers}: cycles of a training sample", plot)
    report.result({"specification": specification.name, "samples": samples, **found.as_dict()})
