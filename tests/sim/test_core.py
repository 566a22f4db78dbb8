"""The whole core against the golden model: one case of each kind, and faults that must be seen. `ceprop verify` runs
many more cases of every kind.

This file is long, because its tests share two specifications and what was compiled for them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from amaranth.lib.fifo import SyncFIFOBuffered

from ceprop import CepropError, Specification
from ceprop.model import Dataset, FreeEnd, Network, Trainer, fast, load_dataset, plain
from ceprop.sim import Comparison, ComparisonPlan, compare
from ceprop.sim.events import ends_early

pytestmark = pytest.mark.slow

# Tests of one design run on one worker, which generates the design once and finds the compiled simulation of the test
# before. Verilator compiles for as long as Icarus takes for one of these runs, and then runs ten times as fast. Every
# kind of network is simulated by Icarus too: `test_every_kind_of_network`.
same_tiny = pytest.mark.xdist_group("tiny core")
same_small = pytest.mark.xdist_group("small core")
same_drives = pytest.mark.xdist_group("tiny core with two drives")

# Neither 13 nor 10 is divided by 3, 4 or 7. Few cells, because each takes time in every tool.
SMALL = Specification.from_mapping(
    {
        "name": "small",
        "layers": [64, 13, 10],
        "formats": {"weight_bits": 12, "weight_fraction": 12},
        "phases": {"free_steps": 12, "nudged_steps": 5},
        "nudge": {"shift": 1},
        "update": {"shifts": [7, 8]},
        "quantiser": {"high": 16},
        "array": {"rows": 2, "cols": 3},
    }
)
# Little to load and to read back.
TINY = SMALL.override(
    "layers=[12, 7, 5, 4]",
    "update.shifts=[7, 8, 8]",
    "phases.free_steps=9",
    "phases.nudged_steps=4",
    "array.rows=2",
    "array.cols=3",
)
ALTERNATING, CENTRED = "phases.order='alternating'", "nudge.sign='centred'"


def run(
    specification: Specification, build: Path, *, dataset: Dataset | str = "digits", samples: int = 3, **options: Any
) -> Comparison:
    """Samples, three of the digits if nothing else is given, of which none may differ but for a planted fault."""
    plan = ComparisonPlan(samples=samples, build=build, command="pytest", **options)
    found = compare(specification, dataset, plan)
    if not plan.flip_weight_bit:
        assert found.mismatches == 0, found.first_mismatch
        assert found.samples_compared == samples
    return found


def sparse(specification: Specification) -> Dataset:
    """Four samples, half of their inputs zero."""
    draw = np.random.default_rng(1)
    inputs = draw.integers(0, 1 << specification.formats.input_bits, (4, specification.layers[0])).astype(np.uint16)
    inputs[draw.random(inputs.shape) < 0.5] = 0
    labels = draw.integers(0, specification.classes, 4)
    return Dataset("sparse", inputs, labels, inputs, labels)


@pytest.mark.parametrize(
    ("shape", "order"),
    [pytest.param((2, 3), "synchronous", marks=same_small), ((1, 4), "alternating")],
    ids=lambda value: value if isinstance(value, str) else "x".join(map(str, value)),
)
def test_every_shape_learns_the_same_weights_as_the_model(shape: tuple[int, int], order: str, builds: Path) -> None:
    network = SMALL.override(f"phases.order='{order}'")
    found = run(network.override(f"array.rows={shape[0]}", f"array.cols={shape[1]}"), builds)
    trainer = Trainer.start(network, load_dataset(SMALL, "digits"))
    trainer.run(3)
    assert found.weights_sha256 == trainer.network.weights_sha256()
    assert found.weights_compared == 3 * (64 * 13 + 13 + 13 * 10 + 10)
    assert found.steps_compared == found.counters["free_steps_executed"] + found.counters["nudged_steps_executed"]


KINDS = {
    "no hidden layer, rounding down": ["layers=[12, 5]", "update.shifts=[8]", "update.rounding='floor'"],
    "three hidden layers, sigmoid, random sign": [
        "layers=[12, 5, 3, 4, 5]",
        "update.shifts=[7, 8, 9, 6]",
        "activation.kind='sigmoid'",
        "nudge.sign='random'",
    ],
    "two drives, several formats, negative sign": [
        "formats.state_bits=7",
        "formats.input_bits=10",
        "nudge.sign='negative'",
        "array.drives=2",
    ],
    "generators of 32 bits, one port, alternating order, alternating sign": [
        *(ALTERNATING, "nudge.sign='alternating'", "array.memory_ports=1"),
        *("formats.weight_bits=20", "formats.weight_fraction=8", "update.shifts=[12, 9]"),
    ],
    "vf, one port": ["rule='vf'", "angle=30", "array.memory_ports=1"],
    "c-vf, two hidden layers, rounding to the nearest": [
        *("rule='c-vf'", "angle=0", "update.rounding='nearest'"),
        *("layers=[12, 7, 5, 4]", "update.shifts=[7, 8, 9]"),
    ],
    "ep, centred sign, alternating order": [CENTRED, ALTERNATING, "rule='ep'"],
}
"""What is not named is c-ep in synchronous order, with memories of two ports, one drive and stochastic rounding."""


def kind(name: str) -> Specification:
    """A network on 1x2 cells."""
    shape = ("array.rows=1", "array.cols=2")
    few = ("layers=[12, 7, 5]", "phases.free_steps=6", "phases.nudged_steps=3")
    return SMALL.override(*few, *shape, *KINDS[name])


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_network(name: str, builds: Path) -> None:
    specification = kind(name)
    # The samples behind the first one are sent while the one before is at work.
    run(specification, builds, simulator="icarus", samples=2, read_every=2, dataset=sparse(specification))


def test_the_kinds_have_every_value_of_every_field() -> None:
    kinds = [kind(name) for name in KINDS]
    arrays = [specification.array for specification in kinds if specification.array is not None]
    assert {one.rule for one in kinds} == {"ep", "c-ep", "vf", "c-vf"}
    assert {one.phases.order for one in kinds} == {"synchronous", "alternating"}
    assert {one.nudge.sign for one in kinds} == {"positive", "negative", "alternating", "random", "centred"}
    assert {one.update.rounding for one in kinds} == {"stochastic", "nearest", "floor"}
    assert {one.activation.kind for one in kinds} == {"hard-sigmoid", "sigmoid"}
    assert {len(one.layers) for one in kinds} == {2, 3, 4, 5}
    assert {one.generator_bits for one in kinds} == {16, 32}
    assert {(array.memory_ports, array.drives) for array in arrays} == {(1, 1), (2, 1), (2, 2)}


@same_tiny
def test_nothing_is_lost_by_skipping(builds: Path) -> None:
    """Without it the core runs every step over every unit and input: more cycles, the same bits."""
    network = Network.initial(TINY)
    for weights in (*network.weights[1:], *network.backward):
        weights //= 4  # settles after a few steps
    options: dict[str, Any] = {"samples": 2, "read_every": 2, "dataset": sparse(TINY)}
    skipping, whole = (run(TINY, builds, network=network, skip=skip, **options) for skip in (True, False))
    assert whole.weights_sha256 == skipping.weights_sha256
    assert whole.training_errors == skipping.training_errors
    assert whole.counters["free_steps_executed"] == 2 * 9
    assert whole.counters["nudged_steps_executed"] == 2 * 4
    assert skipping.counters["free_steps_executed"] + skipping.counters["nudged_steps_executed"] < 2 * (9 + 4)
    assert whole.counters["saturations"] == skipping.counters["saturations"]
    assert whole.cycles > skipping.cycles


@same_tiny
@pytest.mark.parametrize("learn", [True, False], ids=["learn", "infer"])
def test_a_core_that_skips_nothing_ends_every_phase_like_the_model(learn: bool, builds: Path) -> None:
    """A period of two: the states after the last step are those of the model."""
    network = Network.initial(TINY)
    swinging(network)
    options: dict[str, Any] = {"samples": 2, "dataset": sparse(TINY), "network": network}
    found = run(TINY, builds, learn=learn, skip=False, **options)
    assert found.counters["free_steps_executed"] == 2 * 9


@same_tiny
def test_samples_follow_each_other_without_a_pause(builds: Path) -> None:
    """The clock from result to result shows what the cycle model says; the bench fails where it does not."""
    options: dict[str, Any] = {"samples": 4, "dataset": sparse(TINY), "trace": False}
    found = run(TINY, builds, read_every=4, **options)
    assert found.followed_samples == 3
    assert 0 < found.elapsed_cycles < found.cycles
    again = run(TINY, builds, **options)
    assert (again.followed_samples, again.elapsed_cycles) == (0, 0)
    assert again.cycles == found.cycles
    assert again.weights_sha256 == found.weights_sha256
    assert again.weights_compared == 4 * found.weights_compared


@same_tiny
def test_readers_that_pause(builds: Path) -> None:
    """Results, responses and the trace wait for their readers, and groups of a sample come late. No bit differs."""
    options: dict[str, Any] = {"samples": 4, "read_every": 2, "dataset": sparse(TINY)}
    found = run(TINY, builds, pauses=2, **options)
    assert found.weights_sha256 == run(TINY, builds, **options).weights_sha256
    assert found.counters["samples"] == 4


def test_a_trace_that_loses_groups_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A FIFO shorter than the trace port believes loses groups only while the reader pauses."""

    def short(width: int, depth: int) -> SyncFIFOBuffered:
        return SyncFIFOBuffered(width=width, depth=min(depth, 4))

    monkeypatch.setattr("ceprop.hdl.io.trace_port.SyncFIFOBuffered", short)
    options: dict[str, Any] = {"samples": 2, "build": tmp_path, "checks": False}
    dataset = sparse(TINY)
    assert compare(TINY, dataset, ComparisonPlan(**options)).mismatches == 0
    found = compare(TINY, dataset, ComparisonPlan(pauses=1, **options))
    assert found.mismatches > 0
    assert "trace" in str(found.first_mismatch) or "state" in str(found.first_mismatch)


