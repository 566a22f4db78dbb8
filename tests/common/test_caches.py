"""A user without a home, and a disk without room: it works, or one line says what would help."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from ceprop import CepropError
from ceprop.common.caches import cache_environment

NOWHERE = "/dev/null/home"
"""A folder that not even root can make."""


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files, where the user has no other."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("HOME", NOWHERE)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr("tempfile.tempdir", None)
    return folder


_LIMITED = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
os.execv(sys.executable, [sys.executable, "-m", "ceprop", *sys.argv[2:]])
"""


def ceprop(*arguments: str | Path, file_bytes: int = resource.RLIM_INFINITY) -> subprocess.CompletedProcess[str]:
    """Run a verb; no file that it writes can be larger than so many bytes."""
    command = [sys.executable, "-c", _LIMITED, str(file_bytes), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True)


def test_without_a_home_the_tools_get_a_folder_of_this_user_alone(temporary: Path) -> None:
    folder = temporary / f"ceprop-cache-{os.geteuid()}"
    assert cache_environment() == {"XDG_CACHE_HOME": str(folder)}
    assert folder.stat().st_mode & 0o777 == 0o700
    assert cache_environment() == {"XDG_CACHE_HOME": str(folder)}
    folder.chmod(0o770)
    with pytest.raises(CepropError, match="is not this user's alone; XDG_CACHE_HOME can name another"):
        cache_environment()
    folder.rmdir()
    folder.symlink_to(temporary)
    with pytest.raises(CepropError, match="is not this user's alone; XDG_CACHE_HOME can name another"):
        cache_environment()


def test_a_folder_that_can_be_written_is_left_to_the_tools(
    temporary: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_environment() == {}
    monkeypatch.setenv("HOME", NOWHERE)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "named"))
    assert cache_environment() == {}
    monkeypatch.setenv("XDG_CACHE_HOME", "not absolute")
    assert cache_environment() != {}


@pytest.mark.slow
def test_generate_without_a_home(tiny: Path, temporary: Path, tmp_path: Path) -> None:
    done = ceprop("generate", tiny, "-o", tmp_path / "made")
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "made" / "tiny.v").stat().st_size > 100_000
    assert [path.name for path in temporary.iterdir()] == [f"ceprop-cache-{os.geteuid()}"]


@pytest.mark.parametrize("verb", ["generate", "sim"])
def test_no_room_is_one_line(verb: str, tiny: Path, tiny_data: Path, tmp_path: Path) -> None:
    """A limit for files stands for a full disk: both end in an error of the system."""
    simulation = ["--data", tiny_data, "--simulator", "icarus", "--samples", "1"]
    options = {"generate": ["-o", tmp_path / "made"], "sim": simulation}
    done = ceprop(verb, tiny, *options[verb], file_bytes=50_000)
    assert done.returncode == 2
    assert done.stderr.startswith("ceprop: no room for temporary files in ")
    assert done.stderr.endswith("TMPDIR can name another\n")
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "made" / "tiny.v").exists()


def test_a_build_folder_that_cannot_be_made_is_one_line(tiny: Path, tiny_data: Path) -> None:
    simulation = ["sim", tiny, "--data", tiny_data, "--simulator", "icarus", "--samples", "1"]
    done = ceprop(*simulation, "--build", "/dev/null/full")
    assert done.returncode == 2
    assert done.stderr.startswith("ceprop: ")
    assert "/dev/null/full" in done.stderr
    assert done.stderr.count("\n") == 1
