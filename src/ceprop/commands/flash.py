"""`ceprop flash`: a bitstream onto a board, or a data set beside it."""

import shlex
import subprocess
from pathlib import Path

import click

from ceprop.errors import CepropError
from ceprop.report import Report

from .options import board_option, json_option
from .types import INPUT_FILE


@click.command(short_help="Send a bitstream or a data set to a board.")
@board_option
@click.argument("bitstream", required=False, type=INPUT_FILE)
@click.option(
    "--data-set",
    type=INPUT_FILE,
    metavar="FILE",
    help="Write what `ceprop pack` made to its place in the board's flash, and no bitstream.",
)
@click.option("--dry-run", is_flag=True, help="Show the command and run nothing.")
@json_option
def flash(board: str, bitstream: Path | None, data_set: Path | None, dry_run: bool, json_file: Path | None) -> None:
    """Write BITSTREAM to a board's flash with whichever program for it is here; that of build/BOARD where it is left
    out. A bitstream for another device or board is refused before anything is sent, and so is a damaged data set."""
    if bitstream and data_set:
        raise CepropError("--data-set: writes no bitstream; leave out BITSTREAM, and write that by itself")
    report = Report(json_file)
    command, values = _data_set(board, data_set) if data_set else _bitstream(board, bitstream)
    report.say(shlex.join(command))
    if not dry_run:
        done = subprocess.run(command)
        if done.returncode:
            raise CepropError(f"{command[0]}: exit code {done.returncode}; is {board} connected?")
    report.result({"board": board, **values, "command": command, "sent": not dry_run})


def _bitstream(board: str, bitstream: Path | None) -> tuple[list[str], dict[str, object]]:
    from ceprop.boards import board as find_board
    from ceprop.boards.flashing import bitstream_of, check_bitstream, find_programmer

    target = find_board(board)
    chosen = bitstream or bitstream_of(Path("build") / board)
    check_bitstream(chosen, target)
    return find_programmer(target).command(chosen), {"bitstream": str(chosen)}


def _data_set(board: str, path: Path) -> tuple[list[str], dict[str, object]]:
    from ceprop.boards import board as find_board
    from ceprop.boards.flashing import find_programmer
    from ceprop.boards.host import check_data_set
    from ceprop.boards.protocol import Flash

    target = find_board(board)
    samples = check_data_set(path)
    command = find_programmer(target, anywhere=True).command_at(Flash.DATA_SET, path)
    return command, {"data_set": str(path), "samples": samples, "address": Flash.DATA_SET}
