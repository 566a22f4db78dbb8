"""A network on a board: there and back, learning over a bad line to the model's bits, and what does not match."""

import numpy as np
import pytest

from ceprop.boards.host import HostDriver, ModelMachine, Proof, batches, infer_beside, train_beside
from ceprop.boards.host.machine import learn_with_model
from ceprop.boards.protocol import Command, Status, StatusFlag
from ceprop.common.errors import CepropError
from ceprop.model import Network, Trainer, load_dataset
from ceprop.performance.selftest import selftest
from ceprop.specification import Geometry, Specification
from ceprop.specification.bundled import bundled_specification

SHAPE = ["array.rows=1", "array.cols=1", "array.memory_ports=1"]
DIGITS = Specification.load(bundled_specification("digits"), SHAPE)
SMALL = Specification.from_mapping(
    {
        "layers": [6, 5, 4, 3],
        "rule": "c-vf",
        "formats": {"weight_bits": 8, "weight_fraction": 7, "input_bits": 12},
        "nudge": {"sign": "random"},
        "update": {"shifts": [2, 2, 2], "schedule": [{"epoch": 1, "shifts": [3, 4, 5]}]},
        "array": {"rows": 2, "cols": 3},
    }
)


def samples(specification: Specification, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Random quantised inputs, half of them zero, and labels."""
    generator = np.random.default_rng(1)
    inputs = generator.integers(0, 2**specification.formats.input_bits, (count, specification.layers[0]))
    inputs[generator.random(inputs.shape) < 0.5] = 0
    return inputs.astype(np.uint16), generator.integers(0, specification.classes, count)


def equal(one: Network, other: Network) -> bool:
    """Whether all bits are the same."""
    lists = [(*n.weights, *n.backward, *n.biases, *n.generators) for n in (one, other)]
    return all(np.array_equal(a, b) for a, b in zip(*lists, strict=True))


@pytest.fixture
def opened(board_double, connect):
    """A double and its driver."""

    def made(specification: Specification, **options):
        double = board_double(specification, **options)
        return double, HostDriver(connect(double), Geometry(specification), "icebreaker")

    return made


@pytest.mark.slow
def test_200_digits_end_with_the_models_bits(opened) -> None:
    dataset = load_dataset(DIGITS, "digits")
    double, driver = opened(DIGITS, noise=0.01)
    trainer = Trainer.start(DIGITS, dataset)
    done: list[int] = []
    proof = train_beside(driver, trainer, 200, lambda now, total: done.append(now))
    assert (proof.mismatches, proof.first_mismatch) == (0, None)
    expected = Trainer.start(DIGITS, dataset)
    expected.run(200)
    assert equal(double.network, expected.network)
    assert equal(proof.found, expected.network)
    assert (trainer.epoch, trainer.sample, trainer.counters) == (0, 200, expected.counters)
    assert (proof.learned.samples, proof.learned.errors) == (200, expected.counters.errors)
    assert proof.learned.cycles == 200 * 1000
    assert double.registers["samples"] == 200
    assert done[-1] == 200
    assert driver.link.statistics.frames_resent > 100


@pytest.mark.slow
def test_signs_rates_and_epochs_are_those_of_the_model(opened) -> None:
    inputs, labels = samples(SMALL, 40)
    double, driver = opened(SMALL)
    model = ModelMachine(SMALL)
    driver.reset()
    driver.load(model.read_back())
    assert equal(double.network, Network.initial(SMALL))
    for batch in batches(SMALL, inputs, labels, 60, epoch=0, sample=10):
        board, golden = driver.learn(batch), model.learn(batch)
        assert np.array_equal(board.classes, golden.classes)
        assert np.array_equal(board.ties, golden.ties)
        assert 0 < batch.negatives.sum() < len(batch.negatives)
    assert double.registers["rate_shift_3"] == 5
    assert equal(driver.read_back(), model.read_back())
    assert np.array_equal(driver.infer(inputs).classes, model.infer(inputs).classes)
    assert equal(driver.read_back(), model.read_back())


def test_more_samples_than_results_are_kept(opened) -> None:
    inputs, labels = samples(SMALL, 700)
    _, driver = opened(SMALL)
    network = Network.initial(SMALL)
    driver.reset()
    driver.load(network)
    (batch,) = batches(SMALL, inputs, labels, 700)
    steady = type(batch)(batch.inputs, batch.labels, batch.shifts, np.zeros(700, bool))
    assert np.array_equal(driver.learn(steady).classes, learn_with_model(network, steady).predictions)


def test_a_difference_is_found_and_named(opened) -> None:
    dataset = load_dataset(DIGITS, "digits")
    double, driver = opened(DIGITS)
    proof = Proof(driver, Network.initial(DIGITS))
    driver.load(proof.network)
    double.network.weights[1][3, 5] += 1
    proof.compare_memories()
    value = proof.network.weights[1][3, 5]
    assert proof.mismatches == 1
    place = "sample 0, weights of layer 2, unit 3 from unit 5"
    assert proof.first_mismatch == f"{place}: model {value}, hardware {value + 1}"
    double.registers["nudge_negative"] = 1
    driver._held["nudge_negative"] = 0
    (batch,) = batches(DIGITS, dataset.train_inputs, dataset.train_labels, 30)
    proof.learn(batch, 30)
    assert proof.mismatches > 1


def test_the_board_keeps_its_network_for_inference(opened) -> None:
    double, driver = opened(SMALL, noise=0.01)
    inputs, _ = samples(SMALL, 20)
    before = double.network.copy()
    proof, predictions = infer_beside(driver, None, inputs, lambda *_: None)
    assert proof.mismatches == 0
    assert len(predictions.classes) == 20
    assert equal(double.network, before)
    infer_beside(driver, Network.initial(SMALL), inputs, lambda *_: None)
    assert equal(double.network, Network.initial(SMALL))


def test_registers_by_name(opened) -> None:
    double, driver = opened(SMALL)
    driver.write_register("free_steps", 9)
    driver.write_register("free_steps", 1024)
    assert driver.read_register("free_steps") == double.registers["free_steps"] == 9
    assert driver.read_register("digest") == int(SMALL.learning_digest[:8], 16)
    assert driver.counters()["samples"] == 0
    driver.reset()
    assert driver.read_register("free_steps") == 20


def test_selftest_finds_what_is_wrong(opened) -> None:
    dataset = load_dataset(DIGITS, "digits")
    double, driver = opened(DIGITS)
    double.executed[Command.RESET] = 0
    proof = selftest(driver, dataset, 5, lambda _: lambda *_: None)
    # The double counts samples, and a thousand cycles for each.
    assert proof.first_mismatch is not None
    assert "counter cycles: model" in proof.first_mismatch
    assert "hardware 5000" in proof.first_mismatch
    assert proof.mismatches == 4
    double._do_reset = lambda _: b""
    assert selftest(driver, dataset, 5, lambda _: lambda *_: None).mismatches > 4


def test_flash(opened) -> None:
    double, driver = opened(SMALL.override("nudge.sign=negative"))
    driver.run_from_flash(5, 300)
    assert driver.read_register("nudge_negative") == 1
    driver.restore()
    assert double.flash_requests == [(Command.RUN, b"\5\0\x2c\x01"), (Command.RESTORE, b"")]
    assert driver.status() == Status(StatusFlag.FAILED, 258, 3, 4, 5)
    with pytest.raises(CepropError, match="the board refuses SAVE: it has no flash"):
        driver.save()


def test_a_core_that_hangs_is_one_line(opened) -> None:
    double, driver = opened(SMALL)
    double._run = lambda *_: None
    inputs, _ = samples(SMALL, 2)
    with pytest.raises(CepropError, match=r"no result of sample 1 of 2 came in 0.3 s; the core hangs"):
        driver.infer(inputs)


def test_another_board_or_specification_is_one_line(board_double, connect) -> None:
    other = SMALL.override("array.rows=1")
    with pytest.raises(CepropError, match=r"^port double: the board was built from another specification \(number"):
        HostDriver(connect(board_double(SMALL)), Geometry(other), "icebreaker")
    with pytest.raises(CepropError, match=r"^port double: the board is icebreaker, not ulx3s_85f$"):
        HostDriver(connect(board_double(SMALL)), Geometry(SMALL), "ulx3s_85f")
    with pytest.raises(CepropError, match=r"the board is one that this program does not know \(number"):
        HostDriver(connect(board_double(SMALL, board="abacus")), Geometry(SMALL), "icebreaker")


def test_words_too_wide_for_a_frame_are_one_line(board_double, connect) -> None:
    wide = DIGITS.override("formats.state_bits=16", "array.rows=64", "update.shifts=[1, 1]", "update.schedule=[]")
    with pytest.raises(
        CepropError, match=r"array = 64x1: a group of its words has 256 bytes, a frame has room for 235"
    ):
        HostDriver(connect(board_double(wide)), Geometry(wide), "icebreaker")
