"""Results that are kept beside what they were made from, and made again where they are damaged."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from ceprop.common.errors import CepropError
from ceprop.common.records import read_record

Found = TypeVar("Found")


def cached(path: Path, kind: str, understand: Callable[[dict[str, Any]], Found]) -> Found | None:
    """What `understand` makes of the record at `path`; None where there is none, and where it is damaged or not
    understood, of which a line on standard error tells.

    `understand` raises :class:`CepropError` where what the record names is damaged itself."""
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
