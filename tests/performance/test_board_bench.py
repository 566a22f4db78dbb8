"""`ceprop bench SPEC --board B`: a whole board that learns from its flash, its figures, and what is refused."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ceprop.boards import CriticalPath
from ceprop.boards.flow.build import MissedClockError
from ceprop.boards.flow.build_record import Build, ClockCheck
from ceprop.boards.host import excerpt_image
from ceprop.boards.parts.registry import Board
from ceprop.boards.resources.link_memories import prefetched_bytes
from ceprop.cli import run
from ceprop.model import Dataset, Span, Trainer, epoch_order, load_dataset
from ceprop.performance.board_estimate import SampleWay
from ceprop.performance.cycle_replay import replay
from ceprop.specification import Geometry, Specification

BOARD = "ulx3s_25f"
CLOCK_HZ = 24_000_000
TRAIN, TEST, SAMPLES = 120, 4, 50
FIELDS = {
    "name": "tiny",
    "layers": [16, 4, 3],
    "formats": {"state_bits": 4, "input_bits": 3, "weight_bits": 8, "weight_fraction": 7},
    "phases": {"free_steps": 6, "nudged_steps": 3},
    "update": {"shifts": [4, 5], "schedule": [{"epoch": 2, "shifts": [5, 6]}]},
    "quantiser": {"high": 255},
    "array": {"rows": 1, "cols": 1, "memory_words": 128},
}
SPECIFICATION = Specification.from_mapping(FIELDS)


def built(specification: Specification, board: Board, folder: Path, **options: Any) -> Build:
    """A stand-in for synthesis, place and route, which take minutes and have tests of their own."""
    assert options["flash"]
    return Build(
        bitstream=str(folder / "tiny.bit"),
        sha256="5" * 64,
        specification=specification.fields(),
        learning_digest=specification.learning_digest,
        build_digest=specification.build_digest,
        board=board.name,
        device=board.device.name,
        clock_hz=CLOCK_HZ,
        core_clock_hz=CLOCK_HZ,
        baud=1_000_000,
        flash=True,
        stand_alone=False,
        seed=len(options["seeds"]),
        clocks={"core": ClockCheck(24.0, 31.5)},
        utilization={},
        critical_path=CriticalPath("a", "b", 1.0, 1.0),
        seconds=1.0,
        routing_seconds=1.0,
        tools={},
        checks_left_out=[],
    )


def _idx(array: np.ndarray) -> bytes:
    sizes = b"".join(n.to_bytes(4, "big") for n in array.shape)
    return bytes([0, 0, 8, array.ndim]) + sizes + array.astype(np.uint8).tobytes()


@pytest.fixture(scope="module")
def builds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keeps the compiled simulation, which is the same for all tests."""
    return tmp_path_factory.mktemp("bench")


