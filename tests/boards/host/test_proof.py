"""Every comparison of a board with the model is awake. One bit of what the host reads is wrong, and only the comparison
of it can see this."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from ceprop.boards.host import (
    HostDriver,
    Proof,
    batches,
    infer_beside,
    stand_alone,
    train_beside,
    train_from_flash_beside,
)
from ceprop.boards.host import proof as proof_module
from ceprop.boards.host.machine import infer_with_model, learn_with_model, predictions_of
from ceprop.boards.host.results import Predictions
from ceprop.boards.host.runs import epoch_from_flash_beside
from ceprop.boards.protocol import Status, StatusFlag
from ceprop.model import Dataset, Network, Trainer
from ceprop.specification import Geometry, Specification

SPECIFICATION = Specification.from_mapping(
    {
        "layers": [6, 4, 3],
        "rule": "c-vf",
        "formats": {"state_bits": 4, "input_bits": 3, "weight_bits": 8, "weight_fraction": 6},
        "phases": {"free_steps": 6, "nudged_steps": 3},
        "update": {"shifts": [3, 3]},
        "array": {"rows": 2, "cols": 2},
    }
)
SAMPLES, HELD_OUT = 4, 3


def _samples() -> Dataset:
    draw = np.random.default_rng(2)
    inputs = draw.integers(0, 8, (SAMPLES + HELD_OUT, 6)).astype(np.uint16)
    labels = draw.integers(0, 3, SAMPLES + HELD_OUT)
    return Dataset("random", inputs[:SAMPLES], labels[:SAMPLES], inputs[SAMPLES:], labels[SAMPLES:])


DATASET = _samples()


@pytest.fixture
def driver(board_double, connect, monkeypatch: pytest.MonkeyPatch) -> HostDriver:
    """A board in Python that holds the initial network. What it does with its flash, the model does."""
    double = board_double(SPECIFICATION)
    made = HostDriver(connect(double), Geometry(SPECIFICATION), "icebreaker")
    held = Network.initial(SPECIFICATION)
    made.load(held)
    found: dict[str, Any] = {}

    def run(first_epoch: int, epochs: int) -> None:
        wrong = 0
        for batch in batches(SPECIFICATION, DATASET.train_inputs, DATASET.train_labels, SAMPLES, first_epoch):
            wrong = int(np.count_nonzero(learn_with_model(held, batch).predictions != batch.labels))
        found["predictions"] = predictions_of(infer_with_model(held, DATASET.test_inputs))
        errors = int(np.count_nonzero(found["predictions"].classes != DATASET.test_labels))
        found["status"] = Status(StatusFlag(0), 0, epochs, wrong, errors)
        made.load(held)

    monkeypatch.setattr(made, "run_from_flash", run)
    monkeypatch.setattr(made, "status", lambda: found["status"])
    monkeypatch.setattr(made, "last_results", lambda _: found["predictions"])
    monkeypatch.setattr(proof_module, "wait_for_flash", lambda *_: None)
    return made


def _prediction(found: Predictions) -> Predictions:
    return Predictions(found.classes ^ (np.arange(len(found.classes)) == 1), found.ties)


def _tie(found: Predictions) -> Predictions:
    return Predictions(found.classes, found.ties ^ (np.arange(len(found.ties)) == 1))


def _bit(kind: str, number: int, place: tuple[int, ...]) -> Callable[[Network], Network]:
    """Flip the lowest bit of one integer of a network."""

    def flipped(found: Network) -> Network:
        getattr(found, kind)[number][place] ^= 1
        return found

    return flipped


def _count(name: str) -> Callable[[Status], Status]:
    return lambda found: replace(found, **{name: getattr(found, name) ^ 1})


def _learn(proof: Proof) -> None:
    (batch,) = batches(SPECIFICATION, DATASET.train_inputs, DATASET.train_labels, SAMPLES)
    proof.learn(batch, SAMPLES)


def _infer(proof: Proof) -> None:
    proof.infer(DATASET.test_inputs)


def _from_flash(proof: Proof) -> None:
    proof.learn_from_flash(DATASET, 0, 1)


MEMORIES = {
    "weights of layer 1, unit 3 from unit 5": _bit("weights", 0, (3, 5)),
    "weights of layer 2, unit 2 from unit 3": _bit("weights", 1, (2, 3)),
    "backward weights of layer 2, unit 2 from unit 1": _bit("backward", 0, (2, 1)),
    "bias of layer 1, unit 3": _bit("biases", 0, (3,)),
    "bias of layer 2, unit 0": _bit("biases", 1, (0,)),
    "generator of layer 1, unit 2": _bit("generators", 0, (2,)),
    "generator of layer 2, unit 1": _bit("generators", 1, (1,)),
}
FAULTS: list[tuple[str, Callable[[Any], Any], Callable[[Proof], None], str]] = [
    ("learn", _prediction, _learn, "sample 1, prediction"),
    ("learn", _tie, _learn, "sample 1, tie"),
    ("infer", _prediction, _infer, "sample 1, prediction"),
    ("infer", _tie, _infer, "sample 1, tie"),
    ("last_results", _prediction, _from_flash, "sample 1, prediction"),
    ("last_results", _tie, _from_flash, "sample 1, tie"),
    ("status", _count("epochs"), _from_flash, "sample 0, epochs"),
    ("status", _count("training_errors"), _from_flash, "sample 0, training errors"),
    ("status", _count("held_out_errors"), _from_flash, "sample 0, held-out errors"),
    *(("read_back", change, Proof.compare_memories, f"sample 0, {where}") for where, change in MEMORIES.items()),
]
"""The call of the driver whose answer is wrong, how it is wrong, what is asked of the proof, and the place that the
proof names."""


def spoil(driver: HostDriver, call: str, change: Callable[[Any], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let one call of a driver give a wrong answer."""
    right = getattr(driver, call)
    monkeypatch.setattr(driver, call, lambda *arguments, **options: change(right(*arguments, **options)))


