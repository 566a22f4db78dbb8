"""Files and functions stay short enough to be read at once."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDERS = ("hdl", "model", "sim", "boards", "tests", "docs", "src/ceprop")
LINES_OF_A_FILE, LINES_OF_A_FUNCTION = 300, 60


def sources() -> Iterator[tuple[str, str]]:
    """Every file of Python with its text. The links below `src/ceprop` to the folders at the top are left out."""
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if not any(parent.is_symlink() for parent in path.parents):
                yield str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")


def complaints(name: str, text: str) -> list[str]:
    """What is too long in a file. Docstrings do not count as lines of a function."""
    tree = ast.parse(text)
    found = []
    if text.count("\n") > LINES_OF_A_FILE and " long" not in (ast.get_docstring(tree) or ""):
        found.append(f"{name}: more than {LINES_OF_A_FILE} lines, and its docstring does not say why it is long")
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _lines(node) > LINES_OF_A_FUNCTION:
            found.append(f"{name}: {node.name}: more than {LINES_OF_A_FUNCTION} lines")
    return found


def _lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    first = function.body[1 if ast.get_docstring(function) and len(function.body) > 1 else 0]
    return (function.end_lineno or 0) - first.lineno + 1


def test_no_file_and_no_function_is_too_long() -> None:
    files = dict(sources())
    assert {"hdl/core.py", "src/ceprop/cli.py", "tests/test_sizes.py"} <= files.keys()
    assert [line for name, text in files.items() for line in complaints(name, text)] == []


def test_what_is_too_long_is_found() -> None:
    function = "def long_one():\n" + "    pass\n" * 61
    assert complaints("a.py", function) == ["a.py: long_one: more than 60 lines"]
    assert complaints("b.py", '"""Text."""\n' + "\n" * 300) == [
        "b.py: more than 300 lines, and its docstring does not say why it is long"
    ]
    assert complaints("c.py", '"""This file is long, because of this test."""\n' + "\n" * 300) == []
