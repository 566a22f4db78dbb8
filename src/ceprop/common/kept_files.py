"""Files that took long to make and are kept for the next run. A file is used again only if it is whole, and if nobody
else can have written it, because some of these files are executed."""

import hashlib
import json
from pathlib import Path

import click

from ceprop.common.files import write_aside
from ceprop.common.ownership import only_ours
from ceprop.common.reading import read_up_to

_LARGEST_BYTES = 1 << 30


def key_of(*parts: object) -> str:
    """Return a name for the result that is made from these parts. The parts are of plain types."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def keep(path: Path, key: str, content: bytes) -> None:
    """Keep `content`, which was made from the parts behind `key`. Raises :class:`CepropError` where it cannot be
    written."""
    write_aside(path, _seal(key, content) + content)


def kept(path: Path, key: str) -> bytes | None:
    """Return the content that was kept at `path` under `key`, or None where there is none, where the key differs, where
    the file is damaged, and where another user can have written it. A line on standard error tells about the last
    case."""
    try:
        ours = only_ours(path)
        whole = read_up_to(path, _LARGEST_BYTES)
    except OSError:
        return None
    if not ours:
        click.echo(f"ceprop: {path}: other users can write here; it is not used, and made again", err=True)
        return None
    size = hashlib.sha256().digest_size
    seal, content = whole[:size], whole[size:]
    return content if seal == _seal(key, content) else None


def _seal(key: str, content: bytes) -> bytes:
    return hashlib.sha256(key.encode() + hashlib.sha256(content).digest()).digest()
