"""Training: positions, history, checkpoints; a killed run ends with the bits of one that was not."""

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ceprop import CepropError, Specification
from ceprop.experiments.training_run import train_to
from ceprop.model import (
    Dataset,
    DivergenceError,
    FreeEnd,
    Network,
    Trainer,
    epoch_order,
    epoch_signs,
    load_checkpoint,
    load_dataset,
    plain,
    save_checkpoint,
)
from ceprop.model.divergence import check_divergence


def make(*overrides: str) -> Specification:
    fields = {
        "layers": [6, 5, 3],
        "nudge": {"sign": "random"},
        "update": {"shifts": [7, 7], "schedule": [{"epoch": 1, "shifts": [8, 8]}]},
    }
    return Specification.from_mapping(fields).override(*overrides)


def data(specification: Specification, count: int = 20) -> Dataset:
    random = np.random.default_rng(3)
    inputs = random.integers(0, 256, (count, specification.layers[0])).astype(np.uint16)
    labels = random.integers(0, specification.classes, count)
    return Dataset("noise", inputs, labels, inputs[:8], labels[:8])


def state(trainer: Trainer) -> dict[str, Any]:
    """Everything that a resumed run must share with one that was never stopped."""
    return {
        "weights": trainer.network.weights_sha256(),
        "generators": [g.tolist() for g in trainer.network.generators],
        "position": (trainer.epoch, trainer.sample),
        "counters": asdict(trainer.counters),
        "history": [asdict(row) for row in trainer.history],
    }


def test_trainer_follows_order_signs_and_schedule() -> None:
    specification = make()
    dataset = data(specification)
    trainer = Trainer.start(specification, dataset)
    trainer.run(33)
    network = Network.initial(specification)
    records = []
    for p in range(33):
        epoch, position = divmod(p, 20)
        sample = epoch_order(specification, epoch, 20)[position]
        records.append(
            plain.run_sample(
                network,
                dataset.train_inputs[sample],
                int(dataset.train_labels[sample]),
                shifts=specification.shifts_at(epoch),
                negative=bool(epoch_signs(specification, epoch, 20)[position]),
            )
        )
    assert network.weights_sha256() == trainer.network.weights_sha256()
    assert (trainer.epoch, trainer.sample) == (1, 13)
    assert trainer.counters.free_steps == sum(r.free_steps for r in records[20:])
    assert trainer.counters.settled + trainer.counters.period_2 + trainer.counters.open == 13
    (row,) = trainer.history
    assert row.mean_nudged_steps == sum(r.nudged_steps for r in records[:20]) / 20
    assert row.saturations == sum(r.saturations for r in records[:20])
    assert row.ties == sum(r.tie for r in records[:20])


def test_evaluation_counts_what_it_says() -> None:
    specification = make()
    dataset = data(specification)
    trainer = Trainer.start(specification, dataset)
    found = trainer.evaluate()
    records = [plain.run_sample(trainer.network, x, None, shifts=(7, 7)) for x in dataset.test_inputs]
    expected = np.zeros((3, 3), int)
    for record, label in zip(records, dataset.test_labels, strict=True):
        expected[label, record.prediction] += 1
    assert found.confusion.tolist() == expected.tolist()
    assert found.errors == 8 - np.trace(expected)
    assert found.error == found.errors / 8
    assert found.ties == sum(r.tie for r in records)
    assert found.settled + found.period_2 + found.open == found.samples == 8
    for end in FreeEnd:
        wrong = sum(
            record.free_end is end and record.prediction != label
            for record, label in zip(records, dataset.test_labels, strict=True)
        )
        assert getattr(found, f"{end.name.lower()}_errors") == wrong


def test_progress_is_called_at_positions() -> None:
    specification = make()
    seen: list[tuple[int, int]] = []
    Trainer.start(specification, data(specification)).run(45, lambda t: seen.append((t.epoch, t.sample)))
    assert seen == [(1, 0), (2, 0), (2, 5)]


@pytest.mark.parametrize("stops", [[0], [7], [20], [1, 19, 20, 21, 59]])
def test_killed_run_resumes_to_the_same_bits(tmp_path: Path, stops: list[int]) -> None:
    specification = make()
    dataset = data(specification)
    whole = Trainer.start(specification, dataset)
    whole.run_epochs(3)
    trainer, done, path = Trainer.start(specification, dataset), 0, tmp_path / "run" / "checkpoint"
    for stop in stops:
        trainer.run(stop - done)
        save_checkpoint(trainer, path)
        trainer.run(11)  # lost: the kill comes after the checkpoint
        trainer, done = load_checkpoint(specification, dataset, path), stop
    trainer.run_epochs(3)
    assert state(trainer) == state(whole)
    assert len(trainer.history) == 3
    assert [p.name for p in path.parent.iterdir()] == ["checkpoint"]


def test_checkpoint_loads_on_another_array(tmp_path: Path) -> None:
    specification = make()
    dataset = data(specification)
    save_checkpoint(Trainer.start(specification, dataset), tmp_path / "c")
    load_checkpoint(make("array.rows=2", "array.cols=3", "name=other"), dataset, tmp_path / "c")


