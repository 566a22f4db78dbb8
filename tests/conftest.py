"""What holds for every test."""

import os
from pathlib import Path

import pytest

# Before numpy is imported: the matrices here are small, and tests run beside each other.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

_TINY = """
name = "tiny"
layers = [64, 10]
[formats]
weight_bits = 12
weight_fraction = 12
[phases]
free_steps = 5
nudged_steps = 3
[update]
shifts = [8]
[quantiser]
high = 16
[array]
rows = 1
cols = 2
"""


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A specification whose simulation takes a few seconds, most of them to start."""
    path = tmp_path_factory.mktemp("specification") / "tiny.toml"
    path.write_text(_TINY, encoding="utf-8")
    return path
