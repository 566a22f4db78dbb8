"""`ceprop flash`: a bitstream onto a board."""

import shlex
import subprocess
from pathlib import Path

import click

from ceprop.errors import CepropError
from ceprop.report import Report

from .options import board_option, json_option


@click.command()
@board_option
@click.argument("bitstream", required=False, type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Show the command and run nothing.")
@json_option
def flash(board: str, bitstream: Path | None, dry_run: bool, json_file: str | None) -> None:
    """Write BITSTREAM to a board's flash with whichever program for it is here; that of build/BOARD where it is left
    out. A bitstream for another device or board is refused before anything is sent."""
    from ceprop.boards import board as find_board
    from ceprop.boards.flashing import bitstream_of, check_bitstream, find_programmer

    report = Report(json_file)
    target = find_board(board)
    chosen = bitstream or bitstream_of(Path("build") / board)
    check_bitstream(chosen, target)
    programmer = find_programmer(target)
    command = programmer.command(chosen)
    report.say(shlex.join(command))
    if not dry_run:
        done = subprocess.run(command)
        if done.returncode:
            raise CepropError(f"{programmer.program}: exit code {done.returncode}; is {board} connected?")
    report.result({"board": board, "bitstream": str(chosen), "command": command, "sent": not dry_run})
