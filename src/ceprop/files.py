"""Files written aside and renamed, so that an interrupted write leaves the old file whole."""

import os
import tempfile
from pathlib import Path

from .errors import CepropError


def write_aside(path: Path, content: bytes) -> None:
    """Replace the file at `path` by `content` in one step; the folder is made if it is missing.

    Raises :class:`CepropError` where the folder cannot be made or written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, aside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise CepropError(f"cannot write {path}: {error.strerror}") from None
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(aside).replace(path)
    except OSError as error:
        Path(aside).unlink(missing_ok=True)
        raise CepropError(f"cannot write {path}: {error.strerror}") from None
    except BaseException:
        Path(aside).unlink(missing_ok=True)
        raise
