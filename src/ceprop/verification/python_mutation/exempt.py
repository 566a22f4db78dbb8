"""The places of a source file that have no mutants, because a change there never changes what the program does."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

Position = tuple[int, int]
"""A line, counted from 1, and a column in characters, counted from 0."""

_MESSAGES = re.compile(r"_?(warn|say|echo)")
_ALIAS = re.compile(r"_?[A-Z]\w*[a-z]\w*")


@dataclass(frozen=True)
class ExemptPlaces:
    """The exempt places of a source file.

    These are docstrings, `__all__`, type annotations, names of types, `if TYPE_CHECKING`, and the texts of exceptions,
    warnings and printed lines. An annotation with a call is not exempt, because it may check values:
    `Annotated[int, Field(ge=1)]`.
    """

    text: str

    @cached_property
    def spans(self) -> tuple[tuple[Position, Position], ...]:
        """The beginning and the end of each place."""
        return tuple(map(self._span, _exempt(ast.parse(self.text))))

    def __contains__(self, position: Position) -> bool:
        return any(first <= position < last for first, last in self.spans)

    def _span(self, node: ast.AST) -> tuple[Position, Position]:
        first = self._position(getattr(node, "lineno", 0), getattr(node, "col_offset", 0))
        return first, self._position(getattr(node, "end_lineno", 0), getattr(node, "end_col_offset", 0))

    def _position(self, line: int, offset: int) -> Position:
        """`ast` counts bytes of UTF-8, and cosmic-ray counts characters."""
        return line, len(self._lines[line - 1].encode()[:offset].decode())

    @cached_property
    def _lines(self) -> list[str]:
        return self.text.splitlines()


def _exempt(tree: ast.Module) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        if isinstance(node, ast.arg | ast.AnnAssign):
            yield from _without_call(node.annotation)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _without_call(node.returns)
        elif isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            yield node
        elif isinstance(node, ast.Raise) or _says(node):
            yield from _texts(node)
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield node
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            if name == "__all__":
                yield node
            elif _ALIAS.fullmatch(name):
                yield from _without_call(node)


def _says(node: ast.AST) -> bool:
    """Whether it is a call that warns or prints."""
    return isinstance(node, ast.Call) and bool(_MESSAGES.fullmatch(ast.unparse(node.func).rpartition(".")[2]))


def _without_call(node: ast.AST | None) -> Iterator[ast.AST]:
    """The node, if it has no call."""
    if node is not None and not any(isinstance(part, ast.Call) for part in ast.walk(node)):
        yield node


def _texts(node: ast.AST) -> Iterator[ast.AST]:
    """The texts in a statement or a call."""
    for part in ast.walk(node):
        if isinstance(part, ast.JoinedStr) or (isinstance(part, ast.Constant) and isinstance(part.value, str)):
            # Parts of a text with values have no place of their own before Python 3.12.
            yield part
