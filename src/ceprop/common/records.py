"""JSON files that the program reads back. Each tells its kind, its version, and whether it is whole."""

import hashlib
import json
from pathlib import Path
from typing import Any

from ceprop.common.errors import CepropError
from ceprop.common.files import write_aside
from ceprop.common.reading import read_up_to

SEAL = "seal"
"""The key beside the fields. Its value has their kind, the version of their layout, and the SHA-256 over all
of them."""

_LARGEST_BYTES = 1 << 28


def write_record(path: Path, kind: str, fields: dict[str, Any], version: int = 1) -> None:
    """Write `fields` as JSON with a seal, as :func:`ceprop.common.files.write_aside` writes.

    `kind` names the file's content, for example "build report". Raises :class:`CepropError` where the file cannot be
    written.
    """
    write_aside(path, record_text(kind, fields, version).encode())


def read_record(path: Path, kind: str, version: int = 1) -> dict[str, Any]:
    """Return the fields that :func:`write_record` wrote.

    Raises :class:`CepropError` with one line for a file that is missing, too large, of another kind or version, cut
    short, or altered in any byte.
    """
    try:
        content = read_up_to(path, _LARGEST_BYTES)
    except OSError as error:
        raise CepropError(f"{kind} {path}: {error.strerror}") from None
    if len(content) > _LARGEST_BYTES:
        raise CepropError(f"{kind} {path}: more than {_LARGEST_BYTES:,} bytes")
    return _fields(content, f"{kind} {path}", kind, version)


def record_text(kind: str, fields: dict[str, Any], version: int = 1) -> str:
    """Return the text of a record. Equal fields always give equal text."""
    plain = json.loads(json.dumps(fields))
    seal = {"kind": kind, "version": version, "sha256": _digest(kind, version, plain)}
    return json.dumps(plain | {SEAL: seal}, indent=2) + "\n"


def _fields(content: bytes, name: str, kind: str, version: int) -> dict[str, Any]:
    try:
        fields = json.loads(content)
    except (ValueError, RecursionError):  # UnicodeDecodeError is a ValueError
        raise CepropError(f"{name}: damaged, it is not JSON") from None
    seal = fields.pop(SEAL, None) if isinstance(fields, dict) else None
    if not isinstance(seal, dict) or set(seal) != {"kind", "version", "sha256"}:
        raise CepropError(f"{name}: not a {kind} of ceprop, it has no seal; make it again")
    if seal["kind"] != kind:
        raise CepropError(f"{name}: a {str(seal['kind'])[:40]!r}, not a {kind}")
    if seal["version"] != version:
        raise CepropError(f"{name}: version {str(seal['version'])[:20]}, this program reads {version}; make it again")
    # The fields must give the same text again: a checksum over them does not see an altered space or a second key.
    if record_text(kind, fields, version).encode() != content:
        raise CepropError(f"{name}: damaged, its content does not fit its checksum; make it again")
    return fields


def _digest(kind: str, version: int, fields: dict[str, Any]) -> str:
    text = json.dumps([kind, version, fields], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
