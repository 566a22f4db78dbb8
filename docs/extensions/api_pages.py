"""Writes one page for every module of `ceprop` into `docs/api/generated` before Sphinx reads the documents.

A page of a package has its docstring, its exported names, and a table of its modules. A page of a module has the
docstrings of everything public in it. `ceprop.commands` is described by the page of the command line instead.
"""

import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

from sphinx.application import Sphinx

ROOTS = ("specification", "model", "hdl", "sim", "boards", "performance", "experiments", "common")
"""Folders of `ceprop` that have pages."""
IN_A_SIMULATOR = ("ceprop.boards.testbench.bench", "ceprop.sim.bench_core", "ceprop.sim.units.bench")
"""Entry points of testbenches. They can be imported only by a simulator that runs them, so they have no page."""


def write_pages(app: Sphinx) -> None:
    """Write the pages that are missing or changed, and remove those of modules that are gone."""
    folder = Path(app.srcdir) / "api/generated"
    folder.mkdir(exist_ok=True)
    pages = dict(page for root in ROOTS for page in _pages(f"ceprop.{root}"))
    for name, text in pages.items():
        path = folder / f"{name}.rst"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
    for path in folder.iterdir():
        if path.stem not in pages:
            path.unlink()


def _pages(name: str) -> Iterator[tuple[str, str]]:
    """The page of a module, then those of the modules in it; each as its name and its text."""
    module = importlib.import_module(name)
    inside = [f"{name}.{found.name}" for found in pkgutil.iter_modules(getattr(module, "__path__", ()))]
    inside = [other for other in inside if other not in IN_A_SIMULATOR]
    yield name, _package(name, inside) if inside else _module(name)
    for other in inside:
        yield from _pages(other)


def _module(name: str) -> str:
    return f"{name}\n{'=' * len(name)}\n\n.. automodule:: {name}\n"


def _package(name: str, inside: list[str]) -> str:
    table = "".join(f"   {other}\n" for other in inside)
    return (
        f"{_module(name)}\n.. exported-names:: {name}\n\n"
        f".. py:currentmodule:: None\n\n.. autosummary::\n\n{table}\n.. toctree::\n   :hidden:\n\n{table}"
    )


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("builder-inited", write_pages)
    return {"parallel_read_safe": True}
