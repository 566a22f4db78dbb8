"""`ceprop estimate`: size and speed of a core before synthesis."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ceprop.commands.options import board_option, data_option, json_option, specification_options
from ceprop.commands.types import SAMPLES
from ceprop.common.report import Report, percent
from ceprop.specification import Specification

if TYPE_CHECKING:
    from ceprop.performance.board_estimate import BoardEstimate


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
    """Predict the size and the speed of SPEC's core and of a whole board, before anything is synthesized.

    The samples per second of the core alone are the clock divided by the cycles per sample. The cycles are exact: the
    cycle model counts those of the first samples of training, from the initial network and after a whole epoch of the
    golden model. Look-up tables, flip-flops and clock are predicted from designs that were placed and routed before.
    The whole board learns the same samples from its own flash. Its rate has all waiting in it: for the bytes of flash,
    for the unpacker, and for the core.
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
    rows = [
        *((name.replace("_", " "), f"{need:,} of {room[name]:,}", "") for name, need in found.resources.items()),
        ("clock", f"{found.clock_mhz:.1f} MHz", _size(errors["clock"])),
        *((f"cycles per sample, {stage}", f"{found.cycles(stage):,.0f}", "exact") for stage in found.stages),
        *(
            (f"samples per second, {stage}", f"{found.rate(stage):,.0f}", _size(errors["samples_per_second"]))
            for stage in found.stages
        ),
    ]
    rows[0] = (*rows[0][:2], _size(errors["luts"]))
    layers = "-".join(map(str, specification.layers))
    title = f"{specification.name}: {layers} as {geometry.rows}x{geometry.cols} on {target.title}"
    report.table(f"{title}, core alone", rows, ("", "estimate", f"leave-one-out error over {found.builds} builds"))
    rows = [("with the link", refusal or "fits", ""), *_board_rows(found.board, found.board_errors.sizes)]
    heading = f"leave-one-out error over {found.board_errors.builds} boards"
    report.table(f"{title}, whole board", rows, ("", "estimate", heading))
    report.result({"specification": specification.name, "board": board, "fits_with_link": refusal is None, **values})


def _size(errors: dict[str, float]) -> str:
    return f"+- {percent(errors['mean'])}, at most {percent(errors['largest'])}"


def _board_rows(board: "BoardEstimate | str", errors: dict[str, dict[str, float]]) -> list[tuple[str, str, str]]:
    """Return the rows of the whole board with flash."""
    if isinstance(board, str):
        return [("learning from its flash", board, "")]
    kind = "stands alone" if board.stand_alone else "with the link"
    clocks = f"core {board.core_clock_mhz:.1f} MHz, all else {board.clock_mhz:.1f} MHz"
    rate = f"{board.samples_per_second:,.0f}"
    return [
        ("look-up tables", f"{board.luts:,} ({kind})", _size(errors["luts"])),
        ("clocks that are asked for", clocks, _size(errors["clock"])),
        ("samples per second, after", rate, _size(errors["samples_per_second"])),
    ]
