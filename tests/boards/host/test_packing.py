"""Packed samples, byte by byte."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ceprop.boards.host.packing import data_set_image, pack_sample
from ceprop.boards.protocol import check_value, data_set_mark
from ceprop.specification import Specification


def specification(inputs: int, bits: int) -> Specification:
    return Specification.from_mapping(
        {"layers": [inputs, 3], "formats": {"input_bits": bits}, "update": {"shifts": [10]}}
    )


@pytest.mark.parametrize(
    ("places", "size", "expected"),
    [
        ({}, 1, "0000 0700"),
        ({0: 9}, 1, "0100 0700 01 09"),
        ({0: 9, 1: 8, 4: 7}, 1, "0300 0700 01 09 01 08 03 07"),
        ({254: 9}, 1, "0100 0700 ff 09"),
        ({255: 9}, 1, "0200 0700 00 00 01 09"),
        ({510: 9, 511: 1}, 1, "0400 0700 00 00 00 00 01 09 01 01"),
        ({1: 0x1234}, 2, "0100 0700 02 34 12"),
        ({300: 0x1234}, 2, "0200 0700 00 00 00 2e 34 12"),
    ],
)
def test_samples_as_the_protocol_lays_them_out(places: dict[int, int], size: int, expected: str) -> None:
    inputs = np.zeros(600, np.uint16)
    for place, value in places.items():
        inputs[place] = value
    assert pack_sample(inputs, 7, size) == bytes.fromhex(expected)


@given(st.data(), st.integers(1, 900), st.sampled_from([1, 8, 9, 16]))
def test_packed_samples_hold_the_inputs(board_double, data: st.DataObject, count: int, bits: int) -> None:
    known = data.draw(st.dictionaries(st.integers(0, count - 1), st.integers(1, 2**bits - 1), max_size=30))
    inputs = np.zeros(count, np.uint16)
    inputs[list(known)] = list(known.values())
    size = 1 if bits <= 8 else 2
    packed = pack_sample(inputs, 2, size)
    assert int.from_bytes(packed[:2], "little") * (1 + size) == len(packed) - 4
    assert np.array_equal(board_double.unpacked(packed[4:], specification(count, bits)), inputs)


def test_an_image_for_flash() -> None:
    inputs = np.array([[0, 5, 0], [1, 0, 2]], np.uint16)
    image = data_set_image(specification(3, 8), inputs, np.array([2, 1]))
    packed = bytes.fromhex("0100 0200 02 05  0200 0100 01 01 02 02")
    assert image[:4] == data_set_mark(3, 8, 3)
    assert [int.from_bytes(image[k : k + 4], "little") for k in (4, 8)] == [2, len(packed)]
    assert image[12:-4] == packed
    assert int.from_bytes(image[-4:], "little") == check_value(image[:-4])