@same_tiny
def test_both_simulators_take_the_same_cycles(builds: Path) -> None:
    found = [run(TINY, builds, simulator=simulator, dataset=sparse(TINY)) for simulator in ("verilator", "icarus")]
    assert found[0].counters == found[1].counters
    assert found[0].weights_sha256 == found[1].weights_sha256


@same_tiny
def test_the_core_without_a_trace_is_the_same(builds: Path) -> None:
    found = [run(TINY, builds, trace=trace, dataset=sparse(TINY)) for trace in (True, False)]
    assert found[0].counters == found[1].counters
    assert found[0].weights_sha256 == found[1].weights_sha256


@same_small
def test_samples_that_follow_closely(builds: Path) -> None:
    found = [run(SMALL, builds, samples=5, read_every=every) for every in (1, 5)]
    assert found[0].counters == found[1].counters
    assert found[0].weights_sha256 == found[1].weights_sha256
    assert found[1].weights_compared * 5 == found[0].weights_compared


def test_rates_change_weights_saturate_and_inputs_may_be_blank(builds: Path) -> None:
    rates = "update.schedule=[{epoch = 1, shifts = [9, 10]}, {epoch = 2, shifts = [2, 2]}]"
    few_bits = ("formats.weight_bits=8", "formats.weight_fraction=9")
    specification = SMALL.override(rates, *few_bits, "array.rows=1", "array.cols=2")
    digits = load_dataset(specification, "digits")
    inputs, labels = digits.train_inputs[:2].copy(), digits.train_labels[:2]
    inputs[1] = 0
    dataset = Dataset("two", inputs, labels, inputs, labels)
    assert run(specification, builds, samples=8, dataset=dataset).counters["saturations"] > 0


