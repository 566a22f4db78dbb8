"""Tools that do not end, and what those that end leave."""

import time
from pathlib import Path

import pytest

from ceprop.boards.flow.toolchain import read_left, run_program
from ceprop.common.errors import CepropError


def test_a_tool_that_does_not_end_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ceprop.boards.flow.toolchain._MOST_SECONDS", 0.5)
    begun = time.monotonic()
    with pytest.raises(CepropError, match=r"^sleep: took longer than 0.5 s and was ended$"):
        run_program("sleeper", ["sleep", "60"], tmp_path, "log")
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize("content", [None, b"", b'{"fmax": {', b"\xff\xfe"])
def test_half_a_file_is_one_line(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CepropError, match=r"report\.json: the tool that ended left no whole file there$"):
        read_left(path)
