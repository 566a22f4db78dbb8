"""How the log of results of a board is shown."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from ceprop.common.report import Report

if TYPE_CHECKING:
    from ceprop.boards.log_form import LogEntry


def show_log(report: Report, board: str, entries: "Sequence[LogEntry]") -> None:
    """Show the entries of the log of a board, from the oldest one on."""
    rows = [
        (f"epoch {e.epochs}", f"{e.training_errors:,} of {e.samples:,} wrong, {e.held_out_errors:,} of {e.held_out:,}")
        for e in entries
    ]
    report.table(f"log in the flash of {board}: training samples, and held-out samples", rows)
    report.result({"board": board, "entries": [asdict(entry) for entry in entries]})
