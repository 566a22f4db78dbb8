"""A private copy of a checkout, in which a source file is changed for a while."""

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path


class PrivateCopy:
    """A copy of some files of a checkout. Symbolic links stay links.

    Parameters
    ----------
    root : Path
        The top of the checkout.
    files : iterable of str
        The names of the files, from the top on. A file that is missing is left out.
    folder : Path
        The folder that gets the copy.
    """

    def __init__(self, root: Path, files: Iterable[str], folder: Path):
        self.folder = folder
        self._changes = 0
        for name in files:
            if os.path.lexists(root / name):
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(root / name, folder / name, follow_symlinks=False)

    @contextmanager
    def changed(self, name: str, text: str) -> Iterator[None]:
        """Give a file another content while the context lasts.

        Python and Numba know by the time of a file, in whole seconds, whether what they have compiled is of this file.
        So each change has a time of its own, and the file has its own time again afterwards.
        """
        path = self.folder / name
        content, status = path.read_bytes(), path.stat()
        self._changes += 1
        path.write_text(text, encoding="utf-8")
        os.utime(path, (status.st_atime, int(status.st_mtime) + self._changes))
        try:
            yield
        finally:
            path.write_bytes(content)
            os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
