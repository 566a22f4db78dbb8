"""The file of a data set in flash."""

import random
from pathlib import Path

import numpy as np
import pytest

from ceprop import CepropError
from ceprop.boards.data_set_form import DataSetHead
from ceprop.boards.host.data_sets import PackedDataSet, check_data_set, data_set_image
from ceprop.boards.protocol import Flash, check_value
from ceprop.model import Dataset, epoch_order, epoch_signs
from ceprop.specification import Specification

_INPUTS = np.array([[0, 5, 0], [1, 0, 2], [0, 0, 3]], np.uint16)
_LABELS = np.array([2, 1, 0])
_SAMPLES = 12 + 8 + 4 * 3
"""Where the samples begin in a file with three of them: behind its head, the head of the data set, and the index."""


def specification(inputs: int, bits: int, *overrides: str) -> Specification:
    fields = {"layers": [inputs, 3], "formats": {"input_bits": bits}, "update": {"shifts": [10]}}
    return Specification.from_mapping(fields).override(*overrides)


def dataset(training: int, held_out: int) -> Dataset:
    """The first inputs for training, the next ones held out."""
    return Dataset(
        "three",
        _INPUTS[:training],
        _LABELS[:training],
        _INPUTS[training : training + held_out],
        _LABELS[training : training + held_out],
    )


def number(content: bytes, place: int, size: int) -> int:
    return int.from_bytes(content[place : place + size], "little")


def test_an_image_for_flash() -> None:
    known = specification(3, 8, "update.schedule=[{epoch=1,shifts=[11]}]")
    image = data_set_image(known, dataset(2, 1), epochs=2)
    packed = [bytes.fromhex(text) for text in ("02 02 05", "01 05 0102", "00 04 03")]
    # The text that docs/protocol.md gives.
    assert number(image, 0, 4) == check_value(f"form 2, {known.learning_digest}".encode())
    assert [number(image, k, 4) for k in (4, 8)] == [2, len(image) - 12 - 4]
    start = Flash.DATA_SET + _SAMPLES
    assert DataSetHead.unpack(image[12:]) == DataSetHead(plan=start + 10, held_out=1, epochs=2)
    assert [number(image, 20 + 3 * k, 3) for k in range(4)] == [start, start + 3, start + 7, start + 10]
    assert image[_SAMPLES : _SAMPLES + 10] == b"".join(packed)
    for epoch, shift in enumerate((10, 11)):
        record = image[_SAMPLES + 10 + 7 * epoch :][:7]
        first, stride = number(record, 0, 3), number(record, 3, 3)
        assert [(first + stride * k) % 2 for k in range(2)] == epoch_order(known, epoch, 2).tolist()
        assert record[6] == shift
    assert number(image, len(image) - 4, 4) == check_value(image[:-4])


def test_flash_has_no_room_for_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Flash, "BYTES", Flash.DATA_SET + _SAMPLES + 8)
    with pytest.raises(CepropError, match=r"^data set: 3 samples take 53 bytes, room is for about 2$"):
        data_set_image(specification(3, 8), dataset(3, 0), epochs=1)


@pytest.mark.parametrize("sign", ["alternating", "random"])
@pytest.mark.parametrize("count", [1, 22, 23, 24, 60])
def test_signs_that_change_follow_the_plan(sign: str, count: int) -> None:
    known, inputs = specification(3, 8, f"nudge.sign={sign}"), np.ones((count, 3), np.uint16)
    nothing = np.zeros((0, 3), np.uint16), np.zeros(0, np.int64)
    some = Dataset("ones", inputs, np.zeros(count, np.int64), *nothing)
    image = data_set_image(known, some, epochs=2)
    plan = DataSetHead.unpack(image[12:]).plan
    for epoch in range(2):
        record = plan - Flash.DATA_SET + 10 * epoch
        place = number(image, record + 6, 3) - Flash.DATA_SET
        found = [number(image, place + 3 * (k // 23), 3) >> 23 - k % 23 & 1 for k in range(count)]
        assert found == epoch_signs(known, epoch, count).tolist()
        end = place + 3 * -(-count // 23)
        assert all(image[k] & 1 for k in range(place, end, 3))
        assert epoch == 0 or end == len(image) - 4


@pytest.mark.parametrize("sign", ["alternating", "random"])
def test_signs_that_are_not_those_of_the_specification(tmp_path: Path, sign: str) -> None:
    path, known = tmp_path / "set.bin", specification(3, 8, f"nudge.sign={sign}")
    path.write_bytes(image := data_set_image(known, dataset(3, 0), epochs=2))
    assert check_data_set(path, known).content == image
    other = _sealed(image[:-5] + bytes([image[-5] ^ 0x80]))
    assert "its plan is not that of network" in _refusal(path, other, known)
    # So many epochs would take a minute to compute.
    many = _sealed(image[:18] + b"\xff\xff" + image[20:-4])
    assert "its plan is not that of network" in _refusal(path, many, known)


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
    whole, generator = data_set_image(known, dataset(2, 1), epochs=2), random.Random(1)
    path.write_bytes(whole)
    assert check_data_set(path, known) == check_data_set(path) == PackedDataSet(whole, 2, 1, 2)
    for _ in range(500):
        place = generator.randrange(len(whole))
        altered = bytes([generator.choice([b for b in range(256) if b != whole[place]])])
        assert "not a whole one" in _refusal(path, whole[:place] + altered + whole[place + 1 :], None)
    for length in range(len(whole)):
        assert "not a whole one" in _refusal(path, whole[:length], None)


def test_file_whose_crc_is_right_and_whose_content_is_not(tmp_path: Path) -> None:
    path, known = tmp_path / "set.bin", specification(3, 8)
    body = data_set_image(known, dataset(3, 0), epochs=1)[:-4]

    def altered(place: int, value: bytes) -> bytes:
        return _sealed(body[:place] + value + body[place + len(value) :])

    for samples in (9, 200):
        counted = altered(4, samples.to_bytes(4, "little"))
        assert f"counts {samples} samples, and its 37 bytes are not so many" in _refusal(path, counted, None)
    for other in (specification(4, 8), specification(3, 7), specification(3, 8, "seed=2")):
        assert "packed for another specification" in _refusal(path, _sealed(body), other)
    # The label of the first sample, its mask and its value begin the samples. A plan of one epoch ends the file.
    parts = {
        12: (b"\0", "its plan is not that of network"),
        len(body) - 1: (b"\t", "its plan is not that of network"),
        20: (b"\1", "its index does not point to its samples"),
        _SAMPLES: (b"\3", "sample 1: its label is not below the number of classes"),
        _SAMPLES + 1: (b"\n", "sample 1: it has a value behind the last input"),
        _SAMPLES + 2: (b"\0", "sample 1: a value is zero"),
        _SAMPLES + 8: (b"\x0f", "sample 3"),
    }
    for place, (value, message) in parts.items():
        assert _refusal(path, altered(place, value), known).startswith(f"data set {path}: {message}")


def test_file_of_no_samples(tmp_path: Path) -> None:
    path, known = tmp_path / "set.bin", specification(3, 8)
    path.write_bytes(image := data_set_image(known, dataset(0, 0), epochs=1))
    assert check_data_set(path, known) == check_data_set(path) == PackedDataSet(image, 0, 0, 1)
