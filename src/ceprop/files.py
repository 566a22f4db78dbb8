"""Files written aside and renamed, so that an interrupted write leaves the old file whole."""

import os
from pathlib import Path

from ceprop.errors import CepropError


def write_aside(path: Path, content: bytes) -> None:
    """Replace the file at `path` by `content` in one step; the folder is made if it is missing.

    Raises :class:`CepropError` where the folder cannot be made or written."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with aside.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            aside.replace(path)
        finally:
            aside.unlink(missing_ok=True)
    except OSError as error:
        raise CepropError(f"cannot write {path}: {error.strerror}") from None
