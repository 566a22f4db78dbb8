"""The table "Where to look" of docs/architecture.md names files and definitions that exist."""

import ast
import re
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[1]
_TEXT = (_ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
_SECTION = _TEXT.partition("## Where to look\n")[2].partition("\n## ")[0]


def _quoted(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


ROWS = [
    (question.strip(), _quoted(files), _quoted(names))
    for question, files, names in re.findall(r"^\| ([^|]+\?) \|([^|]+)\|([^|]+)\|$", _SECTION, re.MULTILINE)
]


def _definitions(path: Path) -> set[str]:
    """The classes, functions and constants of a module."""
    found: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign):
            found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return found


def test_every_row_of_the_table_is_read():
    assert len(ROWS) == len(re.findall(r"^\|", _SECTION, re.MULTILINE)) - 2
    assert len(ROWS) >= 10


@pytest.mark.parametrize(("question", "files", "names"), ROWS, ids=[row[0] for row in ROWS])
def test_files_and_names_exist(question: str, files: list[str], names: list[str]):
    assert files, question
    assert names, question
    defined: set[str] = set()
    for file in files:
        assert (_ROOT / file).is_file(), file
        defined |= _definitions(_ROOT / file)
    assert set(names) <= defined, sorted(set(names) - defined)
