"""Random specifications on random shapes: the core must equal the golden model on every one."""

import random
from pathlib import Path

import numpy as np
import pytest

from ceprop import CepropError, Specification
from ceprop.model import Dataset
from ceprop.sim import compare

SAMPLES = 6


def random_specification(seed: int) -> Specification:
    """A small specification with every field drawn, valid ones only."""
    draw = random.Random(seed)
    while True:
        layers = [draw.randint(1, 9) for _ in range(draw.randint(2, 5))]
        shifts = [draw.randint(3, 12) for _ in layers[1:]]
        later = [max(0, shift + draw.randint(-2, 2)) for shift in shifts]
        fields = {
            "name": "random",
            "layers": layers,
            "seed": draw.getrandbits(64),
            "formats": {
                "state_bits": draw.choice([2, 4, 7, 8, 8, 8, 11, 16]),
                "input_bits": draw.choice([1, 3, 8, 8, 8, 12, 16]),
                "weight_bits": draw.choice([3, 6, 12, 12, 16, 24]),
                "weight_fraction": draw.randint(1, 18),
            },
            "activation": {"kind": draw.choice(["hard-sigmoid", "sigmoid"]), "table_bits": draw.randint(4, 10)},
            "phases": {"free_steps": draw.randint(1, 12), "nudged_steps": draw.randint(1, 6)},
            "nudge": {
                "shift": draw.choice([1, 1, 2, 3, 15]),
                "sign": draw.choice(["positive", "negative", "alternating", "random"]),
            },
            "update": {
                "rounding": draw.choice(["stochastic", "stochastic", "nearest", "floor"]),
                "shifts": shifts,
                "schedule": [{"epoch": 1, "shifts": later}],
            },
            "array": {"rows": draw.randint(1, 6), "cols": draw.randint(1, 6)},
        }
        try:
            return Specification.from_mapping(fields)
        except CepropError:
            continue


def random_dataset(specification: Specification, seed: int) -> Dataset:
    """A few samples, sparse and dense, one of them blank; two epochs of them fit into `SAMPLES`."""
    draw = np.random.default_rng(seed)
    count, inputs = SAMPLES // 2, specification.layers[0]
    values = draw.integers(0, 1 << specification.formats.input_bits, (count, inputs))
    values[0] *= draw.random(inputs) < 0.3
    values[1] = 0
    labels = draw.integers(0, specification.classes, count)
    return Dataset("random", values.astype(np.uint16), labels, values.astype(np.uint16), labels)


@pytest.mark.parametrize("seed", range(8))
def test_random_core_on_icarus(seed: int, tmp_path: Path) -> None:
    specification = random_specification(seed)
    found = compare(
        specification,
        random_dataset(specification, seed),
        simulator="icarus",
        samples=SAMPLES,
        build=tmp_path,
        command=f"seed {seed}",
    )
    assert found.mismatches == 0, f"{found.first_mismatch}\n{specification.fields()}"
    assert found.samples_compared == SAMPLES
