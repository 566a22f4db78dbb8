"""Folders in which the tools keep what they compile, also for a user who has no home folder."""

import os
import stat
import tempfile
from pathlib import Path

from ceprop.common.errors import CepropError

_VARIABLE = "XDG_CACHE_HOME"
"""Amaranth's yosys, YoWASP, ccache, Numba and Matplotlib all read this variable."""


def cache_environment() -> dict[str, str]:
    """Return the variables that the environment of a tool needs, so that the tool finds a folder for its cache.

    The result is empty where the user's own folder can be written. Otherwise the variables name a folder that belongs
    to this user alone, below the folder for temporary files. Raises :class:`CepropError` where that folder cannot be
    made or belongs to another user.
    """
    if _writable(_user_folder()):
        return {}
    folder = Path(tempfile.gettempdir(), f"ceprop-cache-{os.geteuid()}")
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError as error:
        raise CepropError(f"no folder for caches: {folder}: {error.strerror}; {_VARIABLE} can name one") from None
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
        raise CepropError(f"no folder for caches: {folder} is not this user's alone; {_VARIABLE} can name another")
    return {_VARIABLE: str(folder)}


def cache_folder() -> Path:
    """Return the folder in which the tools keep what they compile. Raises :class:`CepropError` as
    :func:`cache_environment` does."""
    return Path(cache_environment().get(_VARIABLE, _user_folder()))


def matplotlib_environment() -> dict[str, str]:
    """Return the variables that this program's environment needs before Matplotlib is imported.

    Where the user's folder for settings cannot be written, Matplotlib would make a temporary one and print several
    lines about it in every run.
    """
    if "MPLCONFIGDIR" in os.environ or _can_be_made(_settings_folder()):
        return {}
    try:
        return {"MPLCONFIGDIR": str(cache_folder() / "matplotlib")}
    except CepropError:
        return {}  # a program without plots needs no such folder


def _settings_folder() -> Path:
    named = os.environ.get("XDG_CONFIG_HOME")
    try:
        return Path(named or Path.home() / ".config") / "matplotlib"
    except RuntimeError:  # the system does not know this user
        return Path(os.devnull)


def _can_be_made(folder: Path) -> bool:
    """Tell whether files can be made in a folder, or whether the folder can be made where it is missing."""
    while not os.path.lexists(folder):
        folder = folder.parent
    return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)


def _user_folder() -> Path:
    named = os.environ.get(_VARIABLE)
    if named and Path(named).is_absolute():
        return Path(named)
    try:
        return Path.home() / ".cache"
    except RuntimeError:  # the system does not know this user
        return Path(os.devnull)


def _writable(folder: Path) -> bool:
    """Tell whether files can be made in a folder. The folder is made if it is missing."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK | os.X_OK)
