"""Folding onto the array: every weight has one place, every neuron one address, every width holds its extreme."""

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ceprop import CepropError, Geometry, Specification
from ceprop.specification import Connection, address_bits, signed_bits
from ceprop.specification.placement import neuron_words, neurons_of, weight_place, weight_words, weights_of

RULES = ["c-ep", "c-vf", "ep", "vf"]


def folded(layers: list[int], rows: int, cols: int, rule: str = "c-ep", **fields: object) -> Geometry:
    shifts = {"shifts": [8] * (len(layers) - 1)}
    array = {"rows": rows, "cols": cols, "memory_words": 2**20}
    return Geometry(
        Specification.from_mapping({"layers": layers, "rule": rule, "update": shifts, "array": array, **fields})
    )


geometries = st.builds(
    folded,
    st.lists(st.integers(1, 24), min_size=2, max_size=5),
    st.integers(1, 7),
    st.integers(1, 7),
    st.sampled_from(RULES),
)


@given(geometries)
def test_every_weight_has_one_row_column_and_address(geometry: Geometry) -> None:
    layers, two = geometry.specification.layers, geometry.specification.two_weight_sets
    places: Counter[tuple[int, int, int]] = Counter()
    for connection in geometry.connections:
        assert (connection.backward_base is not None) == (two and connection.number > 1)
        for base in (connection.base, connection.backward_base):
            if base is not None:
                places.update(weights_from(geometry, connection, base))
    assert set(places.values()) == {1}
    sizes = [a * b for a, b in pairwise(layers)]
    assert sum(places.values()) == sum(sizes) + (sum(sizes[1:]) if two else 0)
    assert max(address for _, _, address in places) < geometry.weight_words


def weights_from(geometry: Geometry, connection: Connection, base: int) -> Iterator[tuple[int, int, int]]:
    """Row, column and address of every weight of one set of a connection."""
    layers = geometry.specification.layers
    for i in range(layers[connection.row_layer]):
        for j in range(layers[connection.column_layer]):
            row_slot, row = divmod(i, geometry.rows)
            column_slot, column = divmod(j, geometry.cols)
            assert row_slot < connection.row_slots
            assert column_slot < connection.column_slots
            # An address is two numbers side by side: neither reaches into the other.
            assert row_slot < 1 << geometry.row_slot_bits
            assert base + column_slot < 1 << geometry.column_word_bits
            yield row, column, geometry.weight_address(base + column_slot, row_slot)


@given(geometries)
def test_weights_survive_the_way_into_the_cells_and_back(geometry: Geometry) -> None:
    layers = geometry.specification.layers
    shapes = [(b, a) for a, b in pairwise(layers)]
    if geometry.specification.two_weight_sets:
        shapes += shapes[1:]
    starts = np.cumsum([0, *(a * b for a, b in shapes)])
    weights = [1 + np.arange(a * b).reshape(a, b) + start for (a, b), start in zip(shapes, starts[:-1], strict=True)]
    words = weight_words(geometry, weights)
    assert words.shape == (geometry.cols, geometry.weight_words, geometry.rows)
    assert np.count_nonzero(words) == starts[-1]
    for found, expected in zip(weights_of(geometry, words), weights, strict=True):
        np.testing.assert_array_equal(found, expected)
    unit, source = layers[1] - 1, layers[0] - 1
    lane, address, row = weight_place(geometry, 1, unit, source)
    assert words[lane, address, row] == weights[0][unit, source]


@given(geometries)
def test_neurons_survive_the_way_into_the_lanes_and_back(geometry: Geometry) -> None:
    values = [1 + 100 * layer + np.arange(size) for layer, size in enumerate(geometry.specification.layers[1:])]
    row, column = (neuron_words(geometry, edge, values) for edge in ("row", "column"))
    assert np.count_nonzero(row) + np.count_nonzero(column) == sum(map(len, values))
    for found, expected in zip(neurons_of(geometry, row, column), values, strict=True):
        np.testing.assert_array_equal(found, expected)


@given(geometries)
def test_connection_joins_an_odd_layer_on_rows_to_an_even_one_on_columns(geometry: Geometry) -> None:
    for connection in geometry.connections:
        assert {connection.row_layer, connection.column_layer} == {connection.number - 1, connection.number}
        assert geometry.edge(connection.row_layer) == "row"
        assert geometry.edge(connection.column_layer) == "column"


