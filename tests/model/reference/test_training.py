"""Epochs of the float reference, their checkpoints, and learning that diverges."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ceprop import CepropError
from ceprop.model import Images
from ceprop.model.reference import ReferenceNetwork, ReferenceRun, Settings, predict, resume_run, save_run


def images(seed: int = 1) -> Images:
    """Two classes that one pixel tells apart, in noise."""
    random = np.random.default_rng(seed)

    def part(count: int) -> tuple[np.ndarray, np.ndarray]:
        labels = random.integers(0, 2, count).astype(np.uint8)
        pixels = random.integers(0, 100, (count, 9)).astype(np.uint8)
        pixels[:, 0] = 200 * labels
        return pixels, labels

    return Images("noise", 255, part(200), part(60))


def settings(**changes: Any) -> Settings:
    """A small network that learns them."""
    fields = {"layers": (9, 8, 2), "free_steps": 20, "nudged_steps": 6, "beta": 0.3, "rates": (0.05, 0.03), "batch": 7}
    return Settings.of(**(fields | changes))


@pytest.mark.parametrize("rule", ["ep", "c-ep", "vf", "c-vf"])
@pytest.mark.parametrize("random_sign", [False, True])
@pytest.mark.parametrize("order", ["synchronous", "alternating"])
def test_every_rule_learns(rule: str, random_sign: bool, order: str) -> None:
    rates = (0.5, 0.3) if rule in ("ep", "vf") else (0.05, 0.03)
    run = ReferenceRun.start(settings(rule=rule, random_sign=random_sign, rates=rates, order=order), images())
    for _ in range(8):
        run.run_epoch()
    row = run.history[-1]
    assert row.epoch == 7
    assert row.test_error < 0.05
    assert row.train_error < 0.1


@pytest.mark.parametrize("setting", ["energy-based", "consistent"])
def test_hidden_units_that_can_never_move_are_refused(setting: str) -> None:
    changes = {"setting": setting, "activation": "hard-sigmoid", "dt": 0.5}
    with pytest.raises(CepropError, match="hidden units begin at 0, where its slope is 0, and stay there") as error:
        ReferenceRun.start(settings(**changes), images())
    assert "\n" not in str(error.value)
    _, states, _ = predict(ReferenceNetwork.initial(settings(**changes)), np.ones((2, 9)))
    assert not states[1].any()
    # The vector field has no such slope.
    _, states, _ = predict(ReferenceNetwork.initial(settings(rule="c-vf", **changes)), np.ones((2, 9)))
    assert states[1].any()
    ReferenceRun.start(settings(rule="c-vf", **changes), images())


def test_the_training_error_is_that_of_the_network_as_it_is() -> None:
    run = ReferenceRun.start(settings(), images())
    inputs, labels = run.images.train
    for _ in range(3):
        run.run_epoch()
        found, _, _ = predict(run.network, (inputs / 255).astype(np.float32))
        assert run.training_error() == np.count_nonzero(found != labels) / len(labels)


def test_an_interrupted_run_ends_in_the_same_bits(tmp_path: Path) -> None:
    chosen, data = settings(rule="c-vf", random_sign=True, angle=20.0), images()
    whole = ReferenceRun.start(chosen, data)
    for _ in range(4):
        whole.run_epoch()
    path = tmp_path / "run.npz"
    for _ in range(2):
        part = resume_run(chosen, data, path)
        part.run_epoch()
        part.run_epoch()
        save_run(part, path)
    resumed = resume_run(chosen, data, path)
    assert [row.test_error for row in resumed.history] == [row.test_error for row in whole.history]
    for name, array in whole.network.parameters().items():
        assert np.array_equal(array, resumed.network.parameters()[name])


def test_a_checkpoint_of_another_run_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    save_run(ReferenceRun.start(settings(), images()), path)
    for chosen, data in ((settings(seed=2), images()), (settings(), images(2))):
        with pytest.raises(CepropError, match=r"^checkpoint .*npz: made with other settings or data"):
            resume_run(chosen, data, path)


@pytest.mark.parametrize(
    ("changes", "digest"),
    [
        ({}, "fc99fd7dbd07b0a43df81a765a6fa7a3e846231af6236ae5c06c67eebb1e6444"),
        (
            {"rule": "c-vf", "angle": 30, "partial_drive_slopes": True},
            "9922c79f5419cafc182edf375c58bc1c2285f0353dd8c438000c3fdf604587cf",
        ),
    ],
)
def test_a_run_is_known_by_the_digest_that_it_had_before_there_was_an_order(
    tmp_path: Path, changes: dict[str, Any], digest: str
) -> None:
    path = tmp_path / "run.npz"
    save_run(ReferenceRun.start(settings(**changes), images()), path)
    with np.load(path) as file:
        assert json.loads(str(file["header"]))["run"] == digest
    with pytest.raises(CepropError, match=r"^checkpoint .*npz: made with other settings or data"):
        resume_run(settings(order="alternating", **changes), images(), path)


def test_a_run_in_alternating_order_goes_on_to_the_same_bits(tmp_path: Path) -> None:
    whole, path = ReferenceRun.start(settings(order="alternating"), images()), tmp_path / "run.npz"
    whole.run_epoch()
    save_run(whole, path)
    resumed = resume_run(settings(order="alternating"), images(), path)
    for run in (whole, resumed):
        run.run_epoch()
    for name, array in whole.network.parameters().items():
        assert np.array_equal(array, resumed.network.parameters()[name])
    with pytest.raises(CepropError, match=r"^checkpoint .*npz: made with other settings or data"):
        resume_run(settings(), images(), path)


def test_without_a_hidden_layer_a_checkpoint_belongs_to_both_orders(tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    run = ReferenceRun.start(settings(layers=(9, 2), rates=(0.05,)), images())
    run.run_epoch()
    save_run(run, path)
    assert (
        resume_run(settings(layers=(9, 2), rates=(0.05,), order="alternating"), images(), path).history == run.history
    )


@pytest.mark.parametrize("damage", ["truncated", "text", "empty"])
def test_a_damaged_checkpoint_is_refused(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "run.npz"
    save_run(ReferenceRun.start(settings(), images()), path)
    content = path.read_bytes()
    path.write_bytes({"truncated": content[: len(content) // 2], "text": b"weights", "empty": b""}[damage])
    with pytest.raises(CepropError, match="not a whole checkpoint") as error:
        resume_run(settings(), images(), path)
    assert "\n" not in str(error.value)


def test_no_altered_byte_and_no_cut_of_a_checkpoint_is_accepted(
    tmp_path: Path, damages: Callable[[bytes, int], Iterator[bytes]]
) -> None:
    path = tmp_path / "run.npz"
    run = ReferenceRun.start(settings(), images())
    run.run_epoch()
    save_run(run, path)
    content = path.read_bytes()
    # numpy reads the arrays without this program, too.
    with np.load(path) as file:
        assert np.array_equal(file["forward1"], run.network.forward[0])
    for damaged in damages(content, 2000):
        path.write_bytes(damaged)
        with pytest.raises(CepropError, match=r"^checkpoint .*npz: not a whole checkpoint of a run: damaged") as error:
            resume_run(settings(), images(), path)
        assert "\n" not in str(error.value)
    path.write_bytes(content + bytes(1 << 27))
    with pytest.raises(CepropError, match=r"^checkpoint .*npz: not a whole checkpoint of a run: more than"):
        resume_run(settings(), images(), path)
    path.unlink()
    path.mkdir()
    with pytest.raises(CepropError, match=r"^checkpoint .*npz: Is a directory"):
        resume_run(settings(), images(), path)


def test_learning_that_blows_up_names_the_epoch_and_the_cause() -> None:
    run = ReferenceRun.start(settings(rule="c-vf", setting="energy-based", dt=4.0), images())
    with pytest.raises(CepropError, match=r"diverged in epoch 0: \w+ is not finite; smaller rates"):
        run.run_epoch()
    assert run.history == []


def test_learning_that_saturates_names_the_layer() -> None:
    run = ReferenceRun.start(settings(rates=(5000.0, 5000.0)), images())
    with pytest.raises(CepropError, match=r"diverged in epoch 0: layer \d is saturated"):
        run.run_epoch()


def test_learning_that_forgets_everything_is_stopped() -> None:
    run = ReferenceRun.start(settings(), images())
    for _ in range(8):
        run.run_epoch()
    run.network.forward[-1] *= 0.01
    run.network.biases[-1][:] = (1.0, 0.0)
    run.network.settings = settings(rates=(0.0, 0.0))
    with pytest.raises(CepropError, match="epoch 8: every test sample gets the same class, after an error of"):
        run.run_epoch()
    assert len(run.history) == 8


def test_phases_that_do_not_settle_are_counted() -> None:
    """A real-time phase of tiny steps is still on its way."""
    slow = settings(setting="energy-based", dt=0.02, rates=(0.0, 0.0))
    assert ReferenceRun.start(slow, images()).run_epoch().test_unsettled == 1.0
    settled = settings(free_steps=200, rates=(0.0, 0.0))
    assert ReferenceRun.start(settled, images()).run_epoch().test_unsettled == 0.0


def test_images_that_do_not_fit_are_refused() -> None:
    with pytest.raises(CepropError, match="layer 0 has 10 units but noise has 9 inputs"):
        ReferenceRun.start(settings(layers=(10, 8, 2)), images())
    with pytest.raises(CepropError, match="label 1"):
        ReferenceRun.start(settings(layers=(9, 8, 1)), images())