def test_a_network_that_stays_at_rest_forgets_the_sample_before(builds: Path) -> None:
    """A blank sample settles in its first step with all states zero; sums of the sample before must not return. All
    outputs are equal then, and lie behind the first layer's units."""
    specification = SMALL.override("layers=[64, 9, 7, 10]", "update.shifts=[8, 8, 8]", "array.rows=1", "array.cols=2")
    network = Network.initial(specification)
    for biases in network.biases:
        biases[:] = -100
    inputs = load_dataset(SMALL, "digits").train_inputs[:2].copy()
    inputs[1] = 0
    labels = np.array([3, 7])
    found = fast.run_sample(network.copy(), inputs[1], 7, shifts=specification.shifts_at(0))
    assert (found.free_steps, found.nudged_steps > 0, found.tie) == (1, True, True)
    dataset = Dataset("rest", inputs, labels, inputs, labels)
    run(specification, builds, samples=4, dataset=dataset, network=network)


def calm(network: Network) -> None:
    """Strong recurrent weights: some samples settle within the phase, some do not."""
    network.weights[1] = np.clip(4 * network.weights[1], -2048, 2047)


def swinging(network: Network) -> None:
    """Everything inhibits everything: both layers swing between all and nothing."""
    network.weights[1][:] = -1500
    network.biases[0][:] = network.biases[1][:] = 2047


