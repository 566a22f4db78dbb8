"""Everything public has a docstring."""

import ast
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_FILES = sorted(
    path for folder in ("hdl", "model", "sim", "boards", "src/ceprop") for path in (_ROOT / folder).rglob("*.py")
)


def undocumented(source: str) -> list[str]:
    """Names of the public classes and functions of a module, and of the methods of its classes, without a docstring."""
    found: list[str] = []

    def look(body: list[ast.stmt], prefix: str) -> None:
        for node in body:
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.name[0] != "_":
                if ast.get_docstring(node) is None:
                    found.append(prefix + node.name)
                if isinstance(node, ast.ClassDef):
                    look(node.body, f"{node.name}.")

    look(ast.parse(source).body, "")
    return found


@pytest.mark.parametrize("path", _FILES, ids=lambda path: str(path.relative_to(_ROOT)))
def test_everything_public_has_a_docstring(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert undocumented(source) == []
    assert ast.get_docstring(ast.parse(source)) is not None


def test_a_missing_docstring_is_found() -> None:
    source = '"""A."""\nclass B:\n    """B."""\n    def c(self): ...\n    def _d(self): ...\ndef e(): ...\n'
    assert undocumented(source) == ["B.c", "e"]
