"""Sphinx directive `register-table`: the registers of a specification's core, from the list that makes them."""

from pathlib import Path

from docutils.nodes import Node, container
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from ceprop.specification import Register, Specification, registers

_HEAD = ("| address | register | access | initially | least to most | meaning |", "|---|---|---|---|---|---|")


class RegisterTable(SphinxDirective):
    """The argument of the directive is the path of the specification's file from `docs/`."""

    required_arguments = 1

    def run(self) -> list[Node]:
        """The table. Sphinx makes it again when the file has changed."""
        path = (Path(self.env.srcdir) / self.arguments[0]).resolve()
        self.env.note_dependency(str(path))
        lines = [*_HEAD, *map(_row, registers(Specification.load(path)))]
        found = container()
        self.state.nested_parse(StringList(lines, source=str(path)), 0, found)
        return found.children


def _row(register: Register) -> str:
    access = "read, write" if register.writable else "read"
    bounds = f"{register.least} to {register.most}" if register.writable else ""
    cells = (register.address, f"`{register.name}`", access, register.initial, bounds, register.meaning)
    return f"| {' | '.join(map(str, cells))} |"


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.add_directive("register-table", RegisterTable)
    return {"parallel_read_safe": True}
