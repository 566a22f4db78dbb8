"""Every file of the repository that a document names exists."""

import re
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_PATH = re.compile(r"`((?:hdl|model|sim|boards|src|docs|tests|examples)/[\w/.-]+\.(?:py|md|toml|json|cpp))`")
_RECORD_OF_OLD_NAMES = _ROOT / "docs/decisions/0014-names-and-folders.md"
_DOCUMENTS = [_ROOT / "README.md", *sorted((_ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("document", _DOCUMENTS, ids=lambda path: str(path.relative_to(_ROOT)))
def test_paths_exist(document: Path):
    text = document.read_text(encoding="utf-8")
    if document == _RECORD_OF_OLD_NAMES:
        text = re.sub(r"^\|[^|]*\|(?=[^|]*\|$)", "", text, flags=re.MULTILINE)
    assert [path for path in _PATH.findall(text) if not (_ROOT / path).exists()] == []


def test_links_of_the_readme_lead_to_files():
    text = (_ROOT / "README.md").read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text)
    local = [target for target in targets if not target.startswith("https://")]
    assert len(local) > 10
    assert [target for target in local if not (_ROOT / target).exists()] == []
