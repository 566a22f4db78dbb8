"""Data sets: quantiser, split, IDX files and everything that can be wrong with them."""

import gzip
import tempfile
import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ceprop import CepropError, Specification
from ceprop.common.errors import CepropWarning
from ceprop.model import load_dataset, quantise
from ceprop.model.datasets import held_out
from ceprop.model.idx import read_images
from ceprop.model.quantiser import warn_outside_range
from ceprop.specification.bundled import bundled_specification


def make(*overrides: str) -> Specification:
    fields = {"layers": [4, 3, 10], "update": {"shifts": [8, 8]}, "quantiser": {"high": 255}}
    return Specification.from_mapping(fields).override(*overrides)


def idx(array: np.ndarray) -> bytes:
    sizes = b"".join(n.to_bytes(4, "big") for n in array.shape)
    return bytes([0, 0, 8, array.ndim]) + sizes + array.astype(np.uint8).tobytes()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    random = np.random.default_rng(1)
    for stem, count in (("train", 6), ("t10k", 3)):
        (tmp_path / f"{stem}-images-idx3-ubyte").write_bytes(idx(random.integers(0, 256, (count, 2, 2))))
        (tmp_path / f"{stem}-labels-idx1-ubyte").write_bytes(idx(random.integers(0, 10, count)))
    return tmp_path


def message(source: Path | str, *overrides: str) -> str:
    with pytest.raises(CepropError) as caught:
        load_dataset(make(*overrides), source)
    text = str(caught.value)
    assert "\n" not in text
    return text


def test_fixed_quantiser() -> None:
    specification = make("quantiser.low=0", "quantiser.high=16", "layers=[6,3,10]")
    assert quantise(specification, np.array([[-5, 0, 1, 8, 16, 99]])).tolist() == [[0, 0, 16, 128, 255, 255]]
    shifted = make("quantiser.low=-10", "quantiser.high=10", "formats.input_bits=2", "layers=[5,3,10]")
    # ((v + 10) 3 + 10) // 20
    assert quantise(shifted, np.array([[-10, -7, -6, 0, 9]])).tolist() == [[0, 0, 1, 2, 3]]


def test_minmax_quantiser_and_a_sample_without_contrast() -> None:
    specification = make("quantiser.mode=minmax")
    found = quantise(specification, np.array([[3, 5, 4, 3], [7, 7, 7, 7]], np.uint8))
    assert found.tolist() == [[0, 255, 128, 0], [0, 0, 0, 0]]
    assert found.dtype == np.uint16


def test_quantiser_refuses_another_size() -> None:
    with pytest.raises(CepropError, match="layer 0 has 4 units"):
        quantise(make(), np.zeros((2, 5), np.int64))


def test_digits_split() -> None:
    specification = make("layers=[64,10]", "update.shifts=[8]", "quantiser.high=16")
    first, again = (load_dataset(specification, "digits") for _ in range(2))
    assert (len(first.train_labels), len(first.test_labels)) == (1437, 360)
    # Of 178, 182, 177, 183, 181, 182, 181, 179, 174, 180 samples the floors give 355; 7, 8, 0, 3 and 1 get one more.
    assert np.bincount(first.test_labels).tolist() == [36, 37, 35, 37, 36, 36, 36, 36, 35, 36]
    assert first.sha256 == again.sha256
    assert first.sha256 != load_dataset(specification.override("seed=2"), "digits").sha256
    assert first.train_inputs.max() == 255
    assert first.train_inputs.dtype == np.uint16


def test_held_out_follows_the_text() -> None:
    labels = np.array([0] * 7 + [1] * 9 + [2] * 8 + [3] * 2)
    # A fifth of 26, rounded up, is 6; the floors give 1, 1, 1, 0; remainders are 2, 4, 3, 2: classes 1, 2 and 0.
    chosen = held_out(5, labels)
    assert np.bincount(labels[chosen], minlength=4).tolist() == [2, 2, 2, 0]
    assert not np.array_equal(chosen, held_out(6, labels))


