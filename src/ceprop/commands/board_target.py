"""The board that the options of `ceprop run` name. Its verbs open it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ceprop.common.report import Report
from ceprop.specification import Specification
from ceprop.specification.bundled import bundled_specification

if TYPE_CHECKING:
    from ceprop.boards.host import HostDriver, Place


@dataclass(frozen=True)
class BoardTarget:
    """The values of the group's options. Nothing is loaded before a verb asks for it, so that `ceprop run VERB --help`
    works without a specification and a port."""

    spec: Path | None
    overrides: list[str]
    port: str | None
    make_place: Callable[[str], "Place"]

    @cached_property
    def specification(self) -> Specification:
        """The specification that the board was built from."""
        return Specification.load(self.spec or bundled_specification("digits"), self.overrides)

    @property
    def place(self) -> "Place":
        """Where the board is; raises :class:`click.UsageError` where no port was named."""
        if self.port is None:
            raise click.UsageError("--port must be given before the verb: a serial port, an ftdi:// address, or sim")
        return self.make_place(self.port)

    @contextmanager
    def opened(self, report: Report) -> Iterator["HostDriver"]:
        """Open the board while the context lasts."""
        from ceprop.boards.host import open_board

        with open_board(self.specification, self.place, report.say) as driver:
            yield driver
