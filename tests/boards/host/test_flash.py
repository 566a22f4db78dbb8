"""A board that works from its own flash: the flash controller on the virtual board, compared with the golden model."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ceprop import CepropError
from ceprop.boards.host import (
    HostDriver,
    Place,
    Speed,
    batches,
    data_set_image,
    open_board,
    restore_from_flash,
    save_to_flash,
    snapshot_image,
    train_from_flash_beside,
)
from ceprop.boards.host.flash import wait_for_flash
from ceprop.boards.host.link import Link
from ceprop.boards.host.packing import pack_samples
from ceprop.boards.host.requests import SIMULATION_TIMING, RefusedError
from ceprop.boards.host.transport import SerialTransport
from ceprop.boards.protocol import Command, Flash, StatusFlag
from ceprop.boards.snapshot_form import SnapshotPlaces
from ceprop.boards.virtual import VirtualBoard, flash_contents
from ceprop.boards.virtual.board import CLOCK_HZ
from ceprop.model import Dataset, Network, Trainer, load_dataset
from ceprop.specification import Geometry, Specification

# On one worker, which then generates and compiles the board once.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("flash")]

BOARD = "ulx3s_25f"
SPECIFICATION = Specification.from_mapping(
    {
        "layers": [64, 9, 10],
        "formats": {"state_bits": 6, "input_bits": 5, "weight_bits": 9, "weight_fraction": 8},
        "phases": {"free_steps": 8, "nudged_steps": 4},
        "update": {"shifts": [3, 6], "schedule": [{"epoch": 1, "shifts": [4, 7]}, {"epoch": 2, "shifts": [6, 8]}]},
        "quantiser": {"high": 16},
        "array": {"rows": 2, "cols": 3, "memory_words": 1024},
    }
)


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keeps the simulation, which is the same for all tests."""
    return tmp_path_factory.mktemp("build")


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    """The digits, quantised."""
    return load_dataset(SPECIFICATION, "digits")


def write_data_set(path: Path, dataset: Dataset, epochs: int = 3, specification: Specification = SPECIFICATION) -> None:
    """Put a data set where the board looks for it."""
    image = data_set_image(specification, dataset, epochs)
    contents = bytearray(flash_contents(path))
    contents[Flash.DATA_SET : Flash.DATA_SET + len(image)] = image
    path.write_bytes(contents)


@contextmanager
def opened(build: Path, flash: Path, specification: Specification = SPECIFICATION) -> Iterator[HostDriver]:
    """A simulated board with flash."""
    with open_board(specification, Place("sim", BOARD, flash=flash, build=build)) as driver:
        yield driver


@contextmanager
def with_part(
    build: Path,
    flash: Path,
    part: str,
    *,
    specification: Specification = SPECIFICATION,
    board: str = BOARD,
    clock_hz: int = CLOCK_HZ,
) -> Iterator[HostDriver]:
    """A simulated board with a flash of some make, or with a fault."""
    baud = clock_hz // 12
    simulated = VirtualBoard(
        specification, board, build=build, flash=flash, flash_part=part, clock_hz=clock_hz, baud=baud
    )
    with simulated, SerialTransport(simulated.port, baud) as line:
        yield HostDriver(Link(line, SIMULATION_TIMING), Geometry(specification), board)


def same(one: Network, other: Network) -> bool:
    """Whether weights, biases and generators are equal."""
    pairs = zip(
        [*one.weights, *one.biases, *one.generators],
        [*other.weights, *other.biases, *other.generators],
        strict=True,
    )
    return all(np.array_equal(ours, theirs) for ours, theirs in pairs)