@pytest.fixture
def command(tmp_path: Path, builds: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    random = np.random.default_rng(3)
    patterns = random.integers(0, 256, (3, 4, 4))
    for stem, count in (("train", TRAIN), ("t10k", TEST)):
        labels = random.integers(0, 3, count)
        images = np.clip(patterns[labels] + random.integers(-90, 90, (count, 4, 4)), 0, 255)
        (tmp_path / f"{stem}-images-idx3-ubyte").write_bytes(_idx(images))
        (tmp_path / f"{stem}-labels-idx1-ubyte").write_bytes(_idx(labels))
    SPECIFICATION.save(tmp_path / "tiny.toml")
    monkeypatch.setattr("ceprop.performance.board_bench.build", built)
    place = ["--board", BOARD, "--data", str(tmp_path), "--build", str(builds)]
    return ["bench", str(tmp_path / "tiny.toml"), *place]


@pytest.fixture
def trainer(tmp_path: Path, command: list[str]) -> Trainer:
    """The golden model, after the first epoch of the whole set."""
    trainer = Trainer.start(SPECIFICATION, load_dataset(SPECIFICATION, tmp_path))
    trainer.run(TRAIN)
    return trainer


def expected_rate(trainer: Trainer, samples: int) -> float:
    """The rate that is expected of the board."""
    geometry, dataset = Geometry(SPECIFICATION), trainer.dataset
    whole = replay(geometry, dataset, trainer.network, Span(1, 0, samples), learn=True).whole
    inputs = dataset.train_inputs[epoch_order(SPECIFICATION, 1, TRAIN)[:samples]]
    fifo = prefetched_bytes(geometry, BOARD)
    assert fifo is not None
    return SampleWay(geometry, 4, fifo, CLOCK_HZ, CLOCK_HZ).rate(inputs, whole.cycles.tolist())


# On one worker, which then compiles the board once.
simulated = pytest.mark.xdist_group("board bench")


@simulated
@pytest.mark.slow
@pytest.mark.parametrize(("asked", "samples"), [(str(SAMPLES), SAMPLES), ("all", TRAIN)])
def test_the_second_epoch(
    asked: str, samples: int, command: list[str], trainer: Trainer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*command, "--samples", asked, "--placements", "3", "--json", "-"]) == 0
    found = json.loads(capsys.readouterr().out)
    # The board learned from exactly these samples of the whole set.
    expected = expected_rate(trainer, samples)
    trainer.run(samples)
    assert found["weights_sha256"] == trainer.network.weights_sha256()
    assert (found["mismatches"], found["first_mismatch"]) == (0, None)
    assert (found["samples"], found["epoch_samples"], found["seed"]) == (samples, TRAIN, 1)
    assert found["learned_samples"].startswith("all 120" if samples == TRAIN else "the first 50 of the 120")
    rates = found["samples_per_second"]
    assert 0 < rates["board"] <= rates["core"]
    assert rates["board"] == pytest.approx(expected, rel=0.15)
    busy = found["busy"]
    # The rate counts from the first sample to the last one, in which time core and board differ by the waiting alone.
    assert rates["board"] == pytest.approx(rates["core"] * busy["core"])
    assert found["bound_by"] == ("core" if busy["core"] >= busy["flash"] else "flash")
    assert found["connections_per_second"] == pytest.approx(rates["board"] * SPECIFICATION.weights)
    assert (found["clock_hz"], found["placement"]) == (CLOCK_HZ, 3)
    assert found["clocks"] == {"core": {"constraint": 24.0, "achieved": 31.5}}
    assert found["bitstream"]["sha256"] == "5" * 64
    assert found["golden_samples_per_second"] > 0
    assert found["simulated_cycles_per_second"] > 0


@simulated
@pytest.mark.slow
def test_other_samples_are_a_mismatch(
    command: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The flash holds the samples of the third epoch, and the model learns from those of the second one."""

    def other(specification: Specification, dataset: Dataset, epoch: int, samples: int) -> bytes:
        return excerpt_image(specification, dataset, epoch + 1, samples)

    monkeypatch.setattr("ceprop.performance.board_bench.excerpt_image", other)
    assert run([*command, "--samples", str(SAMPLES), "--json", "-"]) == 1
    captured = capsys.readouterr()
    found = json.loads(captured.out)
    assert found["mismatches"] > 0
    assert captured.err.splitlines()[-1] == f"ceprop: {found['first_mismatch']}"


def test_a_missed_clock(
    command: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def missed(*_: object, **__: object) -> Build:
        raise MissedClockError("clocks were missed, 24.0 MHz by 3.0%")

    monkeypatch.setattr("ceprop.performance.board_bench.build", missed)
    assert run([*command, "--samples", str(SAMPLES)]) == 1
    assert capsys.readouterr().err == "ceprop: clocks were missed, 24.0 MHz by 3.0%\n"


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["--samples", "121"], "121 samples: "),
        (["--samples", "1"], "--samples"),
        (["--samples", "some"], "--samples"),
        (["--samples", "all", "--core-only"], "--samples all: is for a whole board"),
        (["--epochs", "15"], "--epochs: is for --core-only"),
        (["--seeds", "1"], "--seeds: is for --core-only"),
        (["--set", "array.rows=9", "--set", "array.cols=9"], "needs 81 multipliers"),
    ],
)
def test_bad_input(
    arguments: list[str],
    part: str,
    command: list[str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def never(*_: object, **__: object) -> Callable[..., Any]:
        raise AssertionError("bad input was not refused before the build")

    monkeypatch.setattr("ceprop.performance.board_bench.build", never)
    assert run([*command, *arguments]) == 2
    error = capsys.readouterr().err
    assert error.startswith("ceprop: ")
    assert error.count("\n") == 1
    assert part in error
