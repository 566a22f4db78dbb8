"""What a board keeps in its flash over several times under power, of a network whose nudge has a random sign."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from random import Random

import numpy as np
import pytest

from ceprop import CepropError
from ceprop.boards import snapshot_form
from ceprop.boards.host import (
    HostDriver,
    batches,
    data_set_image,
    newest_snapshot,
    read_results,
    restore_from_flash,
    results_in_log,
    save_to_flash,
    snapshot_image,
    train_from_flash_beside,
)
from ceprop.boards.host.flash import wait_for_flash
from ceprop.boards.host.link import Link
from ceprop.boards.host.machine import learn_with_model
from ceprop.boards.host.requests import SIMULATION_TIMING
from ceprop.boards.host.transport import SerialTransport
from ceprop.boards.log_form import SLOT_BYTES, LogEntry
from ceprop.boards.protocol import Flash, StatusFlag
from ceprop.boards.snapshot_form import SnapshotPlaces
from ceprop.boards.virtual import VirtualBoard, flash_contents
from ceprop.boards.virtual.board import CLOCK_HZ
from ceprop.model import Dataset, Network, Trainer, load_dataset
from ceprop.specification import Geometry, Specification

# On one worker, which then compiles the board once.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("flash memory")]

BOARD = "ulx3s_25f"
SPECIFICATION = Specification.from_mapping(
    {
        "layers": [64, 9, 10],
        "formats": {"state_bits": 6, "input_bits": 5, "weight_bits": 9, "weight_fraction": 8},
        "phases": {"free_steps": 8, "nudged_steps": 4},
        "update": {"shifts": [3, 6], "schedule": [{"epoch": 1, "shifts": [4, 7]}]},
        "nudge": {"sign": "random"},
        "quantiser": {"high": 16},
        # The core is slower than the flash, so samples wait for it.
        "array": {"rows": 1, "cols": 1, "memory_words": 2048},
    }
)
GEOMETRY = Geometry(SPECIFICATION)
SAMPLES, HELD_OUT = 70, 10
ROOM = 0x4000
SoonCompiled = Callable[[], AbstractContextManager[None]]
Powered = Callable[[Path], VirtualBoard]
Open = Callable[[Path], AbstractContextManager[HostDriver]]


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    """Some digits, quantised."""
    return load_dataset(SPECIFICATION, "digits").first(SAMPLES, HELD_OUT)


@pytest.fixture(scope="module", autouse=True)
def large_places() -> Iterator[None]:
    """Both snapshots lie behind the data set, which has room for 16 KiB; the log has four slots."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Flash, "LOG_BYTES", 4 * SLOT_BYTES)
        patch.setattr(snapshot_form, "_BLOCK_BYTES", (Flash.BYTES - Flash.DATA_SET - ROOM) // 2)
        yield


@pytest.fixture(scope="module")
def powered(soon_compiled: SoonCompiled, tmp_path_factory: pytest.TempPathFactory) -> Powered:
    """Makes the board with a flash, whose line is as fast as it can be."""
    build = tmp_path_factory.mktemp("build")

    def made(flash: Path) -> VirtualBoard:
        with soon_compiled():
            return VirtualBoard(SPECIFICATION, BOARD, build=build, flash=flash, baud=CLOCK_HZ // 4)

    return made


@contextmanager
def driven(board: VirtualBoard) -> Iterator[HostDriver]:
    """A host at a board under power."""
    with SerialTransport(board.port, board.baud) as line:
        yield HostDriver(Link(line, SIMULATION_TIMING), GEOMETRY, BOARD)


@pytest.fixture(scope="module")
def opened(powered: Powered) -> Open:
    """Gives power to the board with a flash, and a host."""

    @contextmanager
    def ready(flash: Path) -> Iterator[HostDriver]:
        with powered(flash) as board, driven(board) as driver:
            yield driver

    return ready


def write_data_set(path: Path, dataset: Dataset, epochs: int) -> None:
    """Put a data set where the board looks for it."""
    write(path, Flash.DATA_SET, data_set_image(SPECIFICATION, dataset, epochs))


def write(path: Path, address: int, file: bytes) -> None:
    """Put a file into the contents of a flash."""
    contents = bytearray(flash_contents(path))
    contents[address : address + len(file)] = file
    path.write_bytes(contents)


def log_of(flash: Path) -> bytes:
    """The log in the contents of a flash."""
    return flash.read_bytes()[Flash.LOG : Flash.LOG + Flash.LOG_BYTES]


def results(trainer: Trainer) -> list[LogEntry]:
    """What the log has of these epochs."""
    found = [(round(row.online_error * SAMPLES), round(row.test_error * HELD_OUT)) for row in trainer.history]
    return [LogEntry(k + 1, wrong, SAMPLES, held_out, HELD_OUT) for k, (wrong, held_out) in enumerate(found)]


def test_signs_that_are_drawn_and_a_log(opened: Open, tmp_path: Path, dataset: Dataset) -> None:
    """Over two epochs, and over a third one, which follows a snapshot in another time under power. While its entry was
    written, power fails, and the next entry lies behind what is left of it."""
    flash = tmp_path / "flash"
    write_data_set(flash, dataset, 3)
    expected = Trainer.start(SPECIFICATION, dataset)
    expected.run_epochs(2)
    with opened(flash) as driver:
        trainer = Trainer.start(SPECIFICATION, dataset)
        assert train_from_flash_beside(driver, trainer, 2, lambda *_: None).mismatches == 0
        assert driver.read_back().weights_sha256() == expected.network.weights_sha256()
        save_to_flash(driver)
        assert read_results(driver, lambda *_: None) == results(expected)
    # The part began to write in the middle of the entry.
    write(flash, Flash.LOG + 2 * SLOT_BYTES + 20, b"\0")
    contents = flash.read_bytes()
    expected.run_epochs(3)
    with opened(flash) as driver:
        restore_from_flash(driver)
        driver.run_from_flash(2, 1)
        wait_for_flash(driver, "there is no third epoch")
        assert driver.read_back().weights_sha256() == expected.network.weights_sha256()
        assert read_results(driver, lambda *_: None) == results(expected)
    assert results_in_log(SPECIFICATION, log_of(flash)) == results(expected)
    # What was there stays as it was.
    after = flash.read_bytes()
    start, slots = Flash.LOG, Flash.LOG + 3 * SLOT_BYTES
    assert after[start:slots] == contents[start:slots]


def test_a_log_that_is_full(opened: Open, tmp_path: Path, dataset: Dataset) -> None:
    """The last slot takes an entry, and the results of the next epoch are not kept; the board says so, and learns."""
    flash, last = tmp_path / "flash", Flash.LOG + Flash.LOG_BYTES - SLOT_BYTES
    write_data_set(flash, dataset, 2)
    write(flash, Flash.LOG, bytes(last - Flash.LOG))
    expected = Trainer.start(SPECIFICATION, dataset)
    expected.run_epochs(2)
    with opened(flash) as driver:
        driver.load(Network.initial(SPECIFICATION))
        for epoch, flags in ((0, StatusFlag(0)), (1, StatusFlag.LOG_FULL)):
            driver.run_from_flash(epoch, 1)
            wait_for_flash(driver, "it does not learn")
            assert driver.status().flags == flags
        assert driver.read_back().weights_sha256() == expected.network.weights_sha256()
    assert results_in_log(SPECIFICATION, log_of(flash)) == results(expected)[:1]


def test_a_data_set_that_reaches_into_a_snapshot(opened: Open, tmp_path: Path) -> None:
    """Where it was packed without the array, and lies in flash nevertheless, the board does not begin."""
    flash, many = tmp_path / "flash", load_dataset(SPECIFICATION, "digits").first(500, 0)
    with pytest.raises(CepropError, match=r"^data set: 500 samples take"):
        data_set_image(SPECIFICATION, many, 1)
    fields = SPECIFICATION.fields()
    del fields["array"]
    image = data_set_image(Specification.from_mapping(fields), many, 1)
    write(flash, Flash.DATA_SET, image)
    contents = flash.read_bytes()
    with opened(flash) as driver:
        message = "its flash holds no whole data set for this specification"
        with pytest.raises(CepropError, match=message):
            train_from_flash_beside(driver, Trainer.start(SPECIFICATION, many), 1, lambda *_: None)
    assert flash.read_bytes() == contents


def networks(count: int) -> list[Network]:
    """Different networks, every word of them random."""
    found = []
    for seed in range(count):
        network, generator = Network.initial(SPECIFICATION), np.random.default_rng(seed)
        for array in [*network.weights, *network.biases]:
            array[...] = generator.integers(-256, 256, array.shape)
        for array in network.generators:
            array[...] = generator.integers(1, 1 << SPECIFICATION.generator_bits, array.shape)
        found.append(network)
    return found


def same(one: Network, other: Network) -> bool:
    """Whether weights, biases and generators are equal."""
    pairs = zip(
        [*one.weights, *one.biases, *one.generators],
        [*other.weights, *other.biases, *other.generators],
        strict=True,
    )
    return all(np.array_equal(ours, theirs) for ours, theirs in pairs)


def wait_until(board: VirtualBoard, cycle: int) -> None:
    """Wait until the board has come to a cycle, or stands still, for it has nothing more to do."""
    seen, since = -1, time.monotonic()
    while (now := board.cycles.all) < cycle:
        if now != seen:
            seen, since = now, time.monotonic()
        elif time.monotonic() - since > 1:
            return
        time.sleep(0.001)


def test_the_newest_whole_snapshot_wins_wherever_power_fails(
    powered: Powered, tmp_path: Path, dataset: Dataset
) -> None:
    """The network learns a sample before each save. Power fails during the third, the fifth, the seventh and the ninth
    save. After each, the board goes on from its newest snapshot, and saves it once more, so that the host sees it."""
    flash, draw, whole = tmp_path / "flash", Random(1), 0
    kept = Network.initial(SPECIFICATION)
    write(flash, SnapshotPlaces.of(GEOMETRY).second, snapshot_image(GEOMETRY, kept, 1))
    with powered(flash) as board:
        with driven(board) as driver:
            restore_from_flash(driver)
        for number in range(5):
            learned = kept.copy()
            batch = next(batches(SPECIFICATION, dataset.train_inputs, dataset.train_labels, 1, sample=number))
            learn_with_model(learned, batch)
            with driven(board) as driver:
                driver.learn(batch)
                begun = board.cycles.all
                if number:
                    driver.save()
                    wait_until(board, begun + draw.randrange(whole))
                else:
                    save_to_flash(driver)
                    whole = board.cycles.all - begun
            # The memories are empty after it.
            board.power_cycle()
            with driven(board) as driver:
                restore_from_flash(driver)
                save_to_flash(driver)
            newest = newest_snapshot(GEOMETRY, flash.read_bytes())
            assert newest is not None
            assert same(newest[1], learned) or (number and same(newest[1], kept))
            kept = newest[1]


def test_the_host_finds_the_newest_whole_snapshot_wherever_power_fails() -> None:
    """Saves 3, 4 and 5, cut while a sector is erased, while a page is written, and before the CRC."""
    places, draw = SnapshotPlaces.of(GEOMETRY), Random(2)
    files = [snapshot_image(GEOMETRY, network, k) for k, network in enumerate(networks(5), 1)]
    contents = bytearray(b"\xff" * Flash.BYTES)
    for number, file in enumerate(files, 1):
        place = (places.first, places.second)[number % 2]
        if number > 2:
            erased, size = bytearray(contents), -(-len(file) // Flash.SECTOR_BYTES) * Flash.SECTOR_BYTES
            for cut in (0, 1, len(file) - 1, *(draw.randrange(len(file)) for _ in range(5))):
                erased[place : place + size] = contents[place : place + size]
                erased[place : place + cut] = b"\xff" * cut
                assert _newest_number(erased) == number - 1
                erased[place : place + size] = file[:cut].ljust(size, b"\xff")
                assert _newest_number(erased) == number - 1
        contents[place : place + len(file)] = file
        assert _newest_number(contents) == number


def _newest_number(contents: bytearray) -> int:
    newest = newest_snapshot(GEOMETRY, bytes(contents))
    assert newest is not None
    return newest[0]