def test_folder_in_every_spelling(folder: Path) -> None:
    plain = load_dataset(make(), folder)
    assert plain.train_inputs.shape == (6, 4)
    assert plain.test_labels.shape == (3,)
    assert plain.train_labels.dtype == np.int64
    for path in list(folder.iterdir()):
        path.rename(path.with_name(path.name.replace("-idx", ".idx")))
    assert load_dataset(make(), folder).sha256 == plain.sha256
    for path in list(folder.iterdir()):
        (folder / f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    assert load_dataset(make(), str(folder)).sha256 == plain.sha256


def test_no_folder_and_missing_file(folder: Path) -> None:
    assert message(folder / "nowhere") == f"--data {folder / 'nowhere'}: no such folder"
    (folder / "t10k-labels-idx1-ubyte").unlink()
    assert "has no file t10k-labels-idx1-ubyte" in message(folder)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "begins with nothing"),
        (b"\0\0\x08\x03abcd", "begins with 00000803, not with 00000801"),
        (b"\0\0\x08\x01\0\0", "truncated, 6 bytes"),
        (idx(np.arange(6))[:-1], "truncated, 13 bytes where its header asks for 14"),
        (idx(np.arange(6)) + b"x", "15 bytes where its header asks for 14"),
        (idx(np.arange(5)), "train has 6 images but 5 labels"),
        (idx(np.array([0, 1, 2, 3, 4, 10])), "the last layer has 10 units"),
    ],
)
def test_damaged_labels(folder: Path, content: bytes, words: str) -> None:
    (folder / "train-labels-idx1-ubyte").write_bytes(content)
    assert words in message(folder)


def test_empty_set(folder: Path) -> None:
    (folder / "t10k-images-idx3-ubyte").write_bytes(idx(np.zeros((0, 2, 2))))
    (folder / "t10k-labels-idx1-ubyte").write_bytes(idx(np.zeros(0)))
    assert "t10k has no images" in message(folder)


@pytest.mark.parametrize("damage", ["not gzip", "cut", "flipped"])
def test_bad_gzip(folder: Path, damage: str) -> None:
    path = folder / "train-images-idx3-ubyte"
    packed = bytearray(gzip.compress(path.read_bytes()))
    path.unlink()
    if damage == "flipped":
        packed[-12] ^= 0x10
    content = {"not gzip": b"hello", "cut": bytes(packed[:-9]), "flipped": bytes(packed)}[damage]
    (folder / "train-images-idx3-ubyte.gz").write_bytes(content)
    assert "not a whole gzip file" in message(folder)


def test_other_number_of_inputs(folder: Path) -> None:
    assert message("digits", "layers=[784,3,10]") == (
        "layer 0 has 784 units but digits has 64 inputs; give --data FOLDER or change layers"
    )
    assert "layer 0 has 5 units" in message(folder, "layers=[5,3,10]")
    assert "has 4 inputs; change layers" in message(folder, "layers=[5,3,10]")


def test_small_file_that_unpacks_to_much_is_refused_before_it_is_unpacked(folder: Path) -> None:
    images = folder / "train-images-idx3-ubyte"
    bomb = gzip.compress(images.read_bytes() + bytes(1 << 28), compresslevel=1)
    images.unlink()
    images.with_name(f"{images.name}.gz").write_bytes(bomb)
    tracemalloc.start()
    assert "bytes where its header asks for 40" in message(folder)
    assert tracemalloc.get_traced_memory()[1] < 1 << 24
    tracemalloc.stop()
    head = images.with_name(f"{images.name}.gz")
    head.write_bytes(gzip.compress(bytes([0, 0, 8, 3]) + b"\xff" * 12))
    assert "more than 1,073,741,824" in message(folder)


