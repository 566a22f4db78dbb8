"""The mutants of source files: all places where an operator of cosmic-ray changes something, and a seeded draw of
them."""

import difflib
import random
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import CodeType

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.operator import Operator
from cosmic_ray.plugins import get_operator, operator_names

from ceprop.common.kept_files import key_of
from ceprop.verification.python_mutation.exempt import ExemptPlaces

_LEFT_OUT = ("Eq_Is", "Is_Eq", "NotEq_IsNot", "IsNot_NotEq")
"""Between `==` and `is` there is no difference for None, for members of an Enum and for small numbers."""


@dataclass(frozen=True)
class SourceMutant:
    """A source file with one change.

    Fields
    ------
    file : str
        The file, from the top of the repository on.
    line : int
        The line of the change, counted from 1.
    operator : str
        The name of cosmic-ray's operator.
    occurrence : int
        The number of the place among all those of this operator in the file, counted from 0.
    change : str
        The lines before and after the change.
    text : str
        The whole file with the change.
    """

    file: str
    line: int
    operator: str
    occurrence: int
    change: str
    text: str


@dataclass(frozen=True)
class _Place:
    operator: str
    occurrence: int
    line: int


def drawn_mutants(sources: Mapping[str, str], count: int, seed: int) -> list[SourceMutant]:
    """Draw mutants of source files, in the order of files and lines.

    Each file has about as many as its share of all mutants, and at least one where `count` allows it. A draw of more
    mutants with the same seed has those of the smaller draw. Changes that Python compiles to the code of the unchanged
    file or of another drawn mutant are left out, and so are those that it does not compile.

    Parameters
    ----------
    sources : mapping of str to str
        The text of each file by its name.
    count, seed : int
        The number of mutants, and the seed of the draw. There are fewer where the files have fewer.
    """
    ranked: list[tuple[float, str, _Place]] = []
    for file, text in sources.items():
        places = list(_places(text))
        random.Random(f"{seed} {file}").shuffle(places)
        ranked += [((k + 0.5) / len(places) if k else 0.0, file, place) for k, place in enumerate(places)]
    ranked.sort(key=lambda entry: entry[:2])
    seen = {(file, _digest(text)) for file, text in sources.items()}
    found: list[SourceMutant] = []
    for _, file, place in ranked:
        if len(found) == count:
            break
        text = mutate_code(sources[file], _operators()[place.operator], place.occurrence)
        digest = None if text is None else _digest(text)
        if text is None or digest is None or (file, digest) in seen:
            continue
        seen.add((file, digest))
        change = _change(sources[file], text)
        found.append(SourceMutant(file, place.line, place.operator, place.occurrence, change, text))
    return sorted(found, key=lambda mutant: (mutant.file, mutant.line, mutant.operator, mutant.occurrence))


@cache
def _operators() -> dict[str, Operator]:
    """The operators by their names. Those that need names of variables as arguments are left out."""
    classes = {name.rpartition("/")[2]: get_operator(name) for name in operator_names()}
    return {name: each() for name, each in classes.items() if not each.arguments() and not name.endswith(_LEFT_OUT)}


def _places(text: str) -> Iterator[_Place]:
    """Yield every place of a file where an operator changes something."""
    exempt = ExemptPlaces(text)
    occurrences = dict.fromkeys(_operators(), 0)
    for node in ast_nodes(get_ast(text)):
        for name, operator in _operators().items():
            # The base class of the operators does not declare what this method returns.
            for first, _ in operator.mutation_positions(node):  # pyright: ignore[reportGeneralTypeIssues]
                if first not in exempt:
                    yield _Place(name, occurrences[name], first[0])
                occurrences[name] += 1


def _digest(text: str) -> str | None:
    """Return a digest of what Python compiles a file to, without its lines, or None where it cannot be compiled."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)
        try:
            return key_of(_compiled(compile(text, "file", "exec", dont_inherit=True)))
        except (SyntaxError, ValueError):
            return None


def _compiled(code: CodeType) -> list[object]:
    names = (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
    constants = [_compiled(each) if isinstance(each, CodeType) else repr(each) for each in code.co_consts]
    return [code.co_name, code.co_flags, code.co_code.hex(), code.co_exceptiontable.hex(), names, constants]


def _change(before: str, after: str) -> str:
    """Return the lines that differ, before and after."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")
    different = [line for line in lines if not line.startswith(("---", "+++", "@@"))]
    old, new = (" ".join(line[1:].strip() for line in different if line[0] == sign) for sign in "-+")
    return f"{old} → {new or 'nothing'}"
