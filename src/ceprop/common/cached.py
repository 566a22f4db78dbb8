"""Results that are kept in a file beside their source. A damaged file is made again."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from ceprop.common.errors import CepropError
from ceprop.common.records import read_record

Found = TypeVar("Found")


def cached(path: Path, kind: str, understand: Callable[[dict[str, Any]], Found]) -> Found | None:
    """Read the record at `path` and return what `understand` makes of it.

    The result is None where there is no record, and where the record is damaged or not understood; a line on standard
    error tells about the second case.

    `understand` raises :class:`CepropError` where a file that the record names is damaged.
    """
    if not path.exists():
        return None
    try:
        return understand(read_record(path, kind))
    except CepropError as error:
        reason = str(error)
    except (TypeError, KeyError, AttributeError, ValueError):
        reason = f"{kind} {path}: not of this version of ceprop"
    click.echo(f"ceprop: {reason}; it is made again", err=True)
    return None
