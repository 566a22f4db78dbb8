"""Snapshots in flash as the host makes and reads them (`docs/protocol.md`, Files in flash)."""

import struct
from pathlib import Path

import numpy as np

from ceprop.boards.host.memories import GroupCodec, Memories, Region
from ceprop.boards.protocol import Flash, check_value, specification_number
from ceprop.boards.snapshot_form import SnapshotPlaces
from ceprop.common.errors import CepropError
from ceprop.common.reading import read_up_to
from ceprop.model import Network
from ceprop.specification import Geometry, Specification

_HEAD = struct.Struct("<4sII")
_CRC = struct.Struct("<I")


def snapshot_image(geometry: Geometry, network: Network, number: int) -> bytes:
    """The file of a snapshot of `network`, with this number, for one of its places
    (:class:`ceprop.boards.snapshot_form.SnapshotPlaces`). A board that stands alone takes number 1 for a network that
    has learned nothing, and each later one for an epoch more."""
    codec = GroupCodec(geometry)
    body = b"".join(b"".join(codec.pack(words)) for words in Memories(geometry).words_of(network).values())
    content = _HEAD.pack(_mark(geometry), number, len(body)) + body
    return content + _CRC.pack(check_value(content))


def newest_snapshot(geometry: Geometry, flash: bytes) -> tuple[int, Network] | None:
    """The number and the network of the newest whole snapshot of this network in the contents of a flash; None where
    there is none."""
    places = SnapshotPlaces.of(geometry)
    found = [_snapshot(geometry, flash[place:]) for place in (places.first, places.second)]
    whole = [snapshot for snapshot in found if snapshot is not None]
    return max(whole, key=lambda snapshot: snapshot[0], default=None)


def check_snapshot(path: Path, specification: Specification) -> tuple[int, bytes]:
    """The number and the content of the file of a snapshot. Raises :class:`CepropError` for a file that cannot be read,
    is not whole, or is of another specification or array."""
    try:
        content = read_up_to(path, Flash.BYTES)
    except OSError as error:
        raise CepropError(f"snapshot {path}: {error.strerror}") from None
    found = _snapshot(Geometry(specification), content) if specification.array else None
    if found is None:
        raise CepropError(f"snapshot {path}: not a whole one of {specification.name} with its array")
    return found[0], content


def _snapshot(geometry: Geometry, file: bytes) -> tuple[int, Network] | None:
    codec, memories = GroupCodec(geometry), Memories(geometry)
    if len(file) < _HEAD.size + _CRC.size:
        return None
    mark, number, length = _HEAD.unpack_from(file)
    end = _HEAD.size + length
    if mark != _mark(geometry) or length != codec.size * sum(region.count for region in memories.regions):
        return None
    if len(file) < end + _CRC.size:
        return None
    if _CRC.unpack_from(file, end)[0] != check_value(file[:end]):
        return None
    words: dict[Region, np.ndarray] = {}
    start = _HEAD.size
    for region in memories.regions:
        size = region.count * codec.size
        groups = [file[k : k + codec.size] for k in range(start, start + size, codec.size)]
        words[region] = codec.unpack(groups)
        start += size
    return number, memories.network_of(words)


def _mark(geometry: Geometry) -> bytes:
    return specification_number(geometry.specification.build_digest)[: struct.calcsize("4s")]
