"""Random specifications and random samples. Every field of a specification is drawn within what its checks allow."""

import random
from typing import Any

import numpy as np

from ceprop.common.errors import CepropError
from ceprop.model import Dataset
from ceprop.specification import Specification

RULES = ("c-ep", "c-vf", "ep", "vf")
ORDERS = ("synchronous", "alternating")
SIGNS = ("positive", "negative", "alternating", "random", "centred")
_WIDEST = 60
"""Units of a wide layer. The compiled model then takes neurons that moved in another way than in a narrow layer."""


def random_arithmetic(draw: random.Random, number: int) -> Specification:
    """Return a specification for the model alone. Formats and rates reach their limits.

    Rule and order go with the number, so that eight cases meet all pairs. Every eighth network is wide.
    """
    widest = _WIDEST if number // 8 % 8 == 7 else 9
    layers = [draw.randint(1, widest) for _ in range(draw.randint(2, 5))]
    state, inputs = draw.randint(2, 16), draw.randint(1, 16)
    fraction = draw.randint(smallest_fraction(state, inputs), 24)
    largest = [draw.randint(*largest_rates(state, inputs, fraction)) for _ in layers[1:]]
    rule = RULES[number % 4]
    fields: dict[str, Any] = {
        "layers": layers,
        "rule": rule,
        "angle": draw.randint(0, 180) if rule in ("vf", "c-vf") else None,
        "seed": draw.getrandbits(64),
        "formats": {
            "state_bits": state,
            "input_bits": inputs,
            # Few bits beside the fraction make saturation frequent, many make it rare.
            "weight_bits": draw.randint(max(2, fraction - 3), min(24, fraction + 4)),
            "weight_fraction": fraction,
        },
        "activation": {
            "kind": draw.choice(["hard-sigmoid", "sigmoid"]),
            "table_bits": draw.randint(4, min(7, fraction + state + 2)),
        },
        "phases": {
            "free_steps": draw.randint(1, 12),
            "nudged_steps": draw.randint(1, 6),
            "order": ORDERS[number // 4 % 2],
        },
        "nudge": {"shift": draw.randint(1, 4), "sign": draw.choice(["random", "centred"])},
        "update": {
            "rounding": draw.choice(["stochastic", "nearest", "floor"]),
            "shifts": [max(0, m - draw.randint(0, 4)) for m in largest],
            "largest": largest,
        },
    }
    return Specification.from_mapping(fields)


def smallest_fraction(state_bits: int, input_bits: int) -> int:
    """Return the fewest fraction bits of a weight with which there is a largest rate shift."""
    return max(1, state_bits + max(state_bits, input_bits) - 32)


def largest_rates(state_bits: int, input_bits: int, weight_fraction: int) -> tuple[int, int]:
    """Return the range of a connection's largest rate shift. Updates then round at a bit from 1 to 32."""
    finest, coarsest = sorted((state_bits + state_bits, state_bits + input_bits))
    return max(0, weight_fraction + 1 - finest), min(31, weight_fraction + 32 - coarsest)


def random_core(draw: random.Random, number: int) -> Specification:
    """Return a small specification with an array.

    The rule, the number of layers, the order, the ports of the memories, the lists and the drives go with the number,
    so that a few cases meet all of them.
    """
    while True:
        try:
            return Specification.from_mapping(_core_fields(draw, number))
        except CepropError:
            continue


def _core_fields(draw: random.Random, number: int) -> dict[str, Any]:
    """Return the fields of a specification with an array. Not all of them fit together."""
    rule = RULES[number % 4]
    layers = [draw.randint(1, 9) for _ in range(2 + (number + number // 4) % 4)]
    shifts = [draw.randint(3, 12) for _ in layers[1:]]
    later = [max(0, shift + draw.randint(-2, 2)) for shift in shifts]
    # Few cells, because each takes time in every tool. One in twelve arrays has long sides.
    rows, cols = (5, 7) if number % 12 == 9 else (draw.randint(1, 3), draw.randint(1, 3))
    return {
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
            "order": ORDERS[(number + number // 4 + number // 8) % 2],
        },
        "nudge": {"shift": draw.choice([1, 1, 2, 3, 15]), "sign": draw.choice(SIGNS)},
        "update": {
            "rounding": draw.choice(["stochastic", "stochastic", "nearest", "floor"]),
            "shifts": shifts,
            "schedule": [{"epoch": 1, "shifts": later}],
        },
        "array": {
            "rows": rows,
            "cols": cols,
            "memory_ports": 1 + number // 4 % 2,
            "input_lists": 1 + number % 2,
            "drives": 1 + (number % 4 == 3) * (number // 4 % 2),
        },
    }


def random_samples(specification: Specification, draw: np.random.Generator, count: int, held_out: int = 0) -> Dataset:
    """Return samples, dense and sparse in turn. Where there are two or more, one of them is blank."""
    shape = (count + held_out, specification.layers[0])
    values = draw.integers(0, 1 << specification.formats.input_bits, shape)
    values[::2] *= draw.random(values[::2].shape) < 0.3
    values[1:2] = 0
    labels = draw.integers(0, specification.classes, len(values))
    inputs = values.astype(np.uint16)
    return Dataset("random", inputs[:count], labels[:count], inputs[count:], labels[count:])
