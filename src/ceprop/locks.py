"""One process at a time works on a file or in a folder; a second one is refused."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import CepropError

_NAME = ".ceprop.lock"


@contextmanager
def only_here(path: Path) -> Iterator[None]:
    """Work alone on the file, or in the folder, at `path` while the context lasts. A folder must exist.

    The lock is a hidden file beside the file or in the folder; it is gone afterwards, and one that a killed process
    has left is free. Raises :class:`CepropError` where another process holds it."""
    target = Path(os.path.realpath(path))
    lock = target / _NAME if target.is_dir() else target.with_name(f".{target.name}.lock")
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        descriptor = _taken(lock)
    except OSError as error:
        raise CepropError(f"cannot write {lock}: {error.strerror}") from None
    if descriptor is None:
        raise CepropError(f"{path}: another ceprop is at work on it; wait until that has ended, or name another")
    try:
        yield
    finally:
        # Removed while it is locked: who opens it meanwhile sees that it is not the file of that name any more.
        lock.unlink(missing_ok=True)
        os.close(descriptor)


def _taken(lock: Path) -> int | None:
    """The descriptor that locks the file, or None where another process does."""
    while True:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if lock.exists() and os.path.samestat(os.fstat(descriptor), lock.stat()):
                return descriptor
        except BlockingIOError:
            os.close(descriptor)
            return None
        os.close(descriptor)
