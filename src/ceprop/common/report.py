"""The output of a verb: tables, progress, and the same result as JSON."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from ceprop.common.files import write_aside

_WIDEST_TABLE = 10_000

Advance = Callable[[int, int], None]
"""Is called with the work that is done and the work in total."""


class Report:
    """The destination of a verb's output.

    With `json_file` "-", standard output carries the JSON and nothing else, and the text goes to standard error.
    """

    def __init__(self, json_file: str | Path | None = None) -> None:
        self._json_file = None if json_file is None else Path(json_file)
        self._json_to_output = str(json_file) == "-"
        self._console = Console(stderr=self._json_to_output, soft_wrap=True, highlight=False)
        if not self._console.is_terminal:
            # In a file or a pipe nothing folds, so that names and hashes stay whole.
            self._console.width = _WIDEST_TABLE
        self._errors = Console(stderr=True, highlight=False)

    def say(self, text: str) -> None:
        """Print one line."""
        self._console.print(text, markup=False)

    def table(self, title: str, rows: Sequence[Sequence[object]], columns: Sequence[str] = ()) -> None:
        """Print a table. Without `columns` the table has no header, which suits names and values."""
        table = Table(title=Text(title), title_justify="left", title_style="bold", show_header=bool(columns))
        for name in columns or [""] * len(rows[0]):
            table.add_column(Text(name), overflow="fold")
        for row in rows:
            # As Text, because rich would take the name of a file in brackets for markup.
            table.add_row(*(Text(str(cell)) for cell in row))
        # Without soft wrapping, because a table folds inside its columns.
        self._console.print(table, soft_wrap=False)

    @contextmanager
    def progress(self, label: str) -> Iterator[Advance]:
        """Show a progress bar on standard error, or nothing where standard error is no terminal."""
        columns = (_description(), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self._errors, transient=True, disable=not self._errors.is_terminal) as bar:
            task = bar.add_task(label, total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total)

    @contextmanager
    def stages(self) -> Iterator[Callable[[str], None]]:
        """Show on standard error the present stage of the work and its duration. Each stage replaces the one before.
        Nothing is shown where standard error is no terminal."""
        columns = (SpinnerColumn(), _description(), TimeElapsedColumn())
        with Progress(*columns, console=self._errors, transient=True, disable=not self._errors.is_terminal) as bar:
            task = bar.add_task("")
            yield lambda stage: bar.update(task, description=stage)

    def result(self, values: dict[str, Any]) -> None:
        """Write the result as JSON, if the user asked for it. Raises :class:`CepropError` where it cannot be
        written."""
        if self._json_file is None:
            return
        text = as_json(values)
        if self._json_to_output:
            click.echo(text, nl=False)
        else:
            write_aside(self._json_file, text.encode())


def _description() -> TextColumn:
    return TextColumn("{task.description}", markup=False)


def as_json(values: dict[str, Any]) -> str:
    """Return a result as the text of a JSON file."""
    return json.dumps(values, indent=2) + "\n"


def percent(share: float | None) -> str:
    """Return a share as text in per cent, or a dash for None."""
    return "-" if share is None else f"{100 * share:.2f} %"
