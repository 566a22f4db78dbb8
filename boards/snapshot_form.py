"""The form of a snapshot in flash (`docs/protocol.md`): all that learning changes, in its order; and its places."""

from dataclasses import dataclass

from ceprop.boards.protocol import CRC_BYTES, Flash
from ceprop.common.errors import CepropError
from ceprop.hdl.io.stream_payloads import Ports
from ceprop.hdl.lanes.messages import Space
from ceprop.specification import Edge, Geometry

_BLOCK_BYTES = 0x1_0000
"""A place has a whole number of such blocks, which programmers erase at once: iceprog and openFPGALoader do."""


@dataclass(frozen=True)
class SnapshotPlaces:
    """Where the snapshots of a network lie in flash.

    Fields
    ------
    first, second : int
        Their addresses. They are written in turn.
    above : bool
        Whether the second one lies behind the data set.
    data_set_end : int
        The address up to which the data set may reach.
    """

    first: int
    second: int
    above: bool
    data_set_end: int

    @classmethod
    def of(cls, geometry: Geometry) -> "SnapshotPlaces":
        """Those of a network on its array: each lies between the log and the data set where it has room there, else at
        the end of flash. Raises :class:`CepropError` where nothing would be left for a data set."""
        taken = snapshot_bytes(geometry) + Flash.HEAD_BYTES + CRC_BYTES
        size = -(-taken // _BLOCK_BYTES) * _BLOCK_BYTES
        low, high = Flash.LOG + Flash.LOG_BYTES, Flash.BYTES
        places: list[int] = []
        for _ in range(2):
            if low + size <= Flash.DATA_SET:
                places.append(low)
                low += size
            else:
                high -= size
                places.append(high)
        if high <= Flash.DATA_SET:
            raise CepropError(f"snapshot: takes {taken:,} bytes, flash has no room for two of them beside a data set")
        return cls(places[0], places[1], high < Flash.BYTES, high)


def stretches(geometry: Geometry) -> list[tuple[Space, bool, int, int]]:
    """Memory, whether it is the column edge's, column of the weights, and groups there: weights column by column, then
    biases and generators of either edge."""
    edges: list[Edge] = ["row", "column"] if geometry.layers("column") else ["row"]
    found = [(Space.WEIGHT, False, lane, geometry.weight_words) for lane in range(geometry.cols)]
    for space in (Space.BIAS, Space.GENERATOR):
        found += [(space, edge == "column", 0, geometry.neuron_words(edge)) for edge in edges]
    return found


def snapshot_bytes(geometry: Geometry) -> int:
    """Bytes of a snapshot's groups."""
    return Ports(geometry).group_bytes * sum(count for *_, count in stretches(geometry))
