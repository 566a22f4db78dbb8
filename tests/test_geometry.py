"""Folding onto the array: every weight has one place, every neuron one address, every width holds its extreme."""

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ceprop import CepropError, Geometry, Specification
from ceprop.geometry import address_bits, signed_bits


def folded(layers: list[int], rows: int, cols: int, **fields: object) -> Geometry:
    shifts = {"shifts": [8] * (len(layers) - 1)}
    array = {"rows": rows, "cols": cols, "memory_words": 2**20}
    return Geometry(Specification.from_mapping({"layers": layers, "update": shifts, "array": array, **fields}))


geometries = st.builds(
    folded, st.lists(st.integers(1, 24), min_size=2, max_size=5), st.integers(1, 7), st.integers(1, 7)
)


@given(geometries)
def test_every_weight_has_one_row_column_and_address(geometry: Geometry) -> None:
    layers = geometry.specification.layers
    places: Counter[tuple[int, int, int]] = Counter()
    for connection in geometry.connections:
        for i in range(layers[connection.row_layer]):
            for j in range(layers[connection.column_layer]):
                row_slot, row = divmod(i, geometry.rows)
                column_slot, column = divmod(j, geometry.cols)
                assert row_slot < connection.row_slots
                assert column_slot < connection.column_slots
                places[row, column, connection.base + row_slot * connection.column_slots + column_slot] += 1
    assert set(places.values()) == {1}
    assert sum(places.values()) == sum(a * b for a, b in pairwise(layers))
    assert max(address for _, _, address in places) < geometry.weight_words


@given(geometries)
def test_connection_joins_an_odd_layer_on_rows_to_an_even_one_on_columns(geometry: Geometry) -> None:
    for connection in geometry.connections:
        assert {connection.row_layer, connection.column_layer} == {connection.number - 1, connection.number}
        assert geometry.edge(connection.row_layer) == "row"
        assert geometry.edge(connection.column_layer) == "column"


@given(geometries)
def test_every_neuron_has_one_address_on_its_edge(geometry: Geometry) -> None:
    layers = range(1, len(geometry.specification.layers))
    for edge in ("row", "column"):
        addresses = [
            geometry.neuron_base(layer) + slot
            for layer in layers
            if geometry.edge(layer) == edge
            for slot in range(geometry.slots(layer))
        ]
        assert sorted(addresses) == list(range(geometry.neuron_words(edge)))


@given(geometries)
def test_weight_words_are_what_the_specification_checks_against_the_memory(geometry: Geometry) -> None:
    specification, words = geometry.specification, geometry.weight_words
    specification.override(f"array.memory_words={words}")
    if words > 1:
        with pytest.raises(CepropError, match=f"must hold {words} weights"):
            specification.override(f"array.memory_words={words - 1}")


@given(geometries, st.integers(2, 12), st.integers(1, 12), st.integers(4, 18))
def test_sums_hold_their_extremes(geometry: Geometry, states: int, inputs: int, weights: int) -> None:
    fields = geometry.specification.fields()
    largest = 18 - states - min(states, inputs)  # keeps the position of rounding between 1 and 32
    shifts = [max(0, largest)] * (len(geometry.specification.layers) - 1)
    fields["formats"] = {"state_bits": states, "input_bits": inputs, "weight_bits": weights, "weight_fraction": 10}
    geometry = Geometry(Specification.from_mapping(fields | {"update": {"shifts": shifts}}))
    specification = geometry.specification
    layers, most_negative = specification.layers, -(1 << (weights - 1))
    largest_state, largest_input = (1 << states) - 1, (1 << inputs) - 1
    for layer in specification.connections:
        fine = max(states, inputs) if layer == 1 else states
        source, bits = (largest_input, inputs) if layer == 1 else (largest_state, states)
        below = layers[layer - 1] * most_negative * source << (fine - bits)
        above = layers[layer + 1] * most_negative * largest_state if layer + 1 < len(layers) else 0
        total = below + ((above + most_negative * (1 << states)) << (fine - states))
        assert total >= -(1 << (geometry.sum_bits(geometry.edge(layer)) - 1))
        assert specification.largest_sum(layer) == -total
    hop = max(geometry.rows, geometry.cols) * most_negative * max(largest_state, largest_input)
    assert hop >= -(1 << (geometry.partial_sum_bits - 1))


def test_update_holds_its_extreme() -> None:
    geometry = folded([9, 9, 9], 2, 2, formats={"state_bits": 5}, update={"shifts": [6, 8], "largest": [10, 12]})
    state, source, room = 31, 255, geometry.rate_room
    assert room >= 12 - 8  # the distance from the largest shift to the one in force
    assert geometry.update_bits >= signed_bits(2 * (state << room) * source + (1 << geometry.dither_bits) - 1)
    assert geometry.operand_bits >= signed_bits(state << room)


@given(st.integers(1, 2**20))
def test_helpers(count: int) -> None:
    assert count - 1 < 1 << address_bits(count)
    assert -(1 << (signed_bits(count) - 1)) <= -count < count < 1 << (signed_bits(count) - 1)


def test_specification_without_array_is_refused() -> None:
    bare = Specification.from_mapping({"layers": [3, 2], "update": {"shifts": [8]}})
    with pytest.raises(CepropError, match=r"array\.rows and array\.cols must be given"):
        Geometry(bare)
