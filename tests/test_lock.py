"""The lock file has a version with hashes for every dependency, and these versions are those that are asked for."""

import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

_ROOT = Path(__file__).parents[1]


def _locked() -> dict[str, list[tuple[str, str]]]:
    """The version and the rest of every entry, by the name of the package."""
    text = re.sub(r"^#.*\n", "", (_ROOT / "requirements.lock").read_text(encoding="utf-8"), flags=re.MULTILINE)
    found: dict[str, list[tuple[str, str]]] = {}
    for name, version, rest in re.findall(r"^([\w.-]+)==([\w.+!]+)((?:.*\\\n)*.*)\n", text, flags=re.MULTILINE):
        found.setdefault(canonicalize_name(name), []).append((version, rest))
    return found


def test_every_dependency_is_locked_at_a_version_that_is_asked_for() -> None:
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    locked = _locked()
    for line in [*project["dependencies"], *project["optional-dependencies"]["development"]]:
        requirement = Requirement(line)
        entries = locked.get(canonicalize_name(requirement.name), [])
        assert entries, (
            f"{requirement.name} is not in requirements.lock; the first lines of the file say how it is made"
        )
        for version, _ in entries:
            assert requirement.specifier.contains(version), f"{requirement}: requirements.lock has {version}"


def test_every_package_has_hashes() -> None:
    locked = _locked()
    assert len(locked) > 60
    for name, entries in locked.items():
        for _, rest in entries:
            assert re.search(r"--hash=sha256:[0-9a-f]{64}", rest), name
