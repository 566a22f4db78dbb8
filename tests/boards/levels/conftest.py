"""What the comparisons below the RTL share."""

from pathlib import Path

import numpy as np
import pytest

from ceprop.model import Dataset
from ceprop.specification import Specification


@pytest.fixture(scope="session")
def smallest() -> Specification:
    """A core of one cell, with a sigmoid, whose table is a memory."""
    return Specification.from_mapping(
        {
            "name": "smallest",
            "layers": [5, 3],
            "formats": {"state_bits": 4, "input_bits": 3, "weight_bits": 8, "weight_fraction": 6},
            "activation": {"kind": "sigmoid", "table_bits": 5},
            "phases": {"free_steps": 4, "nudged_steps": 3},
            "update": {"rounding": "stochastic", "shifts": [4]},
            "array": {"rows": 1, "cols": 1, "memory_words": 64},
        }
    )


@pytest.fixture(scope="session")
def samples() -> Dataset:
    """Random samples for this core."""
    draw = np.random.default_rng(1)
    inputs, labels = draw.integers(0, 8, (4, 5)).astype(np.uint16), draw.integers(0, 3, 4)
    return Dataset("random", inputs, labels, inputs, labels)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that keeps the netlists and compiled simulations of a file's tests."""
    return tmp_path_factory.mktemp("levels")
