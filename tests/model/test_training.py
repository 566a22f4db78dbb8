"""Training: positions, history, checkpoints; a killed run ends with the bits of one that was not."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ceprop import CepropError, Specification
from ceprop.model import (
    Dataset,
    Network,
    Trainer,
    epoch_order,
    epoch_signs,
    load_checkpoint,
    load_dataset,
    plain,
    save_checkpoint,
)


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
    monkeypatch.setattr("ceprop.model.checkpoint.FORMAT", 2)
    assert "format 1, this version reads 2" in message(saved, make(), dataset)


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
    assert [asdict(row) for row in trainer.history] == run["history"]
    assert trainer.history[-1].test_error <= 0.05
