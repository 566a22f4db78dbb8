"""Where snapshots lie in flash."""

from pathlib import Path

import pytest

from ceprop import CepropError
from ceprop.boards import snapshot_form
from ceprop.boards.host import check_data_set, data_set_image
from ceprop.boards.protocol import Flash
from ceprop.boards.snapshot_form import SnapshotPlaces, snapshot_bytes
from ceprop.model import load_dataset
from ceprop.specification import Geometry, Specification
from ceprop.specification.bundled import bundled_specification

_FRAME = 16
"""Bytes of a file around its content."""


@pytest.mark.parametrize(
    ("content", "places"),
    [
        (1, SnapshotPlaces(0x21_0000, 0x22_0000, above=False, data_set_end=0x100_0000)),
        (0x7_0000 - _FRAME, SnapshotPlaces(0x21_0000, 0x28_0000, above=False, data_set_end=0x100_0000)),
        (0x7_0000 - _FRAME + 1, SnapshotPlaces(0x21_0000, 0xF8_0000, above=True, data_set_end=0xF8_0000)),
        (0xF_0000 - _FRAME, SnapshotPlaces(0x21_0000, 0xF1_0000, above=True, data_set_end=0xF1_0000)),
        (0xF_0000 - _FRAME + 1, SnapshotPlaces(0xF0_0000, 0xE0_0000, above=True, data_set_end=0xE0_0000)),
        (0x67_0000 - _FRAME, SnapshotPlaces(0x99_0000, 0x32_0000, above=True, data_set_end=0x32_0000)),
    ],
)
def test_places_follow_from_the_size(content: int, places: SnapshotPlaces, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot_form, "snapshot_bytes", lambda _: content)
    geometry = Geometry(Specification.load(bundled_specification("digits")).with_array())
    assert SnapshotPlaces.of(geometry) == places
    # Nothing lies in another file, and whoever erases blocks erases nothing else.
    files = [(Flash.LOG, Flash.LOG_BYTES), (places.first, content + _FRAME), (places.second, content + _FRAME)]
    files = sorted([*files, (Flash.DATA_SET, places.data_set_end - Flash.DATA_SET)])
    ends = [-(-(start + size) // 0x1_0000) * 0x1_0000 for start, size in files]
    assert all(end <= start for end, (start, _) in zip(ends, files[1:], strict=False))
    assert ends[-1] <= Flash.BYTES
    assert all(start % 0x1_0000 == 0 for start, _ in files)


def test_two_snapshots_that_leave_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot_form, "snapshot_bytes", lambda _: 0x67_0000 - _FRAME + 1)
    geometry = Geometry(Specification.load(bundled_specification("digits")).with_array())
    with pytest.raises(CepropError, match=r"^snapshot: takes 6,750,209 bytes, flash has no room for two of them"):
        SnapshotPlaces.of(geometry)


def test_a_network_with_two_large_layers() -> None:
    array = ("array.rows=16", "array.cols=16", "array.memory_words=8192")
    geometry = Geometry(Specification.load(bundled_specification("mnist-512-512"), array))
    taken, places = snapshot_bytes(geometry), SnapshotPlaces.of(geometry)
    assert taken > 512 * 1024
    assert places.above


def test_a_data_set_that_reaches_into_a_snapshot_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file was packed where the array was not known."""
    known = Specification.load(bundled_specification("digits")).with_array()
    fields = known.fields()
    del fields["array"]
    dataset = load_dataset(known, "digits").first(20, 0)
    path, image = tmp_path / "set.bin", data_set_image(Specification.from_mapping(fields), dataset, 1)
    path.write_bytes(image)
    room = SnapshotPlaces(0, 0, above=True, data_set_end=Flash.DATA_SET + len(image))
    monkeypatch.setattr(SnapshotPlaces, "of", lambda _: room)
    assert check_data_set(path, known).content == data_set_image(known, dataset, 1) == image
    room = SnapshotPlaces(0, 0, above=True, data_set_end=Flash.DATA_SET + len(image) - 1)
    monkeypatch.setattr(SnapshotPlaces, "of", lambda _: room)
    with pytest.raises(CepropError, match=rf"takes {len(image):,} bytes, beside snapshots .* {len(image) - 1:,}$"):
        check_data_set(path, known)
    with pytest.raises(CepropError, match=r"^data set: 20 samples take .* bytes, room is for about \d+$"):
        data_set_image(known, dataset, 1)
