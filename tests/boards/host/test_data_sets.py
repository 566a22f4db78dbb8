"""The file of a data set in flash."""

import random
from pathlib import Path

import numpy as np
import pytest

from ceprop import CepropError
from ceprop.boards.host.data_sets import check_data_set, data_set_image
from ceprop.boards.protocol import Flash, check_value, data_set_mark
from ceprop.specification import Specification

_INPUTS = np.array([[0, 5, 0], [1, 0, 2], [0, 0, 3]], np.uint16)


def specification(inputs: int, bits: int) -> Specification:
    return Specification.from_mapping(
        {"layers": [inputs, 3], "formats": {"input_bits": bits}, "update": {"shifts": [10]}}
    )


def test_an_image_for_flash() -> None:
    image = data_set_image(specification(3, 8), _INPUTS[:2], np.array([2, 1]))
    packed = bytes.fromhex("02 02 05  01 05 0102")
    assert image[:4] == data_set_mark(3, 8, 3)
    assert [int.from_bytes(image[k : k + 4], "little") for k in (4, 8)] == [2, len(packed)]
    assert image[12:-4] == packed
    assert int.from_bytes(image[-4:], "little") == check_value(image[:-4])


def test_flash_has_no_room_for_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Flash, "BYTES", Flash.DATA_SET + 20)
    with pytest.raises(CepropError, match=r"^data set: 3 samples take 22 bytes, room is for about 2$"):
        data_set_image(specification(3, 8), _INPUTS, np.array([2, 1, 0]))


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
    for _ in range(500):
        place = generator.randrange(len(whole))
        altered = bytes([generator.choice([b for b in range(256) if b != whole[place]])])
        assert "not a whole one" in _refusal(path, whole[:place] + altered + whole[place + 1 :], None)
    for length in range(len(whole)):
        assert "not a whole one" in _refusal(path, whole[:length], None)


def test_file_whose_crc_is_right_and_whose_content_is_not(tmp_path: Path) -> None:
    path, known = tmp_path / "set.bin", specification(3, 8)
    body = data_set_image(known, _INPUTS, np.array([2, 1, 0]))[:-4]

    def counted(samples: int) -> bytes:
        return _sealed(body[:4] + samples.to_bytes(4, "little") + body[8:])

    for samples in (2, 4):
        assert f"counts {samples} samples and holds 3" in _refusal(path, counted(samples), known)
    for samples in (0, 6):
        assert f"counts {samples} samples, and its 10 bytes are not so many" in _refusal(path, counted(samples), None)
    for other in (specification(4, 8), specification(3, 7)):
        assert "packed for a network of other inputs" in _refusal(path, _sealed(body), other)
    # The body begins with a head of 12 bytes; the label of the first sample, its mask and its value follow.
    parts = {
        12: (3, "sample 1: its label is not below the number of classes"),
        13: (0x0A, "sample 1: it has a value behind the last input"),
        14: (0, "sample 1: a value is zero"),
        20: (0x0F, "sample 3 is not whole"),
    }
    for place, (value, message) in parts.items():
        content = _sealed(body[:place] + bytes([value]) + body[place + 1 :])
        assert _refusal(path, content, known) == f"data set {path}: {message}"


def test_file_of_no_samples(tmp_path: Path) -> None:
    path, known = tmp_path / "set.bin", specification(3, 8)
    path.write_bytes(image := data_set_image(known, _INPUTS[:0], np.zeros(0, np.int64)))
    assert check_data_set(path, known) == check_data_set(path) == (0, image)
