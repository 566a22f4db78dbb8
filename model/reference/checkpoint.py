"""A run of the float reference in one file: numpy's `npz` format, followed by a mark with a version, and by the SHA-256
of everything before it."""

import hashlib
import io
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from ceprop.common.errors import CepropError
from ceprop.common.files import write_aside
from ceprop.common.reading import read_up_to
from ceprop.model.datasets import Images
from ceprop.model.reference.settings import Settings
from ceprop.model.reference.training import ReferenceRow, ReferenceRun

# numpy can still read the arrays, because it ignores bytes after the end of a zip file.
_MARK = b"\r\nceprop float run, version 1\r\n"
_DIGEST = hashlib.sha256().digest_size
# Upper bound for the rest of a file: the history and the headers of numpy.
_LARGEST_REST = 1 << 26


def save_run(run: ReferenceRun, path: Path) -> None:
    """Write the weights and the history of `run` to `path`. After a crash, the file is either the old one or the new
    one, and always complete."""
    content = io.BytesIO()
    header = {"run": _digest(run.settings, run.images), "history": [asdict(row) for row in run.history]}
    arrays: dict[str, Any] = {"header": np.array(json.dumps(header)), **run.network.parameters()}
    np.savez(content, **arrays)
    marked = content.getvalue() + _MARK
    write_aside(path, marked + hashlib.sha256(marked).digest())


def resume_run(settings: Settings, images: Images, path: Path) -> ReferenceRun:
    """Return the run that :func:`save_run` wrote to `path`, which then goes on to the same bits. If there is no file, a
    new run is returned.

    Raises :class:`CepropError` if the file cannot be read, is truncated or altered in any byte, has another version, or
    belongs to another run.
    """
    run = ReferenceRun.start(settings, images)
    if not path.exists():
        return run
    room = sum(array.nbytes for array in run.network.parameters().values()) + _LARGEST_REST
    with np.load(io.BytesIO(_unsealed(path, room)), allow_pickle=False) as file:
        header = json.loads(str(file["header"]))
        if header["run"] != _digest(settings, images):
            raise CepropError(f"checkpoint {path}: made with other settings or data; remove it or give another folder")
        for name, array in run.network.parameters().items():
            array[:] = file[name]
    run.history = [ReferenceRow(**row) for row in header["history"]]
    return run


def _unsealed(path: Path, most: int) -> bytes:
    """Return the content before the mark of a complete file of at most `most` bytes."""
    try:
        content = read_up_to(path, most)
    except OSError as error:
        raise CepropError(f"checkpoint {path}: {error.strerror}") from None
    if len(content) > most:
        raise CepropError(f"checkpoint {path}: not a whole checkpoint of a run: more than {most:,} bytes")
    marked = content[:-_DIGEST]
    if not marked.endswith(_MARK) or hashlib.sha256(marked).digest() != content[-_DIGEST:]:
        raise CepropError(
            f"checkpoint {path}: not a whole checkpoint of a run: damaged, or of another version; remove it"
        )
    return marked[: -len(_MARK)]


def _digest(settings: Settings, images: Images) -> str:
    """Return the SHA-256, in hexadecimal, that identifies a run: its settings and its data.

    The order is left out where it has no effect. So runs that were saved before there was an order can be resumed.
    """
    fields = settings.model_dump_json(exclude=None if settings.alternating else {"order"})
    return hashlib.sha256(f"{fields} {images.sha256}".encode()).hexdigest()
