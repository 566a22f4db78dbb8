"""What took long to make, kept in a file for the next run, and taken from there only while it is whole."""

import hashlib
import json
from pathlib import Path

from ceprop.common.files import write_aside
from ceprop.common.reading import read_up_to

_LARGEST_BYTES = 1 << 30


def key_of(*parts: object) -> str:
    """A name for what is made from these parts, in plain types."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def keep(path: Path, key: str, content: bytes) -> None:
    """Keep `content` that was made from what `key` stands for; raises :class:`CepropError` where it cannot be
    written."""
    write_aside(path, _seal(key, content) + content)


def kept(path: Path, key: str) -> bytes | None:
    """What was kept at `path` under `key`; None where there is nothing, or something else, or a damaged file."""
    try:
        whole = read_up_to(path, _LARGEST_BYTES)
    except OSError:
        return None
    size = hashlib.sha256().digest_size
    seal, content = whole[:size], whole[size:]
    return content if seal == _seal(key, content) else None


def _seal(key: str, content: bytes) -> bytes:
    return hashlib.sha256(key.encode() + hashlib.sha256(content).digest()).digest()