@pytest.mark.xdist_group("ends in synchronous order")
@pytest.mark.parametrize("learn", [True, False], ids=["learn", "infer"])
@pytest.mark.parametrize(
    ("change", "expected"), [(calm, {FreeEnd.SETTLED, FreeEnd.OPEN}), (swinging, {FreeEnd.PERIOD_2})]
)
def test_every_end_of_the_free_phase(change, expected, learn: bool, builds: Path) -> None:
    specification = SMALL.override("layers=[64, 6, 5]", "phases.free_steps=11", "array.rows=2", "array.cols=2")
    network = Network.initial(specification)
    change(network)
    inputs = load_dataset(SMALL, "digits").train_inputs[:400]
    found = fast.run_samples(network.copy(), inputs, None, shifts=specification.shifts_at(0)).free_ends
    chosen = np.array([int(np.flatnonzero(found == end)[0]) for end in sorted(expected)] * 3)
    dataset = Dataset("ends", inputs[chosen], chosen % 5, inputs[chosen], chosen % 5)
    run(specification, builds, samples=len(chosen), read_every=3, dataset=dataset, network=network, learn=learn)


@pytest.mark.xdist_group("ends in alternating order")
@pytest.mark.parametrize("learn", [True, False], ids=["learn", "infer"])
def test_every_end_of_an_alternating_free_phase(learn: bool, builds: Path) -> None:
    """The phase ends in the first half-step of a step, in the second one, or open; and at rest with all states zero."""
    specification = SMALL.override(
        *(ALTERNATING, "layers=[64, 12, 8, 5]", "update.shifts=[7, 7, 7]", "phases.free_steps=7"),
        *("array.rows=2", "array.cols=2"),
    )
    network = Network.initial(specification)
    inputs = load_dataset(SMALL, "digits").train_inputs[:400]
    chosen = {}
    for x in inputs:
        record = plain.run_sample(network.copy(), x, None, shifts=specification.shifts_at(0), trace=True)
        chosen.setdefault((record.free_end, ends_early(specification, record)), x)
    assert set(chosen) == {(FreeEnd.SETTLED, True), (FreeEnd.SETTLED, False), (FreeEnd.OPEN, False)}
    for biases in network.biases[:-1]:
        biases[:] = np.minimum(biases, -40)  # zero inputs leave every hidden unit at zero
    samples = np.array([*chosen.values(), np.zeros_like(inputs[0])] * 2)
    dataset = Dataset("ends", samples, np.arange(8) % 5, samples, np.arange(8) % 5)
    run(specification, builds, samples=8, read_every=3, dataset=dataset, network=network, learn=learn)


