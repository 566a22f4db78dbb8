"""Files that are written whole or not at all, and outputs that are checked before the work begins."""

import errno
import os
import secrets
import select
import stat
import time
from collections.abc import Callable
from pathlib import Path

from ceprop.common.errors import CepropError

_READER_SECONDS = 60.0
"""Time for which a pipe may have no reader, or a reader that takes nothing, before the write is given up."""

_LIVE = ("/dev/", "/proc/")
"""Names below these folders stand for something that is open already. No file may be put in their place."""


def write_aside(path: Path, content: bytes) -> None:
    """Make `content` the content of the file at `path`. The folder is made if it is missing.

    A regular file is replaced in one step: the new file is written under a name that nobody can guess and is then
    renamed, so an interrupted write leaves the old file whole. The new file has the mode of the old one, and a symbolic
    link keeps its target. A FIFO, a terminal or another device is written in place.

    Raises :class:`CepropError` where the folder cannot be made or the file cannot be written, and where a FIFO has had
    no reader for a minute.
    """
    _one_line(path, lambda: _write(path, content))


def check_target(path: Path) -> None:
    """Check that an output can be written to `path`, before the long work that makes the output. Nothing is left
    behind.

    Raises :class:`CepropError` for a name that is too long, for a folder, for a place that cannot be written, and for a
    parent that is no folder.
    """
    _one_line(path, lambda: _check(path))


def check_folder(path: Path) -> None:
    """Check that files can be written in the folder `path`, before the long work that makes them. The folder need not
    exist yet. Nothing is left behind.

    Raises :class:`CepropError` where `path` is no folder or cannot be written.
    """
    _one_line(path, lambda: _check(path / "output"))


def _one_line(path: Path, action: Callable[[], None]) -> None:
    try:
        action()
    except OSError as error:
        raise CepropError(f"cannot write {path}: {error.strerror or error}") from None
    except ValueError as error:  # a zero byte in the name
        raise CepropError(f"cannot write {str(path)!r}: {error}") from None


def _write(path: Path, content: bytes) -> None:
    old = _status(path)
    if _in_place(path, old):
        _write_in_place(path, content)
        return
    target = Path(os.path.realpath(path))
    target.parent.mkdir(parents=True, exist_ok=True)
    aside, descriptor = _open_aside(target)
    try:
        with os.fdopen(descriptor, "wb") as file:
            if old is not None:
                os.fchmod(file.fileno(), stat.S_IMODE(old.st_mode))
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(target)
    finally:
        aside.unlink(missing_ok=True)


def _check(path: Path) -> None:
    old = _status(path)
    if _in_place(path, old):
        if not os.access(path, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return
    target = Path(os.path.realpath(path))
    folder = target.parent
    while not folder.exists():
        folder = folder.parent
    # The name is as long as the temporary one will be, because file systems limit names.
    aside, descriptor = _open_aside(folder / target.name)
    os.close(descriptor)
    aside.unlink()


def _status(path: Path) -> os.stat_result | None:
    """Return the status of the file at `path`, with symbolic links followed, or None where there is no file."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, "it is a folder")
    return found


def _in_place(path: Path, found: os.stat_result | None) -> bool:
    if found is None:
        return False
    return not stat.S_ISREG(found.st_mode) or str(path.absolute()).startswith(_LIVE)


def _open_aside(target: Path) -> tuple[Path, int]:
    """Open a new file beside `target`, with the mode that the process gives to new files; return its path and
    descriptor."""
    # The file's own name is cut, so that the longest name still has room for the suffix.
    aside = target.with_name(f".{target.name.encode()[:200].decode(errors='ignore')}.{secrets.token_hex(8)}")
    if len(os.fsencode(target.name)) > os.pathconf(target.parent, "PC_NAME_MAX"):
        raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))
    return aside, os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)


def _write_in_place(path: Path, content: bytes) -> None:
    descriptor = _open_in_place(path)
    try:
        rest = memoryview(content)
        while rest:
            if not select.select([], [descriptor], [], _READER_SECONDS)[1]:
                raise TimeoutError(errno.ETIMEDOUT, f"its reader took nothing for {_READER_SECONDS:.0f} s")
            rest = rest[os.write(descriptor, rest) :]
    finally:
        os.close(descriptor)


def _open_in_place(path: Path) -> int:
    """Return a descriptor that does not block. A FIFO cannot be opened in this way before it has a reader."""
    deadline = time.monotonic() + _READER_SECONDS
    while True:
        try:
            return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        except OSError as error:
            if error.errno != errno.ENXIO or not stat.S_ISFIFO(path.stat().st_mode):
                raise
            if time.monotonic() > deadline:
                raise TimeoutError(errno.ETIMEDOUT, f"it has had no reader for {_READER_SECONDS:.0f} s") from None
            time.sleep(0.05)