@given(geometries)
def test_every_neuron_has_one_address_on_its_edge(geometry: Geometry) -> None:
    for edge in ("row", "column"):
        layers = [layer for layer in geometry.specification.connections if geometry.edge(layer) == edge]
        assert layers == list(geometry.layers(edge))
        assert [geometry.edge_number(layer) for layer in layers] == list(range(len(layers)))
        places = [(layer, slot) for layer in layers for slot in range(geometry.slots(layer))]
        addresses = [geometry.neuron_address(layer, slot) for layer, slot in places]
        assert len(set(addresses)) == len(addresses)
        assert all(address < geometry.neuron_words(edge) for address in addresses)
        # The layer's number and the slot lie side by side.
        bits = geometry.slot_bits(edge)
        split = [(2 * (address >> bits) + (1 if edge == "row" else 2), address % (1 << bits)) for address in addresses]
        assert split == places


@given(geometries)
def test_weight_words_are_what_the_specification_checks_against_the_memory(geometry: Geometry) -> None:
    specification, words = geometry.specification, geometry.weight_words
    specification.override(f"array.memory_words={words}")
    row_slots = max(connection.row_slots for connection in geometry.connections)
    sets = 2 if specification.two_weight_sets else 1
    columns = sum(c.column_slots * (sets if c.number > 1 else 1) for c in geometry.connections)
    assert columns * row_slots <= words <= 2 * columns * row_slots
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
        assert total >= -(1 << (geometry.widths.sum_bits(geometry.edge(layer)) - 1))
        assert specification.largest_sum(layer) == -total
    hop = max(geometry.rows, geometry.cols) * most_negative * max(largest_state, largest_input)
    assert hop >= -(1 << (geometry.widths.partial_sum_bits - 1))


def test_update_holds_its_extreme() -> None:
    geometry = folded([9, 9, 9], 2, 2, formats={"state_bits": 5}, update={"shifts": [6, 8], "largest": [10, 12]})
    state, source, room = 31, 255, geometry.widths.rate_room
    assert room >= 12 - 8  # the distance from the largest shift to the one in force
    assert geometry.widths.update_bits >= signed_bits(
        2 * (state << room) * source + (1 << geometry.widths.dither_bits) - 1
    )
    assert geometry.widths.operand_bits >= signed_bits(state << room)


@given(st.integers(1, 2**20))
def test_helpers(count: int) -> None:
    assert count - 1 < 1 << address_bits(count)
    assert -(1 << (signed_bits(count) - 1)) <= -count < count < 1 << (signed_bits(count) - 1)


@pytest.mark.parametrize("ports", [1, 2])
def test_memory_ports(ports: int) -> None:
    geometry = folded([9, 9, 9], 2, 2)
    assert geometry.memory_ports == 2
    assert Geometry(geometry.specification.override(f"array.memory_ports={ports}")).memory_ports == ports


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_has_hardware(rule: str) -> None:
    geometry = folded([9, 8, 7], 2, 3, rule)
    assert [c.backward_base is None for c in geometry.connections] == [True, rule in ("c-ep", "ep")]


def test_specification_without_array_has_four_by_four_cells() -> None:
    bare = Specification.from_mapping({"layers": [3, 2], "update": {"shifts": [8]}})
    geometry = Geometry(bare)
    assert (geometry.rows, geometry.cols) == (4, 4)
    assert geometry.specification == bare.override("array.rows=4")
    assert geometry.specification.build_digest == bare.build_digest != bare.override("array.rows=2").build_digest


@pytest.mark.parametrize(("ports", "hops"), [(2, [0, 1, 2, 3, 4]), (1, [0, 0, 1, 1, 2])])
def test_lanes_act_after_as_many_registers_as_lie_before_them(ports: int, hops: list[int]) -> None:
    geometry = folded([9, 5, 3], 5, 5, array={"rows": 5, "cols": 5, "memory_ports": ports})
    assert [geometry.hops(lane) for lane in range(5)] == hops
    assert [sum(geometry.hop_registers(k) for k in range(1, lane + 1)) for lane in range(5)] == hops
    assert geometry.hop_registers(0) == 1


@given(geometries)
def test_an_edge_is_padded_where_a_layer_does_not_fill_its_slots(geometry: Geometry) -> None:
    for edge in ("row", "column"):
        units = sum(geometry.specification.layers[layer] for layer in geometry.layers(edge))
        places = sum(geometry.slots(layer) * geometry.lanes(layer) for layer in geometry.layers(edge))
        assert geometry.padded(edge) == (places > units)
