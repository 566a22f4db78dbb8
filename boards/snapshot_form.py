"""Where everything lies that learning changes, in the order of a snapshot."""

from ceprop.hdl.io.stream_payloads import Ports
from ceprop.hdl.lanes.messages import Space
from ceprop.specification import Edge, Geometry


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
