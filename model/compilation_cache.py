"""A cache of compiled code on disk. Each file has a checksum, which is verified before Numba unpacks the file, and a
file that another user can have written is not unpacked.

Numba's own cache does not verify its files. An empty or truncated file would end the program with a traceback, and
damaged machine code may do anything. This cache ignores such a file, and the function is compiled again.

One process compiles a function, and the others wait for its file. Otherwise all workers of a run that begins with an
empty cache would compile the same functions.
"""

import hashlib
import io
import pickle
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from numba.core.caching import FunctionCache, IndexDataCacheFile

from ceprop.common.errors import CepropError, CepropWarning
from ceprop.common.locks import wait_for
from ceprop.common.ownership import only_ours

_MAGIC = b"ceprop compiled code 1\n"
_DIGEST = hashlib.sha256().digest_size
_PATIENCE = 300.0
"""Seconds to wait for the process that compiles a function. It takes some 15 seconds of processor time. After that,
this process compiles too."""


class SealedCache(FunctionCache):
    """Numba's cache of one function, kept in files with a checksum."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        locator = self._impl.locator
        # These files have a name of their own, because Numba's files of the same function have no checksum.
        name = f"{self._impl.filename_base}.sealed"
        self._cache_file = SealedFiles(locator.get_cache_path(), name, locator.get_source_stamp())
        self._alone = ExitStack()

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Load compiled code. If there is none, return None, and let other processes wait until it is saved."""
        found = super().load_overload(sig, target_context)
        if found is not None:
            return found
        self._alone.close()  # A compilation that failed was not saved.
        # Without a lock, because the folder cannot be written or the wait was long, every process compiles.
        with suppress(CepropError):
            self._alone.enter_context(wait_for(Path(self._cache_file._index_path), _PATIENCE))
        # Another process may have saved it meanwhile.
        found = super().load_overload(sig, target_context)
        if found is not None:
            self._alone.close()
        return found

    def save_overload(self, sig: Any, data: Any) -> None:
        """Save compiled code. If the folder cannot be written, a warning is given and the program goes on."""
        try:
            super().save_overload(sig, data)
        except OSError as error:
            _warn(f"cannot be kept in {self._cache_path} ({error.strerror}); it is compiled in every process")
        finally:
            self._alone.close()


class SealedFiles(IndexDataCacheFile):
    """The index file and the data files of one function. Each file has a mark, the SHA-256 of the rest, and the content
    that Numba would write."""

    def _load_index(self) -> dict[Any, str]:
        """Return the index of the compiled code, or an empty one if the file is missing, damaged or of another
        version."""
        try:
            content = io.BytesIO(_unsealed(Path(self._index_path)))
        except OSError:
            return {}
        if pickle.load(content) != self._version:
            return {}
        stamp, overloads = pickle.load(content)
        return overloads if stamp == self._source_stamp else {}

    def _load_data(self, name: str) -> Any:
        """Return compiled code. Raises OSError if the file is missing or damaged."""
        # Numba treats an OSError as a missing file: it compiles the function and writes the file again.
        return pickle.loads(_unsealed(Path(self._data_path(name))))

    @contextmanager
    def _open_for_write(self, filepath: str) -> Iterator[Any]:
        """Yield a file whose content is then written after a mark and its checksum."""
        content = io.BytesIO()
        yield content
        with super()._open_for_write(filepath) as file:
            file.write(_MAGIC + hashlib.sha256(content.getvalue()).digest() + content.getvalue())


def _unsealed(path: Path) -> bytes:
    """Return the content of a file after its mark and its checksum.

    Raises OSError if the file is missing. Warns and raises OSError if the file cannot be read, is damaged, or can have
    been written by another user.
    """
    try:
        ours = only_ours(path)
        file = path.read_bytes()
    except FileNotFoundError:
        raise
    except OSError as error:
        _warn(f"in {path.parent} cannot be read ({error.strerror}); it is compiled again")
        raise
    if not ours:
        _warn(f"in {path.parent} can be written by other users; it is not used, and compiled again")
        raise OSError(f"{path} can be written by other users")
    start = len(_MAGIC) + _DIGEST
    content = file[start:]
    if file[:start] != _MAGIC + hashlib.sha256(content).digest():
        _warn(f"in {path.parent} is damaged; it is compiled again")
        # The file is removed for the next process. If it cannot be removed, the next process gives the same warning.
        with suppress(OSError):
            path.unlink()
        raise OSError(f"{path} is damaged")
    return content


def _warn(message: str) -> None:
    """Warn with :class:`CepropWarning`."""
    # The text names only the folder, so that many damaged files of one folder give one warning.
    warnings.warn(f"compiled code {message}", CepropWarning, stacklevel=2)
