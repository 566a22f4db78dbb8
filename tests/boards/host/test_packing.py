"""Samples in their packed form, bit by bit."""

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ceprop import CepropError
from ceprop.boards.host.packing import pack_samples, unpack_samples
from ceprop.specification import Specification

DOCUMENT = Path(__file__).parents[3] / "docs" / "protocol.md"


def specification(inputs: int, bits: int, classes: int = 3) -> Specification:
    return Specification.from_mapping(
        {"layers": [inputs, classes], "formats": {"input_bits": bits}, "update": {"shifts": [10]}}
    )


def packed(known: Specification, *inputs: list[int], label: int = 0) -> bytes:
    return b"".join(pack_samples(known, np.array(inputs), np.full(len(inputs), label)))


def unpacked(known: Specification, content: bytes) -> tuple[np.ndarray, np.ndarray]:
    """All samples of `content`."""
    parts = list(unpack_samples(known, content))
    return np.concatenate([inputs for inputs, _ in parts]), np.concatenate([labels for _, labels in parts])


def test_the_worked_example_of_the_document() -> None:
    text = DOCUMENT.read_text(encoding="utf-8").partition("**A worked example.**")[2].partition("## ")[0]
    bits, label = (int(re.findall(pattern, text)[0]) for pattern in (r"inputs of (\d+) bits", r"label (\d+)"))
    inputs = [int(value) for value in re.findall(r"`\[([\d, ]+)\]`", text)[0].split(",")]
    content = bytes.fromhex(re.findall(r"`((?:[0-9a-f]{2} ?)+)`", text)[-1])
    known = specification(len(inputs), bits, 10)
    assert packed(known, inputs, label=label) == content
    # The rows of the table are the content, part by part from the lowest bit on.
    rows = [
        re.split(r" *\| *", line)[1:-1] for line in text.splitlines() if re.match(r"\| (label|mask|value|zeros)", line)
    ]
    number, place = int.from_bytes(content, "little"), 0
    for _, written, value in rows:
        width = len(written)
        assert (int(written, 2), int(value)) == ((number >> place) & ((1 << width) - 1), int(written, 2))
        place += width
    assert place == 8 * len(content)


@pytest.mark.parametrize(
    ("inputs", "bits", "classes", "label", "expected"),
    [
        ([0, 0, 0], 8, 256, 255, "ff 00"),
        ([0, 0, 0], 8, 257, 256, "0001 00"),
        ([0, 5, 0], 8, 3, 2, "02 02 05"),
        ([1, 0, 2], 4, 3, 1, "01 05 21"),
        ([1, 0, 0], 4, 3, 1, "01 01 01"),
        ([0x123, 0xABC], 12, 3, 0, "00 03 23c1ab"),
        ([0x1234], 16, 3, 0, "00 01 3412"),
        ([1, 0, 1, 1], 1, 3, 0, "00 0d 07"),
        ([0] * 8 + [3], 2, 3, 0, "00 00 01 03"),
        ([3] + [0] * 7 + [3], 4, 3, 0, "00 01 13 30"),
    ],
)
def test_samples_as_the_protocol_lays_them_out(
    inputs: list[int], bits: int, classes: int, label: int, expected: str
) -> None:
    assert packed(specification(len(inputs), bits, classes), inputs, label=label) == bytes.fromhex(expected)


@given(
    data=st.data(),
    count=st.integers(1, 90),
    bits=st.integers(1, 16),
    classes=st.sampled_from([2, 256, 257, 1000]),
    share=st.sampled_from([0.0, 0.1, 0.9, 1.0]),
)
def test_packed_samples_hold_the_inputs(
    board_double, data: st.DataObject, count: int, bits: int, classes: int, share: float
) -> None:
    known = specification(count, bits, classes)
    generator = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    samples = data.draw(st.integers(1, 4))
    inputs = generator.integers(0, 1 << bits, (samples, count)) * (generator.random((samples, count)) < share)
    labels = generator.integers(0, classes, samples)
    content = b"".join(pack_samples(known, inputs, labels))
    found, its_labels = unpacked(known, content)
    assert found.tolist() == inputs.tolist()
    assert its_labels.tolist() == labels.tolist()
    for values, label in zip(inputs, labels, strict=True):
        its_inputs, its_label, size = board_double.unpacked(content, known)
        assert (its_inputs.tolist(), its_label) == (values.tolist(), label)
        content = content[size:]
    assert not content


def test_many_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ceprop.boards.host.packing._INPUTS_AT_ONCE", 20 * 1024)
    known = specification(20, 4)
    generator = np.random.default_rng(1)
    inputs, labels = generator.integers(16, size=(3000, 20)), generator.integers(3, size=3000)
    found, its_labels = unpacked(known, b"".join(pack_samples(known, inputs, labels)))
    assert np.array_equal(found, inputs)
    assert np.array_equal(its_labels, labels)


def test_no_samples() -> None:
    known = specification(20, 4)
    assert list(pack_samples(known, np.zeros((0, 20), np.uint16), np.zeros(0, np.int64))) == []
    assert list(unpack_samples(known, b"")) == []


@pytest.mark.parametrize(
    ("sample", "message"),
    [
        ("00", "sample 1501 is not whole"),
        ("00 03 2101", "sample 1501 is not whole"),
        ("00 ff 21436587 01", "sample 1501 is not whole"),
        ("03 00 00", "sample 1501: its label is not below the number of classes"),
        ("00 03 01 00", "sample 1501: a value is zero"),
        ("00 00 08 01", "sample 1501: it has a value behind the last input"),
        ("00 01 01 10", "sample 1501: its last bits are not zero"),
    ],
)
def test_what_nobody_packed_is_refused(sample: str, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ceprop.boards.host.packing._INPUTS_AT_ONCE", 11 * 1024)
    known = specification(11, 4)
    content = packed(known, *[[0] * 10 + [1]] * 1500) + bytes.fromhex(sample)
    with pytest.raises(CepropError, match=f"^{message}$"):
        unpacked(known, content)


@given(st.binary(min_size=1, max_size=60), st.sampled_from([(11, 4, 3), (1, 16, 3), (9, 5, 300), (40, 1, 200)]))
def test_what_is_unpacked_was_packed_so(content: bytes, shape: tuple[int, int, int]) -> None:
    known = specification(*shape)
    try:
        inputs, labels = unpacked(known, content)
    except CepropError:
        return
    assert b"".join(pack_samples(known, inputs, labels)) == content
