"""The tables of docs/specification.md, made from the types that check a specification."""

import types
from collections.abc import Iterator
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from ceprop.specification.fields import RateChange, Section, Within
from ceprop.specification.specification import NAME, Specification


class FieldRow(NamedTuple):
    """One field: its key, its type, the values that it may have, its default as TOML text, and its meaning."""

    key: str
    type: str
    allowed: str
    default: str
    meaning: str


def tables() -> dict[str, list[FieldRow]]:
    """Return the rows of each table of the TOML file, by the table's name. The table at the top of the file has the
    name ""."""
    sections = {name: _section(field) for name, field in Specification.model_fields.items()}
    found = {"": [_row("", name, field) for name, field in Specification.model_fields.items() if not sections[name]]}
    for name, section in sections.items():
        if section is not None:
            found[name] = [_row(f"{name}.", key, field) for key, field in section.model_fields.items()]
    found["update.schedule"] = [_row("", key, field) for key, field in RateChange.model_fields.items()]
    return found


def page() -> str:
    """Return all tables as Markdown, with a heading above each."""
    return "\n".join(line for name, rows in tables().items() for line in _table(name, rows))


def _table(name: str, rows: list[FieldRow]) -> Iterator[str]:
    if name == "":
        yield "### Top of the file"
    elif name == "update.schedule":
        yield "### An entry of `update.schedule`"
    else:
        yield f"### `[{name}]`"
        yield f"\n{_section_text(name)}"
    yield "\n| field | type | allowed | default | meaning |\n|---|---|---|---|---|"
    for row in rows:
        yield f"| `{row.key}` | {row.type} | {row.allowed} | {row.default} | {row.meaning} |"
    yield ""


def _section_text(name: str) -> str:
    section = _section(Specification.model_fields[name])
    return " ".join((section.__doc__ or "").split()) if section else ""


def _section(field: FieldInfo) -> type[Section] | None:
    """Return the section behind a field of the specification, or None where the field is a value."""
    for kind in (field.annotation, *get_args(field.annotation)):
        if isinstance(kind, type) and issubclass(kind, Section):
            return kind
    return None


def _row(prefix: str, name: str, field: FieldInfo) -> FieldRow:
    kind, allowed = _describe(field.annotation, field.metadata)
    return FieldRow(prefix + name, kind, allowed, _default(field), " ".join((field.description or "").split()))


def _describe(annotation: Any, metadata: list[Any]) -> tuple[str, str]:
    """Return `(type, allowed values)` of a field."""
    for check in metadata:
        if isinstance(check, Within):
            return "integer", f"{check.low} to {check.high}"
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _describe(arguments[0], list(arguments[1:]))
    if origin in (Union, types.UnionType):
        return _describe(next(kind for kind in arguments if kind is not type(None)), [])
    if origin is Literal:
        return "string", ", ".join(f'`"{value}"`' for value in arguments)
    if origin is tuple:
        kind, allowed = _describe(arguments[0], [])
        return f"list of {kind}s", f"each {allowed}" if allowed else ""
    if annotation is bool:
        return "boolean", "`true`, `false`"
    if annotation is str:
        return "string", f"`{NAME}`"
    if annotation is RateChange:
        return "table", ""
    raise TypeError(f"{annotation}: no description for this type")


def _default(field: FieldInfo) -> str:
    value = field.default
    if value is PydanticUndefined:
        return "must be given"
    if value is None:
        return "absent"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple):
        return f"`{list(value)}`"
    return f'`"{value}"`' if isinstance(value, str) else f"`{value}`"
