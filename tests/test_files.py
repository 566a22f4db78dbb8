"""Files are replaced in one step, or not at all."""

from pathlib import Path

import pytest

from ceprop import CepropError
from ceprop.files import write_aside


def test_writes_makes_folders_and_replaces(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file.bin"
    write_aside(path, b"first")
    write_aside(path, b"second")
    assert path.read_bytes() == b"second"
    assert list(path.parent.iterdir()) == [path]


def test_interrupted_write_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file.bin"
    write_aside(path, b"old")

    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("os.fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_aside(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_full_disk_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(CepropError, match=r"cannot write .*No space left"):
        write_aside(tmp_path / "file.bin", b"new")
    assert not list(tmp_path.iterdir())


def test_folder_that_is_a_file_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(CepropError, match="cannot write"):
        write_aside(tmp_path / "file" / "inside", b"")
