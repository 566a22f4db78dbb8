"""A run of the float reference in one file, numpy's own format."""

import hashlib
import io
import json
import zipfile
from dataclasses import asdict
from pathlib import Path

import numpy as np

from ceprop.errors import CepropError
from ceprop.files import write_aside
from ceprop.model.datasets import Images
from ceprop.model.reference.settings import Settings
from ceprop.model.reference.training import ReferenceRow, ReferenceRun


def save_run(run: ReferenceRun, path: Path) -> None:
    """Write weights and history; a crash leaves the old file or the new one."""
    content = io.BytesIO()
    header = {"run": _digest(run.settings, run.images), "history": [asdict(row) for row in run.history]}
    np.savez(content, allow_pickle=False, header=np.array(json.dumps(header)), **run.network.parameters())
    write_aside(path, content.getvalue())


def resume_run(settings: Settings, images: Images, path: Path) -> ReferenceRun:
    """The run that :func:`save_run` wrote, to go on to the same bits; a new one where there is no file.

    Raises :class:`CepropError` for a file that is damaged or of another run."""
    run = ReferenceRun.start(settings, images)
    if not path.exists():
        return run
    try:
        # Read whole first: numpy leaves a file open that it cannot make sense of.
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as file:
            header = json.loads(str(file["header"]))
            same = header["run"] == _digest(settings, images)
            if same:
                for name, array in run.network.parameters().items():
                    array[:] = file[name]
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise CepropError(f"checkpoint {path}: not a whole checkpoint of a run: {error}") from None
    if not same:
        raise CepropError(f"checkpoint {path}: made with other settings or data; remove it or give another folder")
    run.history = [ReferenceRow(**row) for row in header["history"]]
    return run


def _digest(settings: Settings, images: Images) -> str:
    return hashlib.sha256(f"{settings.model_dump_json()} {images.sha256}".encode()).hexdigest()
