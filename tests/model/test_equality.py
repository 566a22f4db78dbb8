"""Plain against fast where random specifications seldom lead: wide networks, the largest sums, every end of a phase.
`ceprop verify` compares them over random specifications, and `tests/verification/` runs its first cases."""

from typing import Any

import numpy as np
import pytest

from ceprop import Specification
from ceprop.model import FreeEnd, Network, SampleRecord, fast, kernel, plain

ORDERS = ("synchronous", "alternating")


def samples(specification: Specification, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Inputs (about half of them zero), labels and signs from a seeded generator."""
    random = np.random.default_rng(specification.seed)
    top = 1 << specification.formats.input_bits
    inputs = random.integers(0, top, (count, specification.layers[0])) * random.integers(0, 2, (count, 1))
    inputs *= random.integers(0, 2, inputs.shape)
    return inputs.astype(np.uint16), random.integers(0, specification.classes, count), random.integers(0, 2, count) == 1


def assert_same_network(some: Network, other: Network) -> None:
    for name in ("weights", "biases", "generators", "backward"):
        for a, b in zip(getattr(some, name), getattr(other, name), strict=True):
            assert a.dtype == b.dtype
            np.testing.assert_array_equal(a, b)


def assert_same_record(some: SampleRecord, other: SampleRecord) -> None:
    for name in vars(some):
        np.testing.assert_array_equal(getattr(some, name), getattr(other, name), err_msg=name)


def wide(*overrides: str) -> Specification:
    fields = {
        "layers": [60, 40, 10],
        "formats": {"weight_bits": 12, "weight_fraction": 12},
        "update": {"shifts": [7, 6]},
    }
    return Specification.from_mapping(fields).override(*overrides)


@pytest.mark.parametrize("layers", [[60, 10], [60, 40, 10], [60, 30, 40, 10], [60, 20, 30, 20, 10]])
@pytest.mark.parametrize("kind", ["hard-sigmoid", "sigmoid"])
@pytest.mark.parametrize("order", ORDERS)
def test_wide_networks_agree(layers: list[int], kind: str, order: str) -> None:
    """Wide enough for both ways in which the compiled loops take neurons that moved: lists and whole rows."""
    shifts = [7] * (len(layers) - 1)
    fields = (f"layers={layers}", f"activation.kind={kind}", f"update.shifts={shifts}", f"phases.order={order}")
    specification = wide(*fields)
    some = Network.initial(specification)
    other = some.copy()
    inputs, labels, negatives = samples(specification, 40)
    block = fast.run_samples(some, inputs, labels, shifts=shifts, negatives=negatives)
    for p in range(40):
        record = plain.run_sample(other, inputs[p], int(labels[p]), shifts=shifts, negative=bool(negatives[p]))
        assert record.free_steps == block.free_steps[p]
        assert record.nudged_steps == block.nudged_steps[p]
        assert record.saturations == block.saturations[p]
    assert_same_network(some, other)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("weight", [-(2**15), 2**15 - 1])
def test_the_largest_sums_agree(order: str, weight: int) -> None:
    """The first layer goes from 0 to the top at once, and every weight is at a limit: the sums are the largest that the
    formats allow, and more than the compiled loops may add up with 32 bits."""
    formats = "formats={state_bits=10,input_bits=8,weight_bits=16,weight_fraction=16}"
    specification = wide("layers=[3,256,10,4]", formats, "update.shifts=[6,8,8]", f"phases.order={order}")
    some = Network.initial(specification)
    some.biases[0][:], some.weights[1][:] = 2**15 - 1, weight
    some.weights[0][:] = 2**15 - 1
    other = some.copy()
    x = np.array([255, 255, 255], np.uint16)
    record = plain.run_sample(some, x, 1, shifts=(6, 8, 8), trace=True)
    assert record.states is not None
    assert record.states[0, :256].tolist() == [1023] * 256
    assert_same_record(record, fast.run_sample(other, x, 1, shifts=(6, 8, 8), trace=True))
    assert_same_network(some, other)


@pytest.mark.parametrize("run_sample", [plain.run_sample, fast.run_sample])
def test_inference_leaves_the_network_alone(run_sample: Any) -> None:
    specification = wide()
    network = Network.initial(specification)
    before = network.copy()
    inputs, _, _ = samples(specification, 1)
    record = run_sample(network, inputs[0], None, shifts=(7, 6), trace=True)
    assert (record.nudged_steps, record.nudged_settled, record.saturations) == (0, False, 0)
    assert record.states.shape == (record.free_steps, 50)
    assert record.drives.shape == (record.free_steps, 40)
    assert_same_network(network, before)
    assert run_sample(network, inputs[0], None, shifts=(7, 6)).states is None


def test_predict_matches_single_samples() -> None:
    specification = wide("phases.free_steps=7")
    network = Network.initial(specification)
    inputs, _, _ = samples(specification, 50)
    records = [plain.run_sample(network, x, None, shifts=(7, 6)) for x in inputs]
    predictions, ties, counts = fast.predict(network, inputs)
    assert predictions.tolist() == [r.prediction for r in records]
    assert ties.tolist() == [r.tie for r in records]
    assert counts.tolist() == [sum(r.free_end is end for r in records) for end in FreeEnd]


@pytest.mark.parametrize("run_sample", [plain.run_sample, fast.run_sample])
@pytest.mark.parametrize(("free_steps", "nudged"), [(5, [0, 0]), (6, [255, 255])])
def test_period_2_delivers_the_last_step(run_sample: Any, free_steps: int, nudged: list[int]) -> None:
    """Two neurons that silence each other swing between 0 and 255: step `T` has 255 if `T` is odd, else 0."""
    specification = wide(
        "layers=[1,1,1]", f"phases.free_steps={free_steps}", "phases.nudged_steps=1", "formats.weight_fraction=9"
    )
    network = Network.initial(specification)
    network.weights[0][:], network.weights[1][:] = 0, -2048
    network.biases[0][:], network.biases[1][:] = 512, 512
    record = run_sample(network, np.array([0]), 0, shifts=(7, 6), trace=True)
    assert (record.free_steps, record.free_end) == (2, FreeEnd.PERIOD_2)
    assert record.states.tolist() == [[255, 255], [0, 0], nudged]


def test_every_free_end_occurs() -> None:
    specification = wide("layers=[4,12,3]", "phases.free_steps=9", "formats.weight_fraction=9", "update.shifts=[3,3]")
    ends = set()
    for seed in range(5):
        network = Network.initial(specification.override(f"seed={seed}"))
        inputs, _, _ = samples(specification, 100)
        ends |= set(fast.run_samples(network, inputs, None, shifts=(3, 3)).free_ends.tolist())
    assert ends == {FreeEnd.OPEN, FreeEnd.SETTLED, FreeEnd.PERIOD_2}


def test_compiles_where_no_folder_holds_a_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    def njit(*, cache: bool = False, **_: bool) -> Any:
        if cache:
            raise RuntimeError("cannot cache function: no locator available")  # as Numba says it
        return lambda function: function

    monkeypatch.setattr(kernel.numba, "njit", njit)
    assert kernel.compiled(len) is len
