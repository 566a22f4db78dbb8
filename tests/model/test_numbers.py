"""The arithmetic of one neuron and one synapse, against literal cases of docs/numerics.md."""

import numpy as np
import pytest

from ceprop import Specification
from ceprop.model import activate, advance, input_pattern, nudged, update, update_bias
from ceprop.specification import sigmoid_table


def make(*overrides: str) -> Specification:
    fields = {
        "layers": [3, 4, 2],
        "formats": {"state_bits": 4, "input_bits": 6, "weight_bits": 6, "weight_fraction": 5},
        "update": {"shifts": [1, 1], "largest": [3, 2]},
    }
    return Specification.from_mapping(fields).override(*overrides)


@pytest.mark.parametrize(
    ("layer", "value", "state"),
    [
        # Layer 1: G + max(S, X) = 11 fraction bits, so 7 are dropped. Layer 2: 9 fraction bits, 5 are dropped.
        (1, 0, 0),
        (1, 63, 0),
        (1, 64, 1),
        (1, 191, 1),
        (1, 192, 2),
        (1, -1, 0),
        (1, -(2**30), 0),
        (1, 15 * 128 + 63, 15),
        (1, 2**30, 15),
        (2, 15, 0),
        (2, 16, 1),
        (2, 8 * 32 - 17, 7),
        (2, 8 * 32 - 16, 8),
        (2, 15 * 32 + 500, 15),
    ],
)
def test_hard_sigmoid_rounds_half_up_and_clips(layer: int, value: int, state: int) -> None:
    specification = make()
    assert activate(specification, layer, value) == state
    assert activate(specification, layer, np.array([value])).tolist() == [state]


def test_sigmoid_table_is_the_rounded_sigmoid() -> None:
    table = sigmoid_table(make("activation.kind=sigmoid", "activation.table_bits=5", "formats.state_bits=8"))
    # Entry k is at u = 4 (4 (2k + 1) / 64 - 2) = (2k + 1) / 4 - 8, for 32 entries.
    assert len(table) == 32
    assert table[0] == 0
    assert table[15] == 112  # 256 / (1 + e^0.25) = 112.08
    assert table[16] == 144  # 256 / (1 + e^-0.25) = 143.92
    assert table[20] == 232  # 256 / (1 + e^-2.25) = 231.59
    assert table[31] == 255
    assert list(table) == sorted(table)


def test_sigmoid_table_spans_more_for_fine_states() -> None:
    table = sigmoid_table(make("activation.kind=sigmoid", "activation.table_bits=6", "formats.state_bits=12"))
    assert len(table) == 64
    assert table[32] == 2303  # u = 4 (8 * 65 / 128 - 4) = 0.25: 4096 / (1 + e^-0.25) = 2302.67
    assert table[63] == 4095


def test_sigmoid_looks_its_address_up() -> None:
    specification = make("activation.kind=sigmoid", "activation.table_bits=5", "formats.state_bits=8")
    table = sigmoid_table(specification)
    # Layer 2: F = 13 fraction bits; 1/2 is 2^12; the 32 entries span 2^15 from -3/2 on, 2^10 each.
    for value, entry in (
        (4096, 16),
        (4095, 15),
        (4096 + 1023, 16),
        (4096 + 1024, 17),
        (-12288, 0),
        (-12289, 0),
        (20479, 31),
    ):
        assert activate(specification, 2, value) == table[entry]
    assert activate(specification, 2, 2**30) == table[31]
    assert activate(specification, 2, np.array([4096, -(2**30)])).tolist() == [table[16], table[0]]


