"""What a board keeps in its flash over several times under power, of a network whose nudge has a random sign."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from ceprop.boards.host import (
    HostDriver,
    Place,
    data_set_image,
    open_board,
    read_results,
    restore_from_flash,
    results_in_flash,
    save_to_flash,
    train_from_flash_beside,
)
from ceprop.boards.host.flash import wait_for_flash
from ceprop.boards.log_form import SLOT_BYTES, LogEntry
from ceprop.boards.protocol import Flash, StatusFlag
from ceprop.boards.virtual import flash_contents
from ceprop.model import Dataset, Network, Trainer, load_dataset
from ceprop.specification import Specification

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
SAMPLES, HELD_OUT = 70, 10
SoonCompiled = Callable[[], AbstractContextManager[None]]
Open = Callable[[Path], AbstractContextManager[HostDriver]]


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    """Some digits, quantised."""
    return load_dataset(SPECIFICATION, "digits").first(SAMPLES, HELD_OUT)


@pytest.fixture(scope="module")
def opened(soon_compiled: SoonCompiled, tmp_path_factory: pytest.TempPathFactory) -> Open:
    """Gives power to the board with a flash."""
    build = tmp_path_factory.mktemp("build")

    @contextmanager
    def powered(flash: Path) -> Iterator[HostDriver]:
        with soon_compiled(), open_board(SPECIFICATION, Place("sim", BOARD, flash=flash, build=build)) as driver:
            yield driver

    return powered


def write_data_set(path: Path, dataset: Dataset, epochs: int) -> None:
    """Put a data set where the board looks for it."""
    image = data_set_image(SPECIFICATION, dataset, epochs)
    contents = bytearray(flash_contents(path))
    contents[Flash.DATA_SET : Flash.DATA_SET + len(image)] = image
    path.write_bytes(contents)


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
    contents = bytearray(flash.read_bytes())
    contents[Flash.LOG + 2 * SLOT_BYTES + 20] = 0
    flash.write_bytes(contents)
    expected.run_epochs(3)
    with opened(flash) as driver:
        restore_from_flash(driver)
        driver.run_from_flash(2, 1)
        wait_for_flash(driver, "there is no third epoch")
        assert driver.read_back().weights_sha256() == expected.network.weights_sha256()
        assert read_results(driver, lambda *_: None) == results(expected)
    assert results_in_flash(SPECIFICATION, flash.read_bytes()) == results(expected)
    # What was there stays as it was.
    after = flash.read_bytes()
    start, slots = Flash.LOG, Flash.LOG + 3 * SLOT_BYTES
    assert after[start:slots] == contents[start:slots]


def test_a_log_that_is_full(opened: Open, tmp_path: Path, dataset: Dataset) -> None:
    """The last slot takes an entry, and the results of the next epoch are not kept; the board says so, and learns."""
    flash, last = tmp_path / "flash", Flash.LOG + Flash.LOG_BYTES - SLOT_BYTES
    write_data_set(flash, dataset, 2)
    contents = bytearray(flash.read_bytes())
    contents[Flash.LOG : last] = bytes(last - Flash.LOG)
    flash.write_bytes(contents)
    expected = Trainer.start(SPECIFICATION, dataset)
    expected.run_epochs(2)
    with opened(flash) as driver:
        driver.load(Network.initial(SPECIFICATION))
        for epoch, flags in ((0, StatusFlag(0)), (1, StatusFlag.LOG_FULL)):
            driver.run_from_flash(epoch, 1)
            wait_for_flash(driver, "it does not learn")
            assert driver.status().flags == flags
        assert driver.read_back().weights_sha256() == expected.network.weights_sha256()
    assert results_in_flash(SPECIFICATION, flash.read_bytes()) == results(expected)[:1]
