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
    restore_from_flash,
    save_to_flash,
    train_from_flash_beside,
)
from ceprop.boards.host.flash import wait_for_flash
from ceprop.boards.protocol import Flash
from ceprop.boards.virtual import flash_contents
from ceprop.model import Dataset, Trainer, load_dataset
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


def test_the_sign_of_the_nudge_is_random(opened: Open, tmp_path: Path, dataset: Dataset) -> None:
    """Over two epochs, and over a third one, which follows a snapshot in another time under power."""
    flash = tmp_path / "flash"
    write_data_set(flash, dataset, 3)
    expected = Trainer.start(SPECIFICATION, dataset)
    expected.run_epochs(2)
    with opened(flash) as driver:
        trainer = Trainer.start(SPECIFICATION, dataset)
        assert train_from_flash_beside(driver, trainer, 2, lambda *_: None).mismatches == 0
        assert driver.read_back().weights_sha256() == expected.network.weights_sha256()
        save_to_flash(driver)
    expected.run_epochs(3)
    with opened(flash) as driver:
        restore_from_flash(driver)
        driver.run_from_flash(2, 1)
        wait_for_flash(driver, "there is no third epoch")
        assert driver.read_back().weights_sha256() == expected.network.weights_sha256()
