"""Private folders for work in progress. No other user can write to them, and they are removed afterwards."""

import errno
import fcntl
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ceprop.common.errors import CepropError

_PREFIX = "ceprop-work-"

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

_PLAIN = re.compile(r"[A-Za-z0-9_./+-]+")
"""Characters in a name that `make`, the compilers and the simulators all take literally."""


@contextmanager
def private_folder() -> Iterator[Path]:
    """Give an empty folder of mode 0700, which is removed with all its content when the context ends.

    No character of the folder's name has a meaning for a tool, whatever the user's own folder is called. The folder is
    locked while its process lives. Folders that killed processes have left are removed here.

    Raises :class:`CepropError` where no folder can be made, or where there is no space for the files that are written
    into it.
    """
    try:
        root = _root()
        _remove_left(root)
        folder, lock = _make(root)
    except OSError as error:
        raise CepropError(f"no folder for temporary files: {error.strerror}; TMPDIR can name another") from None
    try:
        yield folder
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        raise CepropError(f"no room for temporary files in {root}: {error.strerror}; TMPDIR can name another") from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _root() -> Path:
    candidates = [tempfile.gettempdir(), "/tmp", "/var/tmp"]
    for candidate in candidates:
        if _PLAIN.fullmatch(candidate) and os.access(candidate, os.W_OK | os.X_OK):
            return Path(candidate)
    raise CepropError(f"TMPDIR {candidates[0]!r}: must be a folder named with letters, digits and _ . / + - only")


def _make(root: Path) -> tuple[Path, int]:
    """Make a new folder; return it and the descriptor that locks it."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=root))
        lock = _lock(folder)
        if lock is not None:
            return folder, lock
        # Another process removed the folder as a left one, in the moment before it was locked.


def _lock(folder: Path) -> int | None:
    """Return a descriptor that locks the folder until it is closed.

    The result is None where another process has locked the folder, or had locked it and has removed it since.
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(descriptor), folder.lstat()):
            return descriptor
    except (BlockingIOError, FileNotFoundError):
        pass
    os.close(descriptor)
    return None


def _remove_left(root: Path) -> None:
    for folder in root.glob(f"{_PREFIX}*"):
        with suppress(OSError):
            found = folder.lstat()
            if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
                continue
            lock = _lock(folder)
            if lock is not None:
                shutil.rmtree(folder, ignore_errors=True)
                os.close(lock)
