"""Sphinx directive `exported-names`: the names that a package exports, each with a link to its definition."""

import importlib
import inspect
from types import ModuleType

from docutils.nodes import Node, container
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective


class ExportedNames(SphinxDirective):
    """The argument of the directive is the name of the package."""

    required_arguments = 1

    def run(self) -> list[Node]:
        """A paragraph with the names in `__all__`, or nothing if the package exports none."""
        package = importlib.import_module(self.arguments[0])
        names = [_link(package, name) for name in getattr(package, "__all__", ())]
        if not names:
            return []
        found = container()
        self.state.nested_parse(StringList([f"Exported names: {', '.join(names)}."], source=package.__name__), 0, found)
        return found.children


def _link(package: ModuleType, name: str) -> str:
    value = getattr(package, name)
    if inspect.ismodule(value):
        return f":py:mod:`{name} <{value.__name__}>`"
    if hasattr(value, "__qualname__") and hasattr(value, "__module__"):
        return f":py:obj:`{name} <{value.__module__}.{value.__qualname__}>`"
    return f"``{name}``"


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.add_directive("exported-names", ExportedNames)
    return {"parallel_read_safe": True}
