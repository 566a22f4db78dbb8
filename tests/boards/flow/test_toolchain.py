"""Tools that do not end, what those that end leave, and tools that are compiled at their first start."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from ceprop.boards.flow import toolchain
from ceprop.boards.flow.toolchain import YOSYS, read_left, run_program
from ceprop.common.errors import CepropError
from ceprop.common.locks import only_on
from ceprop.common.processes import in_parallel


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


@pytest.mark.parametrize(
    ("script", "complaint"),
    [
        ("echo Warning: a; echo ERROR: b; echo c; exit 1", "sh: ERROR: b"),
        ("echo Warning: a; exit 3", "sh: exit code 3 after: Warning: a"),
        ("echo Warning: a; kill -BUS $$", "sh: ended by signal 7 after: Warning: a"),
        ("exit 3", "sh: exit code 3"),
    ],
)
def test_a_tool_that_fails_says_why(script: str, complaint: str, tmp_path: Path) -> None:
    with pytest.raises(CepropError) as raised:
        run_program("sh", ["sh", "-c", script], tmp_path, "log")
    assert str(raised.value) == f"{complaint} (log: {tmp_path / 'log'})"


class TestCompilation:
    """A tool of WebAssembly is compiled once, and nobody runs it meanwhile."""

    @pytest.fixture
    def compiled(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Sequence[str]]:
        """The commands that have compiled, each of which takes a while. The cache is empty."""
        found: list[Sequence[str]] = []

        def compile_slowly(command: Sequence[str], **_: Any) -> int:
            time.sleep(0.3)
            found.append(command)
            return 0

        monkeypatch.setenv("YOWASP_CACHE_DIR", str(tmp_path / "cache"))
        monkeypatch.setattr(toolchain, "run_to_end", compile_slowly)
        return found

    def test_one_compiles_and_the_others_wait(self, compiled: list[Sequence[str]]) -> None:
        in_parallel([YOSYS.compile] * 4, 4)
        assert compiled == [[*YOSYS.command, "--version"]]
        YOSYS.compile()
        assert len(compiled) == 1

    def test_a_wait_has_a_deadline(self, compiled: list[Sequence[str]], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(toolchain, "_COMPILE_SECONDS", 0.2)
        YOSYS.compile()
        (mark,) = toolchain._yowasp_cache().glob("*/yosys-*.compiled")
        mark.unlink()
        with only_on(mark), pytest.raises(CepropError, match="another ceprop is at work on it"):
            YOSYS.compile()
        assert len(compiled) == 1
