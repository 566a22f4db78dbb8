"""SplitMix64 streams, initial networks, order and signs of an epoch."""

import math

import numpy as np
import pytest

from ceprop import Specification
from ceprop.model import Network, Purpose, Stream, epoch_order, epoch_signs
from ceprop.model.streams import mix

GOLDEN = 0x9E3779B97F4A7C15


def make(*overrides: str) -> Specification:
    fields = {"layers": [5, 7, 3], "seed": 9, "update": {"shifts": [8, 8]}}
    return Specification.from_mapping(fields).override(*overrides)


def test_mix_is_splitmix64() -> None:
    # The reference generator's first outputs for the seed 1234567.
    expected = [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431]
    assert [mix(1234567 + k * GOLDEN) for k in range(1, 5)] == expected


def test_stream_follows_the_text() -> None:
    base = mix(mix(mix(9 + GOLDEN) + 5 * GOLDEN + GOLDEN) + 2 * GOLDEN + GOLDEN)
    expected = [mix(base + (k + 1) * GOLDEN) for k in range(6)]
    stream = Stream(9, Purpose.ORDER, 2)
    assert [stream.draw(), *(int(u) for u in stream.draws(4)), stream.draw()] == expected
    below = [((u >> 32) * 1000) >> 32 for u in expected]
    assert Stream(9, Purpose.ORDER, 2).all_below(1000, 6).tolist() == below
    stream = Stream(9, Purpose.ORDER, 2)
    assert [stream.below(1000) for _ in range(6)] == below


def test_below_reaches_the_whole_range() -> None:
    drawn = Stream(2**64 - 1, Purpose.WEIGHTS, 1).all_below(2**32, 10_000)
    assert drawn.min() < 2**22
    assert drawn.max() > 2**32 - 2**22
    assert set(Stream(0, Purpose.WEIGHTS, 1).all_below(3, 100).tolist()) == {0, 1, 2}


def test_initial_weights_follow_the_text() -> None:
    network = Network.initial(make("formats.weight_fraction=13", "formats.weight_bits=13"))
    bound = math.isqrt(2**26 // 5)
    drawn = Stream(9, Purpose.WEIGHTS, 1).all_below(2 * bound + 1, 35) - bound
    assert network.weights[0].tolist() == drawn.reshape(7, 5).tolist()
    bound = math.isqrt(2**26 // 7)
    drawn = Stream(9, Purpose.BIASES, 2).all_below(2 * bound + 1, 3) - bound
    assert network.biases[1].tolist() == drawn.tolist()
    assert [w.shape for w in network.weights] == [(7, 5), (3, 7)]
    assert {a.dtype for a in (*network.weights, *network.biases)} == {np.dtype(np.int32)}


def test_initial_weights_saturate() -> None:
    network = Network.initial(make("layers=[1,40]", "update.shifts=[8]", "formats.weight_bits=4"))
    assert network.weights[0].min() == -8
    assert network.weights[0].max() == 7


def test_generators_are_distinct_and_not_zero() -> None:
    # Draw 1868 of this seed has 16 low bits of zero, and some of the 7000 repeat.
    specification = make("layers=[2,4000,3000]", "seed=3", "formats.weight_fraction=13")
    assert specification.generator_bits == 16
    generators = np.concatenate(Network.initial(specification).generators)
    assert len(set(generators.tolist())) == 7000
    assert generators.min() > 0
    assert generators.max() < 2**16


def test_weights_sha256_covers_the_bytes_of_the_text() -> None:
    import hashlib

    network = Network.initial(make())
    content = b"".join(
        int(v).to_bytes(4, "little", signed=True)
        for w, b in zip(network.weights, network.biases, strict=True)
        for v in (*w.ravel(), *b)
    )
    assert network.weights_sha256() == hashlib.sha256(content).hexdigest()


def test_copy_is_independent() -> None:
    network = Network.initial(make())
    digest = network.weights_sha256()
    other = network.copy()
    other.weights[0][0, 0] += 1
    other.generators[0][0] += 1
    assert network.weights_sha256() == digest != other.weights_sha256()
    assert network.generators[0][0] != other.generators[0][0]


@pytest.mark.parametrize("count", [1, 2, 12, 1437])
def test_order_visits_every_sample_once(count: int) -> None:
    orders = [epoch_order(make(), epoch, count).tolist() for epoch in range(3)]
    assert all(sorted(order) == list(range(count)) for order in orders)
    stream = Stream(9, Purpose.ORDER, 1)
    start, stride = stream.below(count), 1 + stream.below(count)
    while math.gcd(stride, count) != 1:
        stride = 1 + stream.below(count)
    assert orders[1] == [(stride * p + start) % count for p in range(count)]


def test_signs() -> None:
    assert epoch_signs(make("nudge.sign=positive"), 0, 4).tolist() == [False] * 4
    assert epoch_signs(make("nudge.sign=negative"), 0, 4).tolist() == [True] * 4
    assert epoch_signs(make("nudge.sign=alternating"), 0, 4).tolist() == [False, True, False, True]
    stream = Stream(9, Purpose.NUDGE_SIGN, 3)
    assert epoch_signs(make("nudge.sign=random"), 3, 64).tolist() == [stream.draw() >= 2**63 for _ in range(64)]
