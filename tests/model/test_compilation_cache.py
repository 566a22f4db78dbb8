"""Compiled code that is damaged, or that a folder cannot keep, is compiled again: one line, and the same result."""

import errno
import importlib.util
import os
import random
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from numba.core import config
from numba.core.errors import TypingError

from ceprop.common.errors import CepropWarning
from ceprop.common.locks import wait_for
from ceprop.model import compilation_cache, kernel
from ceprop.model.compilation_cache import SealedFiles

SOURCE = "def double(x):\n    return 2 * x\n"


@pytest.fixture
def double(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Any]:
    """Gives the function as a new process has it: nothing compiled but what the folder holds."""
    monkeypatch.setattr(config, "CACHE_DIR", str(tmp_path / "cache"))
    file = tmp_path / "doubles.py"
    file.write_text(SOURCE)
    found = importlib.util.spec_from_file_location("doubles", file)
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return lambda: kernel.compiled(module.double)


def kept(tmp_path: Path) -> list[Path]:
    """The files of the cache: index and data."""
    return sorted((tmp_path / "cache").rglob("*.nb[ic]"))


def hits(dispatcher: Any) -> int:
    """How often compiled code came from the folder."""
    return sum(dispatcher.stats.cache_hits.values())


def test_a_whole_file_is_used(double: Callable[[], Any], tmp_path: Path) -> None:
    first, second = double(), double()
    assert (first(4), hits(first)) == (8, 0)
    assert len(kept(tmp_path)) == 2
    assert (second(4), hits(second)) == (8, 1)


def test_what_another_process_compiles_meanwhile_is_used(
    double: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[Path] = []

    @contextmanager
    def let_another_compile(file: Path, seconds: float) -> Iterator[None]:
        waited.append(file)
        monkeypatch.setattr(compilation_cache, "wait_for", wait_for)
        assert double()(4) == 8
        with wait_for(file, seconds):
            yield

    monkeypatch.setattr(compilation_cache, "wait_for", let_another_compile)
    late = double()
    assert (late(4), hits(late)) == (8, 1)
    assert len(waited) == 1


def test_a_compilation_that_fails_holds_nobody_up(double: Callable[[], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compilation_cache, "_PATIENCE", 30.0)
    begin, first = time.monotonic(), double()
    with pytest.raises(TypingError):
        first(None)
    assert first(4) == 8
    assert time.monotonic() - begin < 20


@pytest.mark.parametrize("name", ["*.nbi", "*.nbc"])
@pytest.mark.parametrize(
    "damage", [lambda b: b"", lambda b: b[: len(b) // 2], lambda b: random.Random(3).randbytes(len(b))]
)
def test_a_damaged_file_is_compiled_again_in_one_line(
    name: str, damage: Callable[[bytes], bytes], double: Callable[[], Any], tmp_path: Path
) -> None:
    double()(4)
    (file,) = (tmp_path / "cache").rglob(name)
    file.write_bytes(damage(file.read_bytes()))
    after = double()
    with pytest.warns(CepropWarning, match=r"compiled code in .*cache.* is damaged; it is compiled again") as said:
        assert (after(4), hits(after)) == (8, 0)
    assert len({str(warning.message) for warning in said}) == 1
    assert "\n" not in str(said[0].message)
    # What was compiled again is whole.
    once_more = double()
    assert (once_more(4), hits(once_more)) == (8, 1)


def test_a_folder_in_place_of_a_file_is_compiled_again(double: Callable[[], Any], tmp_path: Path) -> None:
    double()(4)
    for file in kept(tmp_path):
        file.unlink()
        file.mkdir()
    after = double()
    with pytest.warns(CepropWarning) as said:
        assert (after(4), hits(after)) == (8, 0)
    texts = {str(warning.message) for warning in said}
    assert any("cannot be read (Is a directory); it is compiled again" in text for text in texts)


@pytest.mark.parametrize("reason", [errno.ENOSPC, errno.EACCES, errno.EROFS])
def test_a_folder_that_takes_nothing_does_not_stop_the_program(
    reason: int, double: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(reason, os.strerror(reason))

    monkeypatch.setattr("os.replace", refuse)
    after = double()
    with pytest.warns(CepropWarning, match="cannot be kept in .*; it is compiled in every process") as said:
        assert after(4) == 8
    assert os.strerror(reason) in str(said[0].message)


def test_a_file_in_place_of_the_folder_does_not_stop_the_program(double: Callable[[], Any], tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("in the way")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CepropWarning)
        assert double()(4) == 8


def test_no_altered_byte_and_no_cut_reaches_numba(
    tmp_path: Path, damages: Callable[[bytes, int], Iterator[bytes]]
) -> None:
    files = SealedFiles(str(tmp_path), "double", (1.5, 40))
    files.save("key", {"code": b"0123456789" * 8})
    assert files.load("key") == {"code": b"0123456789" * 8}
    assert files.load("another") is None
    assert SealedFiles(str(tmp_path), "double", (2.5, 40)).load("key") is None
    for path in sorted(tmp_path.iterdir()):
        whole = path.read_bytes()
        for damaged in damages(whole, 2000):
            path.write_bytes(damaged)
            with pytest.warns(CepropWarning, match="is damaged"):
                assert files.load("key") is None
            assert not path.exists()
        path.write_bytes(whole)
    assert files.load("key") == {"code": b"0123456789" * 8}
