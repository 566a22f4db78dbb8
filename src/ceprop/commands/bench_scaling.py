"""`ceprop bench scaling`: how the cost of a sample grows."""

from pathlib import Path

import click

from ceprop.commands.options import data_option, json_option, specification_options
from ceprop.commands.types import PNG_FILE, SAMPLES
from ceprop.common.report import Report, percent
from ceprop.specification import Specification


@click.command(short_help="Count cycles against layers, array and sparsity.")
@specification_options
@data_option
@click.option("--samples", type=SAMPLES, default=100, show_default=True, metavar="N", help="Of a mean.")
@click.option("--plot", type=PNG_FILE, metavar="FILE.png", help="Draw it.")
@json_option
def scaling(specification: Specification, data: str, samples: int, plot: Path | None, json_file: Path | None) -> None:
    """Cycles a sample against the array's shape, the size of SPEC's hidden layers and the inputs' sparsity.

    They are the cycle model's, which the simulated core is held to; SPEC's own array does not matter.
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
    columns = ("cells", "best shape", "cycles a sample", "products", "idle lanes", "waiting")
    report.table(f"{specification.name}: {layers}, after an epoch", rows, columns)
    for stage, law in found.laws().items():
        slots = next(point.least for point in found.shapes if point.stage == stage)
        law_text = f"{law.constant:,.0f} + {law.a_side:.1f} r + {law.a_lane:,.0f} / r"
        report.say(f"{stage}, on r x r cells: {law_text} cycles of a sample are waiting")
        report.say(f"{stage}: {slots:,.0f} products a sample are fastest with r about {law.best_side(slots):.0f}")
    if plot is not None:
        draw_scaling(found, f"{specification.name}, {layers}: cycles of a training sample", plot)
    report.result({"specification": specification.name, "samples": samples, **found.as_dict()})
