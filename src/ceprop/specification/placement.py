"""Where weights and neurons lie in the memories of a core, as the groups of words that its ports carry."""

from collections.abc import Sequence

import numpy as np

from ceprop.specification.geometry import Connection, Edge, Geometry


def weight_words(geometry: Geometry, weights: Sequence[np.ndarray]) -> np.ndarray:
    """Return the words of every cell, int64 of shape (cols, words per cell, rows).

    `weights` is `[*weights, *backward]` of a `Network`. Words that hold no weight of the network are zero.
    """
    words = np.zeros((geometry.cols, geometry.weight_words, geometry.rows), np.int64)
    for (connection, base), matrix in zip(_weight_sets(geometry), weights, strict=True):
        words[_places(geometry, connection, base)] = matrix if connection.number % 2 else matrix.T
    return words


def weights_of(geometry: Geometry, words: np.ndarray) -> list[np.ndarray]:
    """Return the weights from the words: the inverse of :func:`weight_words`."""
    found = []
    for connection, base in _weight_sets(geometry):
        matrix = words[_places(geometry, connection, base)]
        found.append(matrix if connection.number % 2 else matrix.T)
    return found


def weight_place(geometry: Geometry, connection: int, unit: int, source: int) -> tuple[int, int, int]:
    """Return column, address and row of the weight `W_connection[unit, source]`."""
    found = geometry.connections[connection - 1]
    row, column = (unit, source) if connection % 2 else (source, unit)
    address = geometry.weight_address(found.base + column // geometry.cols, row // geometry.rows)
    return column % geometry.cols, address, row % geometry.rows


def neuron_words(geometry: Geometry, edge: Edge, values: Sequence[np.ndarray]) -> np.ndarray:
    """Return the words of the neuron memories of an edge, int64 of shape (addresses, lanes), from one array per layer
    1..L."""
    lanes = geometry.rows if edge == "row" else geometry.cols
    words = np.zeros(geometry.neuron_words(edge) * lanes, np.int64)
    for layer in geometry.layers(edge):
        start = geometry.neuron_address(layer, 0) * lanes
        words[start : start + geometry.specification.layers[layer]] = values[layer - 1]
    return words.reshape(-1, lanes)


def neurons_of(geometry: Geometry, row_words: np.ndarray, column_words: np.ndarray) -> list[np.ndarray]:
    """Return one array per layer 1..L from the words of both edges: the inverse of :func:`neuron_words`."""
    found = []
    for layer in geometry.specification.connections:
        words = row_words if geometry.edge(layer) == "row" else column_words
        start = geometry.neuron_address(layer, 0) * geometry.lanes(layer)
        found.append(words.reshape(-1)[start : start + geometry.specification.layers[layer]])
    return found


def most_on_a_lane(present: np.ndarray, lanes: int) -> int:
    """Return the largest number of units on one lane, counting those that are `present`, bool of shape (units,)."""
    return int(np.bincount(np.flatnonzero(present) % lanes, minlength=1).max())


def _weight_sets(geometry: Geometry) -> list[tuple[Connection, int]]:
    """Return each connection with the base of its weights, then each that has backward weights with the base
    of those."""
    forward = [(c, c.base) for c in geometry.connections]
    return forward + [(c, c.backward_base) for c in geometry.connections if c.backward_base is not None]


def _places(geometry: Geometry, connection: Connection, base: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rows = np.arange(geometry.specification.layers[connection.row_layer])[:, None]
    columns = np.arange(geometry.specification.layers[connection.column_layer])[None, :]
    addresses = geometry.weight_address(base + columns // geometry.cols, rows // geometry.rows)
    columns, rows, addresses = np.broadcast_arrays(columns % geometry.cols, rows % geometry.rows, addresses)
    return columns, addresses, rows
