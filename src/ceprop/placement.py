"""Where weights and neurons lie in a core's memories, as the groups of words that its ports carry."""

from collections.abc import Sequence

import numpy as np

from .geometry import Connection, Edge, Geometry


def weight_words(geometry: Geometry, weights: Sequence[np.ndarray]) -> np.ndarray:
    """Words of every cell, int64 of shape (cols, words of a cell, rows), from weights as `Network.weights` has them.

    Cells that hold no weight of the network hold zero."""
    words = np.zeros((geometry.cols, geometry.weight_words, geometry.rows), np.int64)
    for connection, matrix in zip(geometry.connections, weights, strict=True):
        words[_places(geometry, connection)] = matrix if connection.number % 2 else matrix.T
    return words


def weights_of(geometry: Geometry, words: np.ndarray) -> list[np.ndarray]:
    """The inverse of :func:`weight_words`."""
    found = (words[_places(geometry, connection)] for connection in geometry.connections)
    return [matrix if c.number % 2 else matrix.T for c, matrix in zip(geometry.connections, found, strict=True)]


def weight_place(geometry: Geometry, connection: int, unit: int, source: int) -> tuple[int, int, int]:
    """Column, address and row of `W_connection[unit, source]`."""
    found = geometry.connections[connection - 1]
    row, column = (unit, source) if connection % 2 else (source, unit)
    address = found.base + row // geometry.rows * found.column_slots + column // geometry.cols
    return column % geometry.cols, address, row % geometry.rows


def neuron_words(geometry: Geometry, edge: Edge, values: Sequence[np.ndarray]) -> np.ndarray:
    """Words of an edge's neuron memories, int64 of shape (addresses, lanes), from one array a layer 1..L."""
    lanes = geometry.rows if edge == "row" else geometry.cols
    words = np.zeros(geometry.neuron_words(edge) * lanes, np.int64)
    for layer in geometry.layers(edge):
        start = geometry.neuron_base(layer) * lanes
        words[start : start + geometry.specification.layers[layer]] = values[layer - 1]
    return words.reshape(-1, lanes)


def neurons_of(geometry: Geometry, row_words: np.ndarray, column_words: np.ndarray) -> list[np.ndarray]:
    """The inverse of :func:`neuron_words` for both edges: one array a layer 1..L."""
    found = []
    for layer in geometry.specification.connections:
        words = row_words if geometry.edge(layer) == "row" else column_words
        start = geometry.neuron_base(layer) * geometry.lanes(layer)
        found.append(words.reshape(-1)[start : start + geometry.specification.layers[layer]])
    return found


def longest_list(geometry: Geometry, inputs: np.ndarray) -> int:
    """Largest number of non-zero inputs on one column lane."""
    lanes = np.nonzero(inputs)[0] % geometry.cols
    return int(np.bincount(lanes, minlength=1).max())


def _places(geometry: Geometry, connection: Connection) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rows = np.arange(geometry.specification.layers[connection.row_layer])[:, None]
    columns = np.arange(geometry.specification.layers[connection.column_layer])[None, :]
    addresses = connection.base + rows // geometry.rows * connection.column_slots + columns // geometry.cols
    columns, rows, addresses = np.broadcast_arrays(columns % geometry.cols, rows % geometry.rows, addresses)
    return columns, addresses, rows
