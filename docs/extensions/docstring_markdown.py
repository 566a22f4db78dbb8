"""Prepares docstrings for Sphinx: tables with bars, drawings below a colon, and paragraphs below the parameters.

Docstrings are read in editors and terminals first, and they are easier to read and to write there in this form.
"""

import re
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from sphinx.application import Sphinx


def convert(_app: Sphinx, _kind: str, _name: str, _value: Any, _options: Any, lines: list[str]) -> None:
    """Change the lines of a docstring in place."""
    lines[:] = [*_with_tables(list(_with_drawings(_with_prose_first(lines))))]


def _with_prose_first(lines: list[str]) -> list[str]:
    """Paragraphs without any indented line that follow the first section, such as `Parameters`, move before it."""
    starts = [number for number, line in enumerate(lines[1:]) if re.fullmatch(r"-{3,}", line)]
    if not starts:
        return lines
    paragraphs = [list(group) for _, group in groupby(lines[starts[0] :], key=bool)]
    prose = [found for found in paragraphs if _is_prose(found)]
    rest = [line for found in paragraphs if not _is_prose(found) for line in found]
    return [*lines[: starts[0]], *(line for found in prose for line in [*found, ""]), *rest]


def _is_prose(paragraph: list[str]) -> bool:
    has_section = any(re.fullmatch(r"-{3,}", line) for line in paragraph)
    return paragraph[0] != "" and not has_section and not any(_indent(line) for line in paragraph)


def _with_drawings(lines: list[str]) -> Iterator[str]:
    """A line that ends in one colon before an empty line and an indented one announces a literal block."""
    for number, line in enumerate(lines):
        after = lines[number + 1 : number + 3]
        announces = len(after) == 2 and not after[0] and _indent(after[1]) > _indent(line)
        yield f"{line}:" if announces and re.search(r"[^:]:$", line) else line


def _with_tables(lines: list[str]) -> Iterator[str]:
    """Successive lines that begin with a bar are a table."""
    for is_table, group in groupby(lines, key=lambda line: re.match(r"\|.*\|$", line) is not None):
        found = list(group)
        yield from _table(found) if is_table else found


def _table(lines: list[str]) -> Iterator[str]:
    yield from ("", ".. list-table::", "   :header-rows: 1", "")
    for line in (line for line in lines if not re.fullmatch(r"[|\- :]+", line)):
        for number, cell in enumerate(re.split(r"(?<!\\)\|", line.strip("|"))):
            yield f"   {'* -' if number == 0 else '  -'} {cell.strip()}".rstrip()
    yield ""


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx. Napoleon, which reads the sections of a docstring, comes after it."""
    app.connect("autodoc-process-docstring", convert, priority=400)
    return {"parallel_read_safe": True}