def test_a_nudge_that_moves_no_output_ends_the_phase(builds: Path) -> None:
    """Outputs that are at their targets: neither half moves, so nothing is learnt, whichever half is first."""
    fields = ("rule='ep'", "layers=[12, 6, 4, 4]", "update.shifts=[8, 8, 8]", CENTRED)
    shape = ("array.rows=1", "array.cols=2")
    # Weights up to 4, so that the biases alone hold the outputs at their limits.
    specification = TINY.override(ALTERNATING, "formats.weight_fraction=9", *shape, *fields)
    network = Network.initial(specification)
    network.weights[-1][:] = 0
    network.biases[-1][:] = [-2048, 2047, -2048, -2048]
    samples, labels = sparse(specification), np.array([1, 1, 0, 1])
    dataset = Dataset("at rest", samples.train_inputs, labels, samples.train_inputs, labels)
    found = run(specification, builds, samples=4, read_every=4, dataset=dataset, network=network)
    phases = 2  # of a centred nudge
    assert found.counters["nudged_steps_executed"] > 4 * phases, "one of the samples learns"
    records = [plain.run_sample(network.copy(), x, 1, shifts=specification.shifts_at(0)) for x in samples.train_inputs]
    assert {(record.nudged_steps, record.nudged_settled) for record in records} == {(phases, True)}


@same_drives
def test_in_inference_the_next_drive_goes_ahead(builds: Path) -> None:
    """The same answers in fewer cycles; how many fewer, the bench holds to the cycle model."""
    options: dict[str, Any] = {"samples": 6, "read_every": 6, "dataset": sparse(TINY)}
    cores = [TINY.override(f"array.drives={drives}") for drives in (1, 2)]
    waits, ahead = (run(core, builds, learn=False, **options) for core in cores)
    assert ahead.cycles < waits.cycles
    assert ahead.followed_samples == 5
    alike = [{name: count for name, count in found.counters.items() if name != "cycles"} for found in (waits, ahead)]
    assert alike[0] == alike[1]


@same_drives
@pytest.mark.parametrize("learn", [True, False], ids=["learn", "infer"])
def test_a_drive_of_weights_that_have_changed_counts_no_more(learn: bool, builds: Path) -> None:
    specification = TINY.override("array.drives=2")
    dataset = sparse(TINY)
    run(specification, builds, samples=6, read_every=6, dataset=dataset, learn=learn, rewrites=[2, 4])


@pytest.mark.parametrize(
    "field",
    [
        pytest.param("array.memory_ports=2", marks=same_tiny),
        pytest.param("array.drives=2", marks=same_drives),
    ],
)
@pytest.mark.parametrize("learn", [True, False], ids=["learn", "infer"])
def test_a_reset_at_any_moment_leaves_nothing_behind(learn: bool, field: str, builds: Path) -> None:
    """Ten samples are each broken off by a reset and shown again. A core that only infers still has its weights and
    goes on at once, while what was in its lanes would still be on the way."""
    specification = TINY.override(field)
    moments = np.random.default_rng(len(field)).integers(0, 600, 10).tolist()
    found = run(specification, builds, samples=10, dataset=sparse(TINY), learn=learn, interruptions=moments)
    assert found.counters["samples"] == 1


@same_tiny
@pytest.mark.parametrize("simulator", ["verilator", "icarus"])
def test_a_flipped_bit_is_found_and_named(simulator: str, builds: Path) -> None:
    found = run(TINY, builds, simulator=simulator, samples=4, dataset=sparse(TINY), flip_weight_bit=True)
    assert found.mismatches > 0
    assert found.first_mismatch is not None
    for part in ("sample", "step", "layer", "unit", "model", "hardware", "seed 1", "pytest"):
        assert part in found.first_mismatch


def test_a_missing_simulator_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CepropError, match="apt-get install iverilog"):
        run(SMALL, tmp_path, simulator="icarus")
