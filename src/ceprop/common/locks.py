"""Locks: one process at a time works on a file or in a folder. A second process is refused, or it waits."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

from ceprop.common.errors import CepropError

_POLL_SECONDS = 0.05
"""The time between two looks at a lock that another process has."""


def only_on(file: Path) -> AbstractContextManager[None]:
    """Work alone on a file while the context lasts, as :func:`only_in` does in a folder. The lock is a file
    beside it."""
    return wait_for(file, 0)


def wait_for(file: Path, seconds: float) -> AbstractContextManager[None]:
    """Work alone on a file as with :func:`only_on`, and wait up to so many seconds for another process."""
    target = Path(os.path.realpath(file))
    return _locked(target.with_name(f".{target.name}.lock"), file, seconds)


def only_in(folder: Path) -> AbstractContextManager[None]:
    """Work alone in a folder while the context lasts. The folder is made if it is missing.

    The lock is a hidden file in the folder. The file is removed afterwards, and so is a folder that was made here and
    stayed empty. The lock of a killed process is free. Raises :class:`CepropError` where another process works in the
    folder, or where nothing can be written.
    """
    return _locked(folder / ".ceprop.lock", folder, 0)


@contextmanager
def _locked(lock: Path, what: Path, patience: float) -> Iterator[None]:
    deadline = time.monotonic() + patience
    made = [folder for folder in lock.parents if not folder.exists()]
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        while (descriptor := _taken(lock)) is None and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
    except OSError as error:
        raise CepropError(f"cannot write {lock}: {error.strerror}") from None
    if descriptor is None:
        raise CepropError(f"{what}: another ceprop is at work on it; wait until that has ended, or name another")
    try:
        yield
    finally:
        # The file is removed while it is locked. A process that opened it meanwhile sees that the name is gone.
        lock.unlink(missing_ok=True)
        os.close(descriptor)
        # A refused lock leaves no folder behind. A folder that is not empty is not removed.
        with suppress(OSError):
            for folder in made:
                folder.rmdir()


def _taken(lock: Path) -> int | None:
    """Return the descriptor that locks the file, or None where another process has locked it. A second lock in the same
    process counts as one of another process."""
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
