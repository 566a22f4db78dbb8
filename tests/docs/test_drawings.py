"""The drawings of the documents are those that their sources make."""

import importlib
from pathlib import Path

import pytest

_FOLDER = Path(__file__).parents[2] / "docs" / "drawings"


def test_every_drawing_is_what_its_source_makes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(_FOLDER)
    made = importlib.import_module("make").make(tmp_path)
    assert sorted(path.name for path in made) == sorted(path.name for path in _FOLDER.glob("*.svg"))
    for path in made:
        kept = (_FOLDER / path.name).read_text(encoding="utf-8")
        assert path.read_text(encoding="utf-8") == kept, "run: python docs/drawings/make.py"


def test_every_drawing_stands_in_a_document():
    documents = [*_FOLDER.parents[1].glob("*.md"), *_FOLDER.parent.rglob("*.md")]
    text = "".join(path.read_text(encoding="utf-8") for path in documents)
    for path in _FOLDER.glob("*.svg"):
        assert f"drawings/{path.name})" in text, path.name
