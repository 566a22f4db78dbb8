"""A disk without room for an output: one line, exit code 2, and the file of before is whole."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ceprop import CepropError
from ceprop.cli import run
from ceprop.specification.bundled import bundled_specification
from ceprop.verification.kept import FinishedCase, KeptCases

SMALL = [str(bundled_specification("digits")), "--set", "layers=[64, 12, 10]", "--set", "phases.free_steps=8"]


@contextmanager
def room_for(file_bytes: int) -> Iterator[None]:
    """No file can become larger. Like a full disk, this makes a write end early, and the next one fail."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def contents() -> dict[str, bytes]:
    """Every file below the working folder."""
    return {str(path): path.read_bytes() for path in Path().rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("before", "arguments"),
    [
        (
            ["train", *SMALL, "--epochs", "1", "--checkpoint", "run"],
            ["train", *SMALL, "--epochs", "2", "--checkpoint", "run", "--resume"],
        ),
        (["train", *SMALL, "--samples", "30", "--json", "out"], ["train", *SMALL, "--samples", "40", "--json", "out"]),
        (
            ["train", *SMALL, "--epochs", "1", "--plot", "out.png"],
            ["train", *SMALL, "--epochs", "2", "--plot", "out.png"],
        ),
        (["pack", *SMALL, "out", "--samples", "30"], ["pack", *SMALL, "out", "--samples", "40"]),
        (["boards", "--json", "out"], ["boards", "--json", "out"]),
    ],
    ids=lambda arguments: f"{arguments[0]} {arguments[-2]}",
)
def test_no_room_for_an_output(before: list[str], arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(before) == 0
    old = contents()
    capsys.readouterr()
    with room_for(min(map(len, old.values())) // 2):
        assert run(arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("ceprop: cannot write ")
    assert error.endswith(": File too large\n")
    assert error.count("\n") == 1
    assert contents() == old


def test_no_room_for_a_finished_case() -> None:
    kept = KeptCases(Path(), "digest")
    cases = [FinishedCase("flash", 1, number, 0.5, {"samples": 9}, None) for number in range(3)]
    kept.add(cases[0])
    (size,) = map(len, contents().values())
    # The next line begins, and does not end.
    for room in (size, size + 20):
        with room_for(room), pytest.raises(CepropError, match=r"^cannot write cases-.*: (File too|No space)"):
            kept.add(cases[1])
        assert kept.read() == {cases[0].key: cases[0]}
    kept.add(cases[2])
    assert kept.read() == {case.key: case for case in (cases[0], cases[2])}
