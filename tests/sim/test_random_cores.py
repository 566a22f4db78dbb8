"""Random specifications on random shapes: the core must equal the golden model on every one."""

import random
from pathlib import Path

import numpy as np
import pytest

from ceprop import CepropError, Geometry, Specification
from ceprop.hdl.devices.primitives import ECP5, ICE40, PORTABLE, Primitives
from ceprop.model import Dataset
from ceprop.sim import ComparisonPlan, compare

pytestmark = pytest.mark.slow

SAMPLES = 4
PRIMITIVES = [PORTABLE, PORTABLE, ECP5, ICE40]


def random_specification(seed: int) -> Specification:
    """A small specification with every field drawn, valid ones only; the rule, the number of layers and that of the
    memory's ports go with the seed, so that a few seeds meet all of them."""
    draw = random.Random(seed)
    rule = ("c-ep", "c-vf", "ep", "vf")[seed % 4]
    while True:
        layers = [draw.randint(1, 9) for _ in range(2 + (seed + seed // 4) % 4)]
        shifts = [draw.randint(3, 12) for _ in layers[1:]]
        later = [max(0, shift + draw.randint(-2, 2)) for shift in shifts]
        fields = {
            "name": "random",
            "layers": layers,
            "rule": rule,
            "angle": draw.choice([None, 0, 30, 90]) if rule in ("vf", "c-vf") else None,
            "seed": draw.getrandbits(64),
            "formats": {
                "state_bits": draw.choice([2, 4, 7, 8, 8, 8, 11, 16]),
                "input_bits": draw.choice([1, 3, 8, 8, 8, 12, 16]),
                "weight_bits": draw.choice([3, 6, 12, 12, 16, 24]),
                "weight_fraction": draw.randint(1, 18),
            },
            "activation": {"kind": draw.choice(["hard-sigmoid", "sigmoid"]), "table_bits": draw.randint(4, 10)},
            "phases": {
                "free_steps": draw.randint(1, 12),
                "nudged_steps": draw.randint(1, 6),
                # Every rule meets both orders with every number of layers of neurons.
                "order": ("synchronous", "alternating")[(seed + seed // 4 + seed // 8) % 2],
            },
            "nudge": {
                "shift": draw.choice([1, 1, 2, 3, 15]),
                "sign": draw.choice(["positive", "negative", "alternating", "random", "centred"]),
            },
            "update": {
                "rounding": draw.choice(["stochastic", "stochastic", "nearest", "floor"]),
                "shifts": shifts,
                "schedule": [{"epoch": 1, "shifts": later}],
            },
            "array": {
                "rows": draw.randint(1, 3),
                "cols": draw.randint(1, 3),
                "memory_ports": 1 + seed // 4 % 2,
                "input_lists": 1 + seed % 2,
                "drives": 1 + (seed % 4 == 3) * (seed // 4 % 2),
            },
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


def primitives_for(specification: Specification, seed: int) -> Primitives:
    """A set whose multiplier takes the specification's operands."""
    draw = random.Random(seed)
    bits = Geometry(specification).widths.operand_bits
    while True:
        primitives = draw.choice(PRIMITIVES)
        try:
            primitives.check_multiplier(max(specification.formats.weight_bits, bits), bits)
        except CepropError:
            continue
        return primitives


@pytest.mark.parametrize("seed", range(12))
def test_random_core_on_icarus(seed: int, tmp_path: Path) -> None:
    specification = random_specification(seed)
    primitives = primitives_for(specification, seed)
    plan = ComparisonPlan(
        simulator="icarus",
        samples=SAMPLES,
        build=tmp_path,
        primitives=primitives,
        # All samples as fast as they can come, or the memories between any two.
        read_every=1 + seed % 3,
        skip=seed % 6 != 5,
        command=f"seed {seed}",
    )
    found = compare(specification, random_dataset(specification, seed), plan)
    assert found.mismatches == 0, f"{found.first_mismatch}\n{primitives.name}, {specification.fields()}"
    assert found.samples_compared == SAMPLES


@pytest.mark.parametrize("seed", range(5))
def test_random_core_infers_ahead(seed: int, tmp_path: Path) -> None:
    """Inference alone, sample upon sample: the next one's drive goes ahead by as many slots as the cycle model says."""
    specification = random_specification(seed).override(
        f"array.rows={1 + seed % 3}", "array.memory_ports=2", "array.input_lists=2", "array.drives=2"
    )
    fields = specification.fields()
    fields["layers"][0] = 8 * (1 + seed)
    specification = Specification.from_mapping(fields)
    plan = ComparisonPlan(
        simulator="icarus",
        samples=2 * SAMPLES,
        build=tmp_path,
        learn=False,
        read_every=2 * SAMPLES,
        trace=seed % 2 == 0,
        skip=seed != 4,
        command=f"seed {seed}",
    )
    found = compare(specification, random_dataset(specification, seed), plan)
    assert found.mismatches == 0, f"{found.first_mismatch}\n{specification.fields()}"
    assert found.samples_compared == 2 * SAMPLES


def test_the_seeds_meet_every_rule_depth_and_memory() -> None:
    drawn = [random_specification(seed) for seed in range(12)]
    arrays = [specification.array for specification in drawn if specification.array is not None]
    assert {specification.rule for specification in drawn} == {"c-ep", "c-vf", "ep", "vf"}
    assert {len(specification.layers) for specification in drawn} == {2, 3, 4, 5}
    assert {(s.rule, a.memory_ports) for s, a in zip(drawn, arrays, strict=True)} >= {
        (rule, ports) for rule in ("c-ep", "c-vf", "ep", "vf") for ports in (1, 2)
    }
    assert {(a.memory_ports, a.input_lists) for a in arrays} == {(1, 1), (1, 2), (2, 1), (2, 2)}
    assert {array.drives for array in arrays} == {1, 2}
    signs = {"positive", "negative", "alternating", "random", "centred"}
    assert {specification.nudge.sign for specification in drawn} == signs
    assert {(s.rule, s.phases.order) for s in drawn} == {
        (rule, order) for rule in ("c-ep", "c-vf", "ep", "vf") for order in ("synchronous", "alternating")
    }
    assert {primitives_for(s, seed).name for seed, s in enumerate(drawn)} == {"portable", "ecp5", "ice40"}