@pytest.mark.slow
@settings(max_examples=2000, derandomize=True, deadline=5000)
@given(st.data())
def test_whatever_lies_in_a_file_is_read_or_refused_in_one_line(data: st.DataObject) -> None:
    whole = idx(np.arange(12).reshape(3, 2, 2))
    content = bytearray(whole)
    for place in data.draw(st.lists(st.integers(0, len(whole) - 1), max_size=4)):
        content[place] = data.draw(st.integers(0, 255))
    content = bytes(content[: data.draw(st.integers(0, len(whole)))]) + data.draw(st.binary(max_size=3))
    with tempfile.TemporaryDirectory() as name:
        packed = data.draw(st.booleans())
        path = Path(name) / f"train-images-idx3-ubyte{'.gz' * packed}"
        path.write_bytes(gzip.compress(content) if packed else content)
        images = _read_or_refuse(Path(name))
        if images is not None:
            assert idx(images.reshape(len(images), *_shape(content)))[16:] == content[16:]


def _read_or_refuse(folder: Path) -> np.ndarray | None:
    try:
        return read_images(folder, "train")
    except CepropError:
        return None


def _shape(content: bytes) -> tuple[int, int]:
    return int.from_bytes(content[8:12], "big"), int.from_bytes(content[12:16], "big")


def test_blocks_are_quantised_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = np.random.default_rng(1).integers(0, 256, (50, 4))
    whole = {mode: quantise(make(f"quantiser.mode={mode}"), raw) for mode in ("fixed", "minmax")}
    monkeypatch.setattr("ceprop.model.quantiser._BLOCK", 7)
    for mode, expected in whole.items():
        assert np.array_equal(quantise(make(f"quantiser.mode={mode}"), raw), expected)


def test_values_outside_a_fixed_range_are_warned_of_once() -> None:
    specification = make("quantiser.low=0", "quantiser.high=16", "layers=[2,3,10]")
    inside, outside = np.array([[0, 16]]), np.array([[-1, 16], [5, 17], [300, 3]])
    warn_outside_range(specification, inside)
    warn_outside_range(specification.override("quantiser.mode=minmax"), inside, outside)
    with pytest.warns(CepropWarning) as said:
        warn_outside_range(specification, inside, outside)
    assert [str(warning.message) for warning in said] == [
        "38 % of the values are outside the quantiser's range of quantiser.low = 0 to quantiser.high = 16 and are cut "
        'off there; the data reach from -1 to 300: set low and high so, or quantiser.mode = "minmax"'
    ]


def test_images_without_pixels_are_refused(folder: Path) -> None:
    for stem, count in (("train", 6), ("t10k", 3)):
        (folder / f"{stem}-images-idx3-ubyte").write_bytes(idx(np.zeros((count, 2, 0))))
    assert message(folder).endswith("train has no pixels")


def test_the_first_samples_are_a_data_set_of_their_own() -> None:
    digits = load_dataset(Specification.load(bundled_specification("digits")), "digits")
    some = digits.first(7, 2)
    assert np.array_equal(some.train_inputs, digits.train_inputs[:7])
    assert np.array_equal(some.train_labels, digits.train_labels[:7])
    assert np.array_equal(some.test_inputs, digits.test_inputs[:2])
    assert np.array_equal(some.test_labels, digits.test_labels[:2])
    for wanted, message in (((2000, 0), "2000 samples: digits has 1437 training"), ((1, 361), "digits has 360 test")):
        with pytest.raises(CepropError, match=message):
            digits.first(*wanted)


@pytest.mark.parametrize("name", ["train_inputs", "train_labels", "test_inputs", "test_labels"])
def test_the_digest_of_a_data_set_covers_every_array(folder: Path, name: str) -> None:
    """One value of one array, or its shape, makes another digest."""
    dataset = load_dataset(make(), folder)
    changed = getattr(dataset, name).copy()
    changed.flat[-1] ^= 1
    assert replace(dataset, **{name: changed}).sha256 != dataset.sha256
    assert replace(dataset, **{name: changed[:-1]}).sha256 != dataset.sha256
    assert replace(dataset, name="other").sha256 == dataset.sha256
