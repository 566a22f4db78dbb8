"""Files are replaced in one step, or not at all."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ceprop import CepropError
from ceprop.common import files
from ceprop.common.files import check_target, write_aside


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
    with pytest.raises(CepropError, match=r"cannot write"):
        write_aside(tmp_path / "file" / "inside", b"")


def test_mode_is_kept_and_a_new_file_gets_the_usual_one(tmp_path: Path) -> None:
    path = tmp_path / "file.bin"
    path.write_bytes(b"old")
    path.chmod(0o640)
    write_aside(path, b"new")
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"new", 0o640)
    (tmp_path / "plain").touch()
    write_aside(tmp_path / "other", b"")
    assert (tmp_path / "other").stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.parametrize("there", [True, False])
def test_symbolic_link_keeps_pointing_at_the_file(tmp_path: Path, there: bool) -> None:
    target, link = tmp_path / "deep" / "target", tmp_path / "link"
    if there:
        target.parent.mkdir()
        target.write_bytes(b"old")
    link.symlink_to(target)
    write_aside(link, b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"
    assert list(target.parent.iterdir()) == [target]


def test_fifo_is_written_through(tmp_path: Path) -> None:
    fifo, content = tmp_path / "fifo", bytes(range(256)) * 1024
    os.mkfifo(fifo)
    with ThreadPoolExecutor(1) as pool:
        reader = pool.submit(fifo.read_bytes)
        write_aside(fifo, content)
        assert reader.result(timeout=10) == content
    assert stat.S_ISFIFO(fifo.stat().st_mode)


def test_fifo_without_a_reader_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_READER_SECONDS", 0.2)
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(CepropError, match=r"cannot write .*no reader"):
        write_aside(tmp_path / "fifo", b"new")


def test_fifo_whose_reader_stops_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_READER_SECONDS", 0.2)
    os.mkfifo(tmp_path / "fifo")
    reader = os.open(tmp_path / "fifo", os.O_RDONLY | os.O_NONBLOCK)
    try:
        with pytest.raises(CepropError, match=r"cannot write .*took nothing"):
            write_aside(tmp_path / "fifo", bytes(1 << 20))
    finally:
        os.close(reader)


@pytest.mark.parametrize("device", ["/dev/null", "/dev/full"])
def test_device_is_written_in_place(device: str) -> None:
    before = Path(device).stat()
    if device == "/dev/full":
        with pytest.raises(CepropError, match=r"cannot write /dev/full: No space left"):
            write_aside(Path(device), b"new")
    else:
        write_aside(Path(device), b"new")
    after = Path(device).stat()
    assert (after.st_ino, after.st_mode, after.st_rdev) == (before.st_ino, before.st_mode, before.st_rdev)


def test_planted_temporary_name_is_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("secrets.token_hex", lambda _: "known")
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    (tmp_path / ".file.known").symlink_to(victim)
    with pytest.raises(CepropError, match=r"cannot write .*File exists"):
        write_aside(tmp_path / "file", b"new")
    assert victim.read_bytes() == b"precious"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (".", "folder"),
        ("x" * 256, "too long"),
        ("file/inside", "Not a directory"),
        ("zero\0byte", "null byte"),
    ],
)
def test_target_that_cannot_be_written_is_refused_before_and_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").touch()
    target = Path(name) if name != "." else tmp_path
    for action in (check_target, lambda path: write_aside(path, b"new")):
        with pytest.raises(CepropError, match=f"cannot write.*{message}") as refusal:
            action(target)
        assert "\n" not in str(refusal.value)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_checked_target_is_left_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"old")
    os.mkfifo(tmp_path / "fifo")
    for name in ("file", "fifo", "new", "deep/er/new", "x" * 255):
        check_target(tmp_path / name)
    check_target(Path("/dev/null"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fifo", "file"]
    assert (tmp_path / "file").read_bytes() == b"old"
