"""`ceprop estimate`: size and speed of a core before synthesis."""

from pathlib import Path

import click

from ceprop.commands.options import board_option, data_option, json_option, specification_options
from ceprop.commands.types import SAMPLES
from ceprop.common.report import Report, percent
from ceprop.specification import Specification


@click.command(short_help="Predict size and speed before synthesis.")
@specification_options
@board_option
@data_option
@click.option(
    "--samples",
    type=SAMPLES,
    default=500,
    show_default=True,
    metavar="N",
    help="Samples whose cycles are counted in each stage.",
)
@json_option
def estimate(specification: Specification, board: str, data: str, samples: int, json_file: Path | None) -> None:
    """Predict the size and the speed of SPEC's core on the device of a board, before anything is synthesized.

    All figures are of the core alone, without a link: a board that gets its samples over a link learns more slowly. The
    samples per second are the clock divided by the cycles per sample. The cycles are exact: the cycle model counts
    those of the first samples of training, from the initial network and after a whole epoch of the golden model.
    Look-up tables, flip-flops and clock are predicted from designs that were placed and routed before.
    """
    from ceprop.boards import board as find_board
    from ceprop.model import load_dataset
    from ceprop.performance.estimate import estimate as estimate_design
    from ceprop.performance.estimate import lay_out

    report = Report(json_file)
    target = find_board(board)
    geometry, refusal = lay_out(specification, target)
    dataset = load_dataset(specification, data)
    with report.progress("golden model") as advance:
        found = estimate_design(geometry, target, dataset, samples, advance)
    room = target.device.room.named()
    values = found.as_dict()
    errors = values["fit"]["leave_one_out"]

    def error(name: str) -> str:
        return f"+- {percent(errors[name]['mean'])}, at most {percent(errors[name]['largest'])}"

    rows = [
        *((name.replace("_", " "), f"{need:,} of {room[name]:,}", "") for name, need in found.resources.items()),
        ("clock", f"{found.clock_mhz:.1f} MHz", error("clock")),
        *((f"cycles per sample, {stage}", f"{found.cycles(stage):,.0f}", "exact") for stage in found.stages),
        *(
            (f"samples per second, core alone, {stage}", f"{found.rate(stage):,.0f}", error("samples_per_second"))
            for stage in found.stages
        ),
    ]
    rows[0] = (*rows[0][:2], error("luts"))
    rows.append(("with the link", refusal or "fits", ""))
    layers = "-".join(map(str, specification.layers))
    title = f"{specification.name}: {layers} as {geometry.rows}x{geometry.cols} on {target.title}"
    report.table(title, rows, ("", "estimate", f"leave-one-out error over {found.builds} builds"))
    report.result({"specification": specification.name, "board": board, "fits_with_link": refusal is None, **values})