@pytest.mark.parametrize("work", [_learn, _infer, _from_flash, Proof.compare_memories])
def test_without_a_fault_nothing_is_found(work: Callable[[Proof], None], driver: HostDriver) -> None:
    proof = Proof(driver, Network.initial(SPECIFICATION))
    work(proof)
    proof.compare_memories()
    assert (proof.mismatches, proof.first_mismatch) == (0, None)


@pytest.mark.parametrize(("call", "change", "work", "where"), FAULTS, ids=[f"{f[0]}: {f[3]}" for f in FAULTS])
def test_one_comparison_finds_the_fault(
    call: str,
    change: Callable[[Any], Any],
    work: Callable[[Proof], None],
    where: str,
    driver: HostDriver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    proof = Proof(driver, Network.initial(SPECIFICATION))
    spoil(driver, call, change, monkeypatch)
    work(proof)
    assert proof.mismatches == 1
    match = re.fullmatch(rf"{where}: model (-?\d+), hardware (-?\d+)", proof.first_mismatch or "")
    assert match, proof.first_mismatch
    assert match[1] != match[2]


def _trainer() -> Trainer:
    return Trainer.start(SPECIFICATION, DATASET)


def _quiet(_done: int, _total: int) -> None:
    """A caller that shows no progress."""


RUNS: dict[str, Callable[[HostDriver], Proof]] = {
    "learning": lambda driver: train_beside(driver, _trainer(), SAMPLES, _quiet),
    "learning from flash": lambda driver: train_from_flash_beside(driver, _trainer(), 1, _quiet),
    "an epoch from flash": lambda driver: epoch_from_flash_beside(
        driver, Network.initial(SPECIFICATION), DATASET, 0, None, _quiet
    ),
    "inferring": lambda driver: infer_beside(driver, Network.initial(SPECIFICATION), DATASET.test_inputs, _quiet)[0],
}


@pytest.mark.parametrize("faults", [0, 1])
@pytest.mark.parametrize("name", RUNS)
def test_every_run_compares_the_memories(
    name: str, faults: int, driver: HostDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    if faults:
        spoil(driver, "read_back", _bit("biases", 0, (3,)), monkeypatch)
    found = RUNS[name](driver)
    assert found.mismatches == faults
    assert (found.first_mismatch is not None) == bool(faults)


ALONE = {
    "epochs": ("2 {wrong}", None),
    "training errors": ("1 {more}", None),
    **{where: ("1 {wrong}", change) for where, change in MEMORIES.items()},
}
"""What a board that stands alone says, and the fault in its snapshot."""


@pytest.mark.parametrize("where", ["", *ALONE])
def test_a_board_that_stands_alone(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text, change = ALONE.get(where, ("1 {wrong}", None))
    learned, wrong = Network.initial(SPECIFICATION), 0
    for batch in batches(SPECIFICATION, DATASET.train_inputs, DATASET.train_labels, SAMPLES):
        wrong += int(np.count_nonzero(learn_with_model(learned, batch).predictions != batch.labels))
    said = text.format(wrong=wrong, more=wrong + 1)
    monkeypatch.setattr(stand_alone, "_wait", lambda *_: (change(learned) if change else learned, said))
    moment = SimpleNamespace(all=1, flash=1)
    board: Any = SimpleNamespace(sample_cycles=(moment, moment))
    network = Network.initial(SPECIFICATION)
    found = stand_alone.epoch_alone_beside(board, Path(), network, DATASET, 0, SAMPLES, 1, _quiet)
    assert found.mismatches == int(bool(where))
    assert re.fullmatch(
        rf"sample {SAMPLES}, {where}: model -?\d+, hardware -?\d+" if where else "None", str(found.first_mismatch)
    )
