"""`ceprop build`: the bitstream for a board."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ceprop.commands.options import board_option, json_option, specification_options
from ceprop.commands.types import CLOCK_MHZ, OUTPUT_FOLDER
from ceprop.common.locks import only_in
from ceprop.common.report import Report, percent
from ceprop.specification import Specification

if TYPE_CHECKING:
    from ceprop.boards import Board
    from ceprop.boards.flow.build_record import Build, TriedSeed


@click.command(short_help="Make the bitstream of SPEC for a board.")
@specification_options
@board_option
@click.option(
    "-o",
    "--output",
    type=OUTPUT_FOLDER,
    metavar="DIR",
    help="Folder for bitstream and report. The default is build/BOARD.",
)
@click.option(
    "--baud",
    type=click.IntRange(min=1200, max=3_000_000),
    metavar="N",
    help="Bits per second of a UART. The default is 1000000.",
)
@click.option(
    "--placement",
    type=click.IntRange(min=0),
    metavar="N",
    help="Seed of place and route. The default is 1.",
)
@click.option(
    "--seeds",
    type=click.IntRange(1, 1000),
    default=1,
    show_default=True,
    metavar="N",
    help="Place and route with seeds 1 to N; the best result counts. Results of an interrupted run are used again.",
)
@click.option(
    "--jobs",
    type=click.IntRange(1, 1000),
    metavar="N",
    help="Seeds that are placed and routed at once. The default is the number of processor cores.",
)
@click.option(
    "--flash/--no-flash",
    default=None,
    help="Include the flash controller, for learning from flash and snapshots. The default is yes on ECP5 only.",
)
@click.option(
    "--stand-alone/--link",
    default=None,
    help="Build a board without a link, which learns from its flash by itself. The default is a link where it fits.",
)
@click.option("--clock-mhz", type=CLOCK_MHZ, metavar="F", help="Clock in MHz, for --board generic only.")
@click.option(
    "--transport",
    type=click.Choice(["uart", "spi", "axi4-stream", "wishbone"]),
    default="uart",
    show_default=True,
    help="Transport of the host's bytes. The last two are for --board generic only.",
)
@json_option
def build(
    specification: Specification,
    board: str,
    output: Path | None,
    baud: int | None,
    placement: int | None,
    seeds: int,
    jobs: int | None,
    flash: bool | None,
    stand_alone: bool | None,
    clock_mhz: float | None,
    transport: str,
    json_file: Path | None,
) -> None:
    """Make the bitstream of SPEC for a board, with core, link, PLL and pins, and check its timing.

    A specification without an array gets the largest array that fits the board. Results of an earlier build are used
    again. With several seeds, the best result meets all clocks, and its slowest clock has the largest slack.

    With --board generic nothing is synthesized: the verb writes the Verilog of core and link, and the list of
    its ports, for any other flow.
    """
    from ceprop.boards.flow.build import BAUD, REPORT
    from ceprop.boards.flow.build import build as build_bitstream
    from ceprop.boards.parts.registry import GENERIC
    from ceprop.common.processes import processor_cores

    report = Report(json_file)
    numbers = _placement_seeds(seeds, placement, board)
    folder = output or Path("build") / board
    click.get_current_context().with_resource(only_in(folder))
    if baud is not None and transport != "uart":
        raise click.UsageError(f"--baud {baud}: --transport {transport} has no baud rate")
    baud = baud or BAUD
    if board == GENERIC:
        if clock_mhz is None:
            raise click.UsageError("--board generic: --clock-mhz must be given")
        _generic(specification, folder, round(clock_mhz * 1e6), transport, baud, bool(flash), report)
        return
    if clock_mhz is not None:
        raise click.UsageError(f"--clock-mhz {clock_mhz:g}: is for --board {GENERIC} only")
    if transport not in ("uart", "spi"):
        raise click.UsageError(f"--transport {transport}: is for --board {GENERIC} only; {board} can have uart or spi")
    from ceprop.boards import board as find_board

    target = find_board(board)
    rate = baud if transport == "uart" else None
    with report.stages() as say:
        built = build_bitstream(
            specification,
            target,
            folder,
            baud=rate,
            flash=flash,
            stand_alone=stand_alone,
            seeds=numbers,
            jobs=jobs or processor_cores(),
            progress=say,
        )
    array = built.specification["array"]
    shape = f"{array['rows']}x{array['cols']}"
    layers = "-".join(map(str, specification.layers))
    report.table(f"{specification.name}: {layers} as {shape} on {target.title}", _rows(built, target))
    if seeds > 1:
        report.table("seeds", [_seed_row(one) for one in built.tried], _SEED_COLUMNS)
    shown = {"shape": shape, "core_clock_mhz": built.core_clock_hz / 1e6, "report": str(folder / REPORT)}
    report.result(built.fields() | shown)


def _placement_seeds(seeds: int, placement: int | None, board: str) -> Sequence[int]:
    """Return the seeds of place and route. Raises :class:`click.UsageError` where the options do not go together."""
    from ceprop.boards.parts.registry import GENERIC

    if seeds > 1 and placement is not None:
        raise click.UsageError(f"--seeds {seeds}: tries seeds 1 to {seeds}; leave out --placement")
    if seeds > 1 and board == GENERIC:
        raise click.UsageError(f"--seeds {seeds}: --board {GENERIC} is not placed and routed")
    return range(1, seeds + 1) if placement is None else (placement,)


_SEED_COLUMNS = ("seed", "clocks, MHz reached of MHz needed", "slack, ns", "seconds", "all met")


def _seed_row(one: "TriedSeed") -> tuple[object, ...]:
    if one.problem is not None:
        return one.seed, one.problem, "-", "-", "no"
    clocks = ", ".join(f"{name} {clock.achieved:.2f} of {clock.constraint:.2f}" for name, clock in one.clocks.items())
    return one.seed, clocks, f"{one.slack_ns:+.2f}", f"{one.seconds:.0f}", "yes" if one.met else "no"


def _rows(built: "Build", board: "Board") -> list[tuple[str, str]]:
    path = built.critical_path
    return [
        ("bitstream", built.bitstream),
        ("core's clock", f"{built.core_clock_hz / 1e6:.2f} MHz"),
        *(
            (f"clock {name}", f"{clock.achieved:.2f} MHz reached, {clock.constraint:.2f} MHz needed")
            for name, clock in built.clocks.items()
        ),
        *((kind.replace("_", " "), _used(**use)) for kind, use in built.utilization.items() if use["available"]),
        (
            "slowest path",
            f"{path.source} to {path.sink}, {path.logic_ns:.1f} ns of logic, {path.routing_ns:.1f} ns of wire",
        ),
        _link(built, board),
        ("tools", ", ".join(f"{name} {version}" for name, version in built.tools.items())),
        *(("not checked", check) for check in built.checks_left_out),
        ("build time", f"{built.seconds:.0f} s"),
    ]


def _link(built: "Build", board: "Board") -> tuple[str, str]:
    """Return the fastest rate of the host's bytes, and the pins for them."""
    from ceprop.boards.parts.clocks import slowest_hz
    from ceprop.boards.parts.spi_pins import spi_pins
    from ceprop.boards.rtl.transport import fastest_spi_hz

    if built.stand_alone:
        return "progress line", f"{built.baud:,} baud; no link: the board learns from its flash by itself"
    if built.baud is not None:
        return "UART", f"{built.baud:,} baud"
    fastest = fastest_spi_hz(slowest_hz(board, built.clock_hz))
    return "SPI", f"up to {fastest / 1e6:.1f} MHz; {spi_pins(board.name).wiring}"


def _used(used: int, available: int) -> str:
    return f"{used:,} of {available:,} ({percent(used / available)})"


def _generic(
    specification: Specification, folder: Path, clock_hz: int, transport: str, baud: int, flash: bool, report: Report
) -> None:
    from ceprop.boards.flow.generic import write_generic

    values = write_generic(specification, folder, clock_hz=clock_hz, transport=transport, baud=baud, flash=flash)
    rows = [(name, values[name]) for name in ("verilog", "manifest")]
    report.table(f"{values['top']}: core and link at {clock_hz / 1e6:g} MHz", rows)
    report.result(values)
