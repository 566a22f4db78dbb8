"""Every example specification loads, fits its array, and survives being written and read again."""

from pathlib import Path

import pytest

from ceprop.specification import Geometry, Specification
from ceprop.specification.bundled import bundled_specification

EXAMPLES = sorted(bundled_specification("digits").parent.glob("*.toml"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example(path: Path, tmp_path: Path) -> None:
    specification = Specification.load(path)
    assert specification.name == path.stem
    array = specification.with_array().array
    assert array is not None
    assert Geometry(specification).weight_words <= array.memory_words
    specification.save(tmp_path / "copy.toml")
    assert Specification.load(tmp_path / "copy.toml") == specification
