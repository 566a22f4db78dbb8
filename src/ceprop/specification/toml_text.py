"""TOML as the user writes it: files, overrides from the command line, and errors in one line."""

import json
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ceprop.common.errors import CepropError
from ceprop.common.reading import read_up_to

_LARGEST_FILE = 1 << 20
_MOST_DOTS = 200
"""Most dots in a line of a file. The time for a key grows with the square of its parts, and no field has three
parts."""


def read_toml(path: Path) -> dict[str, Any]:
    """Return the fields of a TOML file, which may begin with a byte order mark.

    Raises :class:`CepropError` where the file cannot be read, is too large, or is not TOML.
    """
    try:
        content = read_up_to(path, _LARGEST_FILE)
    except OSError as error:
        raise CepropError(f"specification {path}: {error.strerror}") from None
    if len(content) > _LARGEST_FILE:
        raise CepropError(f"specification {path}: more than {_LARGEST_FILE:,} bytes")
    try:
        text = content.decode("utf-8-sig")
        if any(line.count(".") > _MOST_DOTS for line in text.splitlines()):
            raise RecursionError
        return tomllib.loads(text)
    except RecursionError:
        raise CepropError(f"specification {path}: not TOML: nested too deeply") from None
    except ValueError as error:  # TOMLDecodeError, UnicodeDecodeError, or a number with too many digits
        raise CepropError(f"specification {path}: not TOML: {error}") from None


def set_field(fields: dict[str, Any], override: str) -> None:
    """Set one field in place from `key=value`: the key is dotted, the value is TOML or a bare word. Raises
    :class:`CepropError` where it is neither."""
    key, equals, text = override.partition("=")
    if not equals or not key:
        raise CepropError(f"--set {override}: must be key=value, for example array.rows=4")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError):  # too many digits, too deep, or no TOML
        value = text  # a bare word, so that --set name=mine needs no quotes
    *path, last = key.split(".")
    section = fields
    for part in path:
        section = section.setdefault(part, {})
        if not isinstance(section, dict):
            raise CepropError(f"--set {override}: {part} is a value, not a section")
    section[last] = value


def overrides_of(fields: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """Yield `key=value` for every field of nested fields. :func:`set_field` makes the same fields from them."""
    for key, value in fields.items():
        if isinstance(value, Mapping):
            yield from overrides_of(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}={_toml_value(value)}"


def _toml_value(value: Any) -> str:
    """Return a value of a specification as TOML in one line. A string, number or boolean is the same in JSON."""
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{key}={_toml_value(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_toml_value, value)) + "]"
    return json.dumps(value)


def one_line(error: Any) -> str:
    """A pydantic error as one line: the field, the value and what is allowed."""
    where = ".".join(str(part) for part in error["loc"])
    message = error["msg"].removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        return f"{where} = {error['input']!r}: no such field"
    if error["type"] == "missing":
        return f"{where}: must be given"
    if not where:
        return message
    return f"{where} = {error['input']!r}: {message[0].lower()}{message[1:]}"
