"""Where the tools keep what they compile for themselves, also for a user without a home."""

import os
import stat
import tempfile
from pathlib import Path

from ceprop.common.errors import CepropError

_VARIABLE = "XDG_CACHE_HOME"
"""Amaranth's yosys, YoWASP, ccache, Numba and Matplotlib all look there."""


def cache_environment() -> dict[str, str]:
    """What must be added to the environment of tools, so that each finds a folder for its cache.

    Nothing where the user's own can be written; else a folder of this user alone below that for temporary files.
    Raises :class:`CepropError` where that cannot be made, or is somebody else's."""
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


def matplotlib_environment() -> dict[str, str]:
    """What must be added to this program's environment before Matplotlib is imported: where a user's folder for
    settings cannot be written, Matplotlib would take a temporary one, and say so at length in every run."""
    if "MPLCONFIGDIR" in os.environ or _can_be_made(_settings_folder()):
        return {}
    try:
        folder = Path(cache_environment().get(_VARIABLE, _user_folder()))
    except CepropError:
        return {}  # what draws nothing needs no such folder
    return {"MPLCONFIGDIR": str(folder / "matplotlib")}


def _settings_folder() -> Path:
    named = os.environ.get("XDG_CONFIG_HOME")
    try:
        return Path(named or Path.home() / ".config") / "matplotlib"
    except RuntimeError:  # a user whom the system does not know
        return Path(os.devnull)


def _can_be_made(folder: Path) -> bool:
    """Whether files can be made in a folder, or the folder itself where it is missing."""
    while not os.path.lexists(folder):
        folder = folder.parent
    return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)


def _user_folder() -> Path:
    named = os.environ.get(_VARIABLE)
    if named and Path(named).is_absolute():
        return Path(named)
    try:
        return Path.home() / ".cache"
    except RuntimeError:  # a user whom the system does not know
        return Path(os.devnull)


def _writable(folder: Path) -> bool:
    """Whether files can be made in a folder, which is made if it is missing."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK | os.X_OK)