def test_checkpoint_carries_backward_weights(tmp_path: Path) -> None:
    specification = make("rule=c-vf", "angle=45")
    dataset = data(specification)
    whole, trainer = Trainer.start(specification, dataset), Trainer.start(specification, dataset)
    whole.run(50)
    trainer.run(13)
    save_checkpoint(trainer, tmp_path / "c")
    loaded = load_checkpoint(specification, dataset, tmp_path / "c")
    assert loaded.network.backward[0].tolist() == trainer.network.backward[0].tolist()
    assert loaded.network.backward[0].tolist() != Network.initial(specification).backward[0].tolist()
    loaded.run(37)
    assert state(loaded) == state(whole)


def digits(*overrides: str) -> Trainer:
    specification = Specification.load(Path(__file__).parents[2] / "examples" / "digits.toml", overrides)
    return Trainer.start(specification, load_dataset(specification, "digits"))


@pytest.mark.parametrize("rule", ["c-ep", "c-vf"])
def test_learning_that_diverges_stops(rule: str, tmp_path: Path) -> None:
    """The rate explodes with epoch 1; the checkpoint stays at the end of epoch 0."""
    trainer = digits(f"rule={rule}", "update.schedule=[{ epoch = 1, shifts = [0, 4] }]")
    text = (
        "learning diverged in epoch 1: the states of layer 1 are at their limits, the same for every sample; a larger"
    )
    with pytest.raises(DivergenceError, match=f"^{text}"):
        train_to(trainer, 3 * trainer.epoch_samples, tmp_path / "c", lambda *_: None)
    kept = load_checkpoint(trainer.specification, trainer.dataset, tmp_path / "c")
    assert (kept.epoch, kept.sample, len(kept.history)) == (1, 0, 1)


def test_divergence_needs_saturation_and_errors() -> None:
    trainer = digits("update.schedule=[]", "update.shifts=[14, 14]")
    trainer.run_epochs(1)
    network, inputs = trainer.network, trainer.dataset.test_inputs
    network.weights[0][:45] = 2047  # 70 % at their limits
    test = trainer.evaluate()
    chance = replace(test, errors=test.samples)
    with pytest.raises(DivergenceError, match="epoch 7: 70 % of the weights of connection 1 are at their limits;"):
        check_divergence(network, inputs, chance, 7)
    check_divergence(network, inputs, replace(test, errors=test.samples // 2), 7)
    check_divergence(Network.initial(trainer.specification), inputs, chance, 7)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    trainer = Trainer.start(make(), data(make()))
    trainer.run(25)
    save_checkpoint(trainer, tmp_path / "c")
    return tmp_path / "c"


def message(path: Path, specification: Specification, dataset: Dataset) -> str:
    with pytest.raises(CepropError) as caught:
        load_checkpoint(specification, dataset, path)
    text = str(caught.value)
    assert text.startswith(f"checkpoint {path}: ")
    assert "\n" not in text
    return text


def test_a_file_of_any_length_is_refused_before_it_is_read(saved: Path) -> None:
    with saved.open("r+b") as file:
        file.truncate(1 << 40)  # a hole, which takes no room on disk
    assert "bytes, which no run of this network has" in message(saved, make(), data(make()))


def test_every_flipped_byte_is_found(saved: Path) -> None:
    content, specification, dataset = saved.read_bytes(), make(), data(make())
    for position in range(len(content)):
        damaged = bytearray(content)
        damaged[position] ^= 1 << position % 8
        saved.write_bytes(damaged)
        found = message(saved, specification, dataset)
        assert ("not a checkpoint" if position < 8 else "damaged") in found


def test_truncated_at_any_length(saved: Path) -> None:
    content, specification, dataset = saved.read_bytes(), make(), data(make())
    for length in [*range(70), *range(70, len(content), 37), len(content) - 1]:
        saved.write_bytes(content[:length])
        found = message(saved, specification, dataset)
        assert ("not a checkpoint" if length < 8 else "truncated") in found


def test_refuses_another_specification_data_or_format(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = data(make())
    assert "another specification" in message(saved, make("seed=2"), dataset)
    assert "other data" in message(saved, make(), data(make(), 21))
    assert "No such file" in message(saved.with_name("none"), make(), dataset)
    monkeypatch.setattr("ceprop.model.checkpoint.FORMAT", 3)
    assert "format 2, this version reads 3" in message(saved, make(), dataset)


def test_digits_end_with_the_published_bits() -> None:
    """docs/results/learning.json holds what this machine-independent arithmetic gave when it was measured."""
    root = Path(__file__).parents[2]
    specification = Specification.load(root / "examples" / "digits.toml")
    published = json.loads((root / "docs" / "results" / "learning.json").read_text(encoding="utf-8"))["digits"]
    run = published["runs"][str(specification.seed)]
    trainer = Trainer.start(specification, load_dataset(specification, "digits"))
    trainer.run_epochs(published["epochs"])
    assert specification.learning_digest == run["learning_digest"]
    assert trainer.network.weights_sha256() == run["weights_sha256"]
    for row, was in zip(trainer.history, run["history"], strict=True):
        assert was.items() <= asdict(row).items()
    assert trainer.history[-1].test_error <= 0.05