def test_a_board_learns_by_itself(
    build: Path, tmp_path: Path, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The host looks so late that its own clock would give a much lower rate.
    monkeypatch.setattr("ceprop.boards.host.flash._POLL_SECONDS", 0.5)
    flash, some = tmp_path / "flash", dataset.first(60, 20)
    write_data_set(flash, some)
    with opened(build, flash) as driver:
        trainer = Trainer.start(SPECIFICATION, some)
        proof = train_from_flash_beside(driver, trainer, 2, lambda *_: None)
        assert (proof.mismatches, proof.learned.samples) == (0, 120)
        # After each epoch it was evaluated.
        assert driver.counters()["samples"] == 160
        expected = Trainer.start(SPECIFICATION, some)
        expected.run_epochs(2)
        assert same(proof.found, expected.network)
        status, row = driver.status(), expected.history[-1]
        assert (status.epochs, status.samples_left) == (2, 0)
        assert status.training_errors == round(60 * row.online_error)
        assert status.held_out_errors == round(20 * row.test_error)
        speed = Speed.of_proof(proof)
        # It reads the whole file before the first sample, and again for each pass.
        assert 0 < speed.start_seconds < speed.seconds
        assert speed.samples_per_second < speed.samples_per_second_after_start
        # One of the two never waits for the other.
        shares = [speed.busy[name] or 0 for name in ("core", "flash")]
        assert 0.8 < max(shares) <= 1
        assert speed.bound == ("core" if shares[0] > shares[1] else "flash")
        # From where it is on, with the rates of that epoch.
        assert trainer.epoch == 2
        assert train_from_flash_beside(driver, trainer, 1, lambda *_: None).mismatches == 0
        expected.run_epochs(3)
        assert same(trainer.network, expected.network)
        # The plan has no fourth one.
        with pytest.raises(CepropError, match="no whole data set for this specification whose plan reaches epoch 4"):
            train_from_flash_beside(driver, trainer, 1, lambda *_: None)
        assert same(driver.read_back(), expected.network)


@pytest.mark.parametrize("place", [0, 5, Flash.HEAD_BYTES + 700, "crc", "other"])
def test_a_damaged_data_set_changes_nothing(build: Path, tmp_path: Path, dataset: Dataset, place: int | str) -> None:
    flash = tmp_path / "flash"
    some = dataset.first(40, 0)
    write_data_set(flash, some)
    contents = bytearray(flash.read_bytes())
    if place == "crc":
        place = len(contents.rstrip(b"\xff")) - 1 - Flash.DATA_SET
    if place == "other":
        other = SPECIFICATION.override("seed=5")
        image = data_set_image(other, some, 3)
        contents[Flash.DATA_SET : Flash.DATA_SET + len(image)] = image
    else:
        contents[Flash.DATA_SET + int(place)] ^= 0x10
    flash.write_bytes(contents)
    network = Network.initial(SPECIFICATION)
    with opened(build, flash) as driver:
        trainer = Trainer.start(SPECIFICATION, some)
        message = "its flash holds no whole data set for this specification whose plan reaches epoch 1"
        with pytest.raises(CepropError, match=message):
            train_from_flash_beside(driver, trainer, 1, lambda *_: None)
        assert same(driver.read_back(), network)
        assert driver.counters()["samples"] == 0


@pytest.mark.parametrize("part", ["macronix", "no quad"])
def test_a_flash_of_another_make(build: Path, tmp_path: Path, dataset: Dataset, part: str) -> None:
    """It is set up otherwise, or read over two lines only, and nothing else changes."""
    flash, some = tmp_path / "flash", dataset.first(30, 0)
    write_data_set(flash, some, 1)
    with with_part(build, flash, part) as driver:
        proof = train_from_flash_beside(driver, Trainer.start(SPECIFICATION, some), 1, lambda *_: None)
        assert (proof.mismatches, proof.learned.samples) == (0, 30)


@pytest.mark.parametrize("part", ["absent", "grounded"])
def test_a_board_whose_flash_is_not_there(build: Path, tmp_path: Path, dataset: Dataset, part: str) -> None:
    network, flash = Network.initial(SPECIFICATION), tmp_path / "flash"
    with with_part(build, flash, part) as driver:
        driver.load(network)
        message = "its flash holds no whole data set"
        with pytest.raises(CepropError, match=message):
            train_from_flash_beside(driver, Trainer.start(SPECIFICATION, dataset), 1, lambda *_: None)
        with pytest.raises(CepropError, match="the snapshot could not be written"):
            save_to_flash(driver)
        assert same(driver.read_back(), network)


def test_a_flash_that_is_read_over_one_line(build: Path, tmp_path: Path, dataset: Dataset) -> None:
    """And one that stays busy while a snapshot is saved, for longer than a good part does; the clock is slow, so that
    this does not take long."""
    flash, some = tmp_path / "flash", dataset.first(30, 10)
    small = SPECIFICATION.override("array.rows=1", "array.cols=1", "array.memory_words=2048", "nudge.sign=negative")
    board: dict[str, Any] = {"specification": small, "board": "icebreaker", "clock_hz": 3_000_000}
    write_data_set(flash, some, 1, small)
    with with_part(build, flash, "winbond", **board) as driver:
        proof = train_from_flash_beside(driver, Trainer.start(small, some), 1, lambda *_: None)
        assert (proof.mismatches, proof.learned.samples) == (0, 30)
        save_to_flash(driver)
    with with_part(build, flash, "stays busy", **board) as driver:
        restore_from_flash(driver)
        assert same(driver.read_back(), proof.found)
        with pytest.raises(CepropError, match="the snapshot could not be written"):
            save_to_flash(driver)
        assert driver.status().flags == StatusFlag.FAILED


def test_without_a_data_set_or_a_snapshot(build: Path, tmp_path: Path) -> None:
    with opened(build, tmp_path / "flash") as driver:
        with pytest.raises(CepropError, match="no whole snapshot of this specification lies in its flash"):
            restore_from_flash(driver)
        assert driver.status().flags == StatusFlag.FAILED


def carry_out(driver: HostDriver, command: Command, payload: bytes) -> None:
    """A request, and its reply."""
    driver.link.send(command, payload)
    driver.link.drain()


def test_flash_and_core_wait_for_each_other(build: Path, tmp_path: Path, dataset: Dataset) -> None:
    """While half a sample is there flash does not begin, and while flash is at work the core is its own."""
    trainer = Trainer.start(SPECIFICATION, dataset)
    batch = next(batches(SPECIFICATION, dataset.train_inputs, dataset.train_labels, 1))
    (sample,) = pack_samples(SPECIFICATION, batch.inputs, batch.labels)
    with opened(build, tmp_path / "flash") as driver:
        driver.load(Network.initial(SPECIFICATION))
        driver.link.send(Command.SAMPLES, sample[:7])
        for command, payload in ((Command.RUN, b"\0\0\1\0"), (Command.SAVE, b""), (Command.RESTORE, b"")):
            with pytest.raises(RefusedError, match=f"refuses {command.name}: it is at work"):
                carry_out(driver, command, payload)
        driver.link.send(Command.SAMPLES, sample[7:])
        assert driver.counters()["samples"] == 1
        save_to_flash(driver)
        before = driver.read_back()
        driver.save()
        with pytest.raises(RefusedError, match="refuses READ: it is at work"):
            driver.read_register("samples")
        with pytest.raises(RefusedError, match="refuses SAMPLES: it is at work"):
            carry_out(driver, Command.SAMPLES, sample)
        wait_for_flash(driver, "the snapshot could not be written")
        assert driver.counters()["samples"] == 1
        assert same(driver.read_back(), before)
        trainer.run(1)
        assert same(before, trainer.network)


def test_another_specification_does_not_take_a_snapshot(build: Path, tmp_path: Path) -> None:
    flash, other = tmp_path / "flash", Geometry(SPECIFICATION.override("seed=2"))
    contents = bytearray(flash_contents(flash))
    image = snapshot_image(other, Network.initial(other.specification), 1)
    place = SnapshotPlaces.of(other).first
    contents[place : place + len(image)] = image
    flash.write_bytes(contents)
    with opened(build, flash) as driver, pytest.raises(CepropError, match="no whole snapshot of this specification"):
        restore_from_flash(driver)