@pytest.mark.parametrize(
    ("state", "rho", "target", "positive", "negative"),
    [
        (0, 0, 15, 4, 0),  # (15 + 2) >> 2 = 4
        (0, 9, 15, 13, 5),
        (15, 15, 15, 15, 15),
        (15, 15, 0, 11, 15),  # (-15 + 2) >> 2 = -4
        (1, 3, 0, 3, 3),  # (-1 + 2) >> 2 = 0
        (2, 3, 0, 3, 3),  # (-2 + 2) >> 2 = 0
        (3, 3, 0, 2, 4),  # (-3 + 2) >> 2 = -1
        (13, 15, 15, 15, 14),  # (2 + 2) >> 2 = 1, clipped
    ],
)
def test_nudge_rounds_before_its_sign(state: int, rho: int, target: int, positive: int, negative: int) -> None:
    specification = make("nudge.shift=2")
    assert nudged(specification, state, rho, target, negative=False) == positive
    assert nudged(specification, state, rho, target, negative=True) == negative
    assert nudged(specification, np.array([state]), np.array([rho]), np.array([target]), True).tolist() == [negative]


# Connection 1 drops SH = S + X + m_max - G = 4 + 6 + 3 - 5 = 8 bits, connection 2 and its bias 4 + 4 + 2 - 5 = 5,
# the bias of layer 1 drops 4 + 4 + 3 - 5 = 6; shifts in force are 1, so differences move up by 2 and 1 first.
@pytest.mark.parametrize(
    ("rounding", "connection", "weight", "difference", "dither", "after", "saturated"),
    [
        ("floor", 1, 3, 63, 0xFF, 3, False),  # 252 >> 8 = 0
        ("floor", 1, 3, 64, 0, 4, False),
        ("floor", 1, 3, -1, 0xFF, 2, False),
        ("nearest", 1, 3, 32, 0, 4, False),  # (128 + 128) >> 8 = 1
        ("nearest", 1, 3, -32, 0, 3, False),  # (-128 + 128) >> 8 = 0
        ("nearest", 1, 3, -33, 0, 2, False),
        ("stochastic", 1, 3, 1, 0xFFFC, 4, False),  # (4 + 0xFC) >> 8 = 1
        ("stochastic", 1, 3, 1, 0xFFFB, 3, False),
        ("stochastic", 1, 3, 0, 0xFFFF, 3, False),
        ("stochastic", 2, 31, 16, 0, 31, True),
        ("stochastic", 2, 31, 15, 1, 31, False),
        ("stochastic", 2, -32, -16, 0x1F, -32, True),  # (-32 + 31) >> 5 = -1: below the range
        ("floor", 2, -30, -32, 0, -32, False),
        ("floor", 2, -30, -33, 0, -32, True),
    ],
)
def test_update_of_a_weight(
    rounding: str, connection: int, weight: int, difference: int, dither: int, after: int, saturated: bool
) -> None:
    specification = make(f"update.rounding={rounding}")
    assert update(specification, connection, weight, difference, dither, 1) == (after, saturated)
    many, flags = update(specification, connection, np.array([weight]), np.array([difference]), np.array([dither]), 1)
    assert (many.tolist(), np.asarray(flags).tolist()) == ([after], [saturated])


def test_update_of_a_bias_drops_its_own_bits() -> None:
    specification = make("update.rounding=floor")
    assert update_bias(specification, 1, 0, 3 * 16, 0, 1) == (3, False)  # (48 << 2) >> 6
    assert update_bias(specification, 2, 0, 3 * 16, 0, 1) == (3, False)  # (48 << 1) >> 5
    assert update_bias(specification, 2, 31, 16, 0, 1) == (31, True)


def test_generators_take_known_values() -> None:
    assert advance(1, 16) == 0x8181
    assert advance(2463534242, 32) == 723471715  # Marsaglia's example for (13, 17, 5)
    assert advance(np.array([1, 0]), 16).tolist() == [0x8181, 0]


def test_short_generator_visits_every_value_but_zero() -> None:
    value, steps = advance(1, 16), 1
    while value != 1:
        value, steps = advance(value, 16), steps + 1
    assert steps == 2**16 - 1


def test_input_pattern() -> None:
    assert make().generator_bits == 16
    assert [input_pattern(make(), j) for j in range(3)] == [0, 40503, 15470]
    wide = make("formats.state_bits=8", "formats.weight_fraction=1")
    assert wide.generator_bits == 32
    assert input_pattern(wide, 2) == 2 * 2654435769 % 2**32
    assert input_pattern(wide, np.arange(3)).tolist() == [0, 2654435769, 2 * 2654435769 % 2**32]
