"""`ceprop flash`: sends a bitstream, a data set or a snapshot to a board, or reads or erases its log."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ceprop.commands.log_report import show_log
from ceprop.commands.options import board_option, json_option
from ceprop.commands.types import INPUT_FILE
from ceprop.common.errors import CepropError
from ceprop.common.report import Report
from ceprop.specification import Specification

if TYPE_CHECKING:
    from ceprop.boards import Board

_ToSend = tuple[list[str], bytes, dict[str, object]]
"""The command that names the file, the content of the file when it was checked, and the keys of the JSON about it."""


@click.command(short_help="Send a bitstream, a data set or a snapshot to a board.")
@board_option
@click.argument("bitstream", required=False, type=INPUT_FILE)
@click.option(
    "--data-set",
    type=INPUT_FILE,
    metavar="FILE",
    help="Write this file of `ceprop pack` to its place in the board's flash, and no bitstream.",
)
@click.option(
    "--snapshot",
    type=INPUT_FILE,
    metavar="FILE",
    help="Write this snapshot of `ceprop pack --snapshot` to its place in the board's flash, and no bitstream.",
)
@click.option("--erase-log", is_flag=True, help="Erase the log of results in the board's flash. Write no bitstream.")
@click.option("--log", is_flag=True, help="Read the log of results in the board's flash, and show it. Write nothing.")
@click.option(
    "--spec",
    type=INPUT_FILE,
    metavar="FILE",
    help="Specification that the data set or the snapshot must suit. The default is that of the report in build/BOARD.",
)
@click.option("--dry-run", is_flag=True, help="Show the command and run nothing. Its program need not be installed.")
@json_option
def flash(
    board: str,
    bitstream: Path | None,
    data_set: Path | None,
    snapshot: Path | None,
    erase_log: bool,
    log: bool,
    spec: Path | None,
    dry_run: bool,
    json_file: Path | None,
) -> None:
    """Write BITSTREAM to the flash of a board, with an installed program for that board.

    Without BITSTREAM, the bitstream in build/BOARD is sent. A bitstream that is damaged, or made for another device or
    board, is refused before anything is sent. A data set that is damaged, or made for another network, is refused too.
    """
    from ceprop.boards import board as find_board
    from ceprop.boards.flow.flashing import send

    asked = {"--data-set": data_set, "--snapshot": snapshot, "--erase-log": erase_log, "--log": log}
    named = [name for name, given in asked.items() if given]
    if bitstream and named:
        raise CepropError(f"{named[0]}: writes no bitstream; leave out BITSTREAM, and write that by itself")
    if len(named) > 1:
        raise CepropError(f"{named[1]}: does not go together with {named[0]}; give one after the other")
    if spec and not (data_set or snapshot or log):
        raise CepropError(
            "--spec: is for --data-set, --snapshot and --log only; the report beside a bitstream says what that was "
            "built from"
        )
    report = Report(json_file)
    target = find_board(board)
    if log:
        _show_log(report, target, spec, dry_run)
        return
    if data_set:
        command, content, values = _data_set(target, data_set, spec, dry_run)
    elif snapshot:
        command, content, values = _snapshot(target, snapshot, spec, dry_run)
    elif erase_log:
        command, content, values = _erased_log(target, dry_run)
    else:
        command, content, values = _bitstream(target, bitstream, dry_run)
    report.say(shlex.join(command))
    if not dry_run:
        send(command, content, target)
    report.result({"board": board, **values, "command": command, "sent": not dry_run})


def _bitstream(board: "Board", bitstream: Path | None, dry_run: bool) -> _ToSend:
    from ceprop.boards.flow.flashing import bitstream_of, check_bitstream, find_programmer

    chosen = bitstream or bitstream_of(Path("build") / board.name)
    content = check_bitstream(chosen, board)
    return find_programmer(board, only_named=dry_run).command(chosen), content, {"bitstream": str(chosen)}


def _data_set(board: "Board", path: Path, spec: Path | None, dry_run: bool) -> _ToSend:
    from ceprop.boards.flow.flashing import find_programmer, specification_of
    from ceprop.boards.host import check_data_set
    from ceprop.boards.protocol import Flash

    specification = Specification.load(spec) if spec else specification_of(Path("build") / board.name)
    found = check_data_set(path, specification)
    command = find_programmer(board, anywhere=True, only_named=dry_run).command_at(Flash.DATA_SET, path)
    counts = {"samples": found.samples, "held_out": found.held_out, "epochs": found.epochs}
    return command, found.content, {"data_set": str(path), **counts, "address": Flash.DATA_SET}


def _snapshot(board: "Board", path: Path, spec: Path | None, dry_run: bool) -> _ToSend:
    from ceprop.boards.flow.flashing import find_programmer
    from ceprop.boards.host import check_snapshot
    from ceprop.boards.snapshot_form import SnapshotPlaces
    from ceprop.specification import Geometry

    specification = _specification(board, spec, f"--snapshot {path}")
    number, content = check_snapshot(path, specification)
    address = SnapshotPlaces.of(Geometry(specification)).first
    command = find_programmer(board, anywhere=True, only_named=dry_run).command_at(address, path)
    return command, content, {"snapshot": str(path), "number": number, "address": address}


def _erased_log(board: "Board", dry_run: bool) -> _ToSend:
    from ceprop.boards.flow.flashing import find_programmer
    from ceprop.boards.log_form import ERASED
    from ceprop.boards.protocol import Flash

    command = find_programmer(board, anywhere=True, only_named=dry_run).command_at(Flash.LOG, Path("erased"))
    return command, bytes([ERASED]) * Flash.LOG_BYTES, {"address": Flash.LOG, "bytes": Flash.LOG_BYTES}


def _show_log(report: Report, board: "Board", spec: Path | None, dry_run: bool) -> None:
    from ceprop.boards.flow.flashing import find_programmer, receive
    from ceprop.boards.host import results_in_log
    from ceprop.boards.protocol import Flash

    specification = _specification(board, spec, "--log")
    programmer = find_programmer(board, anywhere=True, only_named=dry_run)
    command = programmer.command_to_read(Flash.LOG, Flash.LOG_BYTES, Path("log"))
    report.say(shlex.join(command))
    log = b"" if dry_run else receive(command, Flash.LOG_BYTES, board)
    show_log(report, board.name, results_in_log(specification, log))


def _specification(board: "Board", spec: Path | None, asked: str) -> Specification:
    """The one that is named, or that of the report in the folder of the board."""
    from ceprop.boards.flow.flashing import specification_of

    found = Specification.load(spec) if spec else specification_of(Path("build") / board.name)
    if found is None:
        raise CepropError(f"{asked}: there is no build/{board.name}; --spec must name its specification")
    return found
