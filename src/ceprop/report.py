"""What a verb shows: tables, progress, and the same result as JSON."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from .files import write_aside

Advance = Callable[[int, int], None]
"""Called with what is done and what there is to do."""


class Report:
    """Where a verb's output goes. With `json_file` "-", standard output holds the JSON and nothing else."""

    def __init__(self, json_file: str | None = None) -> None:
        self._json_file = json_file
        self._console = Console(stderr=json_file == "-", soft_wrap=True, highlight=False)
        self._errors = Console(stderr=True, highlight=False)

    def say(self, text: str) -> None:
        """One line for the reader."""
        self._console.print(text, markup=False)

    def table(self, title: str, rows: Sequence[Sequence[object]], columns: Sequence[str] = ()) -> None:
        """A table; without `columns` it has no header, which suits names and values."""
        table = Table(title=title, title_justify="left", title_style="bold", show_header=bool(columns))
        for name in columns or [""] * len(rows[0]):
            table.add_column(name, overflow="fold")
        for row in rows:
            table.add_row(*(str(cell) for cell in row))
        # Not softly wrapped as lines are: a table folds inside its columns.
        self._console.print(table, soft_wrap=False)

    @contextmanager
    def progress(self, label: str) -> Iterator[Advance]:
        """A progress bar on standard error; nothing where that is no terminal."""
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self._errors, transient=True, disable=not self._errors.is_terminal) as bar:
            task = bar.add_task(label, total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total)

    @contextmanager
    def stages(self) -> Iterator[Callable[[str], None]]:
        """Shows on standard error what is being done, each stage in place of the one before, and for how long; nothing
        where that is no terminal."""
        columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        with Progress(*columns, console=self._errors, transient=True, disable=not self._errors.is_terminal) as bar:
            task = bar.add_task("")
            yield lambda stage: bar.update(task, description=stage)

    def result(self, values: dict[str, Any]) -> None:
        """Write the result as JSON, if it was asked for."""
        if self._json_file is None:
            return
        text = as_json(values)
        if self._json_file == "-":
            click.echo(text, nl=False)
        else:
            write_aside(Path(self._json_file), text.encode())


def as_json(values: dict[str, Any]) -> str:
    """A result as the text of a JSON file."""
    return json.dumps(values, indent=2) + "\n"


def percent(share: float | None) -> str:
    """A share as a reader likes it; a dash for None."""
    return "-" if share is None else f"{100 * share:.2f} %"
