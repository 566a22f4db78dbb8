"""Packed samples, byte by byte."""

import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ceprop import CepropError
from ceprop.boards.host.packing import check_data_set, data_set_image, pack_sample
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


_INPUTS = np.array([[0, 5, 0], [1, 0, 2], [0, 0, 3]], np.uint16)


def _sealed(content: bytes) -> bytes:
    """The content of a file's head and samples with the CRC that belongs to it."""
    return content + check_value(content).to_bytes(4, "little")


def _refusal(path: Path, content: bytes, known: Specification | None) -> str:
    path.write_bytes(content)
    with pytest.raises(CepropError, match="data set ") as refusal:
        check_data_set(path, known)
    assert "\n" not in str(refusal.value)
    return str(refusal.value)


@pytest.mark.parametrize("bits", [8, 16])
def test_file_that_is_not_as_it_was_packed_is_refused(tmp_path: Path, bits: int) -> None:
    path, known = tmp_path / "set.bin", specification(3, bits)
    whole, generator = data_set_image(known, _INPUTS, np.array([2, 1, 0])), random.Random(1)
    path.write_bytes(whole)
    assert check_data_set(path, known) == check_data_set(path) == (3, whole)
    for _ in range(2000):
        place = generator.randrange(len(whole))
        altered = bytes([generator.choice([b for b in range(256) if b != whole[place]])])
        assert "not a whole one" in _refusal(path, whole[:place] + altered + whole[place + 1 :], None)
    for length in range(len(whole)):
        assert "not a whole one" in _refusal(path, whole[:length], None)


def test_file_whose_crc_is_right_and_whose_content_is_not(tmp_path: Path) -> None:
    path, known = tmp_path / "set.bin", specification(3, 8)
    body = data_set_image(known, _INPUTS, np.array([2, 1, 0]))[:-4]
    counted = _sealed(body[:4] + (4).to_bytes(4, "little") + body[8:])
    assert "counts 4 samples and holds another number" in _refusal(path, counted, None)
    assert "counts 4 samples and does not hold" in _refusal(path, counted, known)
    for other in (specification(4, 8), specification(3, 7)):
        assert "packed for a network of other inputs" in _refusal(path, _sealed(body), other)
    no_class = _sealed(body[:14] + (3).to_bytes(2, "little") + body[16:])
    no_input = _sealed(body[:16] + (4).to_bytes(1, "little") + body[17:])
    for content in (no_class, no_input):
        assert "does not hold as many whole ones" in _refusal(path, content, known)
