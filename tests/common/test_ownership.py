"""What is executed comes from files that no other user can have written."""

import os
from pathlib import Path

import pytest

from ceprop.common.kept_files import keep, kept, key_of
from ceprop.common.ownership import only_ours


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A kept file in folders of this user alone."""
    path = tmp_path / "build" / "simulations" / "program"
    keep(path, key_of("design"), b"machine code")
    for folder in (path.parent, path.parent.parent):
        folder.chmod(0o755)
    return path


def test_a_file_of_this_user_alone_is_used(file: Path) -> None:
    assert only_ours(file)
    assert kept(file, key_of("design")) == b"machine code"


@pytest.mark.parametrize("place", ["file", "folder", "folder above"])
def test_what_others_can_write_is_not_used(file: Path, place: str, capsys: pytest.CaptureFixture[str]) -> None:
    target = {"file": file, "folder": file.parent, "folder above": file.parent.parent}[place]
    mode = target.stat().st_mode
    target.chmod(mode | 0o002)
    assert not only_ours(file)
    assert kept(file, key_of("design")) is None
    message = f"ceprop: {file}: other users can write here; it is not used, and made again\n"
    assert capsys.readouterr().err == message
    target.chmod(mode)
    assert kept(file, key_of("design")) == b"machine code"


def test_a_folder_in_which_nobody_can_exchange_files(file: Path) -> None:
    """As `/tmp` is."""
    file.parent.parent.chmod(0o1777)
    assert only_ours(file)
    file.parent.chmod(0o1777)
    assert only_ours(file)


def test_a_group(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A group may write if this user is its only member."""
    file.parent.chmod(0o775)
    found = file.parent.stat()
    monkeypatch.setattr("ceprop.common.ownership._group_of_one", lambda group: group == found.st_gid)
    assert only_ours(file)
    monkeypatch.setattr("ceprop.common.ownership._group_of_one", lambda _: False)
    assert not only_ours(file)


def test_another_owner(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    assert only_ours(file) == (owner == 0)


def test_a_link_is_judged_by_where_it_leads(file: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(file)
    assert only_ours(link)
    file.parent.chmod(0o777)
    assert not only_ours(link)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        only_ours(tmp_path / "missing")
