"""A board that stands alone: it learns from its flash, keeps snapshots, and goes on from them, as the golden model."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest

from ceprop import CepropError
from ceprop.boards import board as board_named
from ceprop.boards.host import data_set_image, results_in_log
from ceprop.boards.host.flash_snapshots import newest_snapshot, snapshot_image
from ceprop.boards.host.stand_alone import epoch_alone_beside
from ceprop.boards.log_form import LogEntry
from ceprop.boards.parts.clocks import choose_clock
from ceprop.boards.protocol import Flash
from ceprop.boards.resources.choose import fitted
from ceprop.boards.resources.stand_alone_fit import fitted_alone
from ceprop.boards.rtl.top import top_level
from ceprop.boards.snapshot_form import SnapshotPlaces
from ceprop.boards.virtual import StandAloneBoard
from ceprop.boards.virtual.simulation import FLASH_BYTES
from ceprop.model import Dataset, EpochRow, Network, Trainer, load_dataset
from ceprop.specification import Geometry, Specification
from ceprop.specification.bundled import bundled_specification

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("stand alone")]

SPECIFICATION = Specification.from_mapping(
    {
        "layers": [64, 9, 10],
        "formats": {"state_bits": 6, "input_bits": 5, "weight_bits": 9, "weight_fraction": 8},
        "phases": {"order": "alternating", "free_steps": 8, "nudged_steps": 4},
        "update": {"shifts": [3, 6], "schedule": [{"epoch": 1, "shifts": [4, 7]}]},
        "nudge": {"sign": "alternating"},
        "quantiser": {"high": 16},
        "array": {"rows": 2, "cols": 1, "memory_words": 1024, "memory_ports": 1},
    }
)
GEOMETRY = Geometry(SPECIFICATION)
PLACES = SnapshotPlaces.of(GEOMETRY)
SAMPLES, HELD_OUT = 80, 20
SoonCompiled = Callable[[], AbstractContextManager[None]]


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    """Some digits, quantised."""
    return load_dataset(SPECIFICATION, "digits").first(SAMPLES, HELD_OUT)


@pytest.fixture(scope="module")
def powered(soon_compiled: SoonCompiled, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], StandAloneBoard]:
    """The board with a flash."""
    build = tmp_path_factory.mktemp("build")

    def made(flash: Path) -> StandAloneBoard:
        with soon_compiled():
            return StandAloneBoard(
                SPECIFICATION, "icebreaker", flash=flash, clock_hz=36_000_000, baud=1_000_000, build=build
            )

    return made


def _write(flash: Path, dataset: Dataset, epochs: int, snapshot: bytes) -> None:
    contents = bytearray(b"\xff" * FLASH_BYTES)
    image = data_set_image(SPECIFICATION, dataset, epochs)
    for address, file in ((PLACES.second, snapshot), (Flash.DATA_SET, image)):
        contents[address : address + len(file)] = file
    flash.write_bytes(contents)


def _unwatched(_done: int, _total: int) -> None:
    pass


def test_it_learns_and_goes_on_where_it_was(
    powered: Callable[[Path], StandAloneBoard], dataset: Dataset, tmp_path: Path
) -> None:
    flash, network = tmp_path / "flash", Network.initial(SPECIFICATION)
    trainer = Trainer.start(SPECIFICATION, dataset)
    trainer.run_epochs(2)
    _write(flash, dataset, 1, snapshot_image(GEOMETRY, network, 1))
    with powered(flash) as board:
        found = epoch_alone_beside(board, flash, network, dataset, 0, SAMPLES, 1_000_000, _unwatched)
    assert (found.mismatches, found.first_mismatch) == (0, None)
    errors = [round(count * rate) for row in trainer.history for count, rate in _rates(row)]
    assert list(map(int, found.text.split())) == [1, errors[0], SAMPLES, errors[1], HELD_OUT]
    assert 0 < found.start_cycles < found.board_cycles
    # Another plan, another time under power: it takes the newest of both snapshots, and learns only what is new.
    contents = bytearray(flash.read_bytes())
    image = data_set_image(SPECIFICATION, dataset, 2)
    contents[Flash.DATA_SET : Flash.DATA_SET + len(image)] = image
    flash.write_bytes(contents)
    with powered(flash) as board:
        found = epoch_alone_beside(board, flash, network, dataset, 1, SAMPLES, 1_000_000, _unwatched)
    assert found.mismatches == 0
    assert list(map(int, found.text.split())) == [2, errors[2], SAMPLES, errors[3], HELD_OUT]
    assert found.network.weights_sha256() == trainer.network.weights_sha256()
    snapshot = newest_snapshot(GEOMETRY, flash.read_bytes())
    assert snapshot is not None
    assert snapshot[0] == 3
    assert results_in_log(SPECIFICATION, flash.read_bytes()[Flash.LOG :]) == [
        LogEntry(1, errors[0], SAMPLES, errors[1], HELD_OUT),
        LogEntry(2, errors[2], SAMPLES, errors[3], HELD_OUT),
    ]


def _rates(row: EpochRow) -> list[tuple[int, float]]:
    return [(SAMPLES, row.online_error), (HELD_OUT, row.test_error)]


@pytest.mark.parametrize("damaged", ["snapshot", "data set"])
def test_it_says_that_a_file_is_not_whole(
    damaged: str, powered: Callable[[Path], StandAloneBoard], dataset: Dataset, tmp_path: Path
) -> None:
    flash, network = tmp_path / "flash", Network.initial(SPECIFICATION)
    _write(flash, dataset, 1, snapshot_image(GEOMETRY, network, 1))
    place = PLACES.second if damaged == "snapshot" else Flash.DATA_SET
    contents = bytearray(flash.read_bytes())
    contents[place + 100] ^= 1
    flash.write_bytes(contents)
    with powered(flash) as board, pytest.raises(CepropError, match="no whole snapshot or data set"):
        epoch_alone_beside(board, flash, network, dataset, 0, SAMPLES, 1_000_000, _unwatched)


def test_a_snapshot_of_the_host_is_read_back() -> None:
    network = Network.initial(SPECIFICATION)
    contents = bytearray(b"\xff" * FLASH_BYTES)
    assert newest_snapshot(GEOMETRY, bytes(contents)) is None
    for place, number in zip((PLACES.first, PLACES.second), (7, 6), strict=True):
        file = snapshot_image(GEOMETRY, network, number)
        contents[place : place + len(file)] = file
    found = newest_snapshot(GEOMETRY, bytes(contents))
    assert found is not None
    assert found[0] == 7
    assert all(np.array_equal(one, other) for one, other in zip(found[1].weights, network.weights, strict=True))
    contents[PLACES.first + 20] ^= 1
    assert newest_snapshot(GEOMETRY, bytes(contents)) != found


def test_what_fits_an_icebreaker_only_without_a_link() -> None:
    target = board_named("icebreaker")
    array = ("array.rows=2", "array.cols=1", "array.memory_words=32768", "array.memory_ports=1")
    formats = ("formats.state_bits=4", "formats.input_bits=4", "phases.order='alternating'", "array.input_lists=1")
    specification = Specification.load(bundled_specification("mnist-64"), [*array, *formats])
    with pytest.raises(CepropError, match="logic cells"):
        fitted(specification, target)
    assert fitted_alone(specification, target).cols == 1
    with pytest.raises(CepropError, match=r"needs .* without a link, icebreaker"):
        fitted_alone(specification.override("array.cols=3"), target)


@pytest.mark.parametrize("name", ["icebreaker", "ulx3s_85f"])
def test_its_pins(name: str) -> None:
    target = board_named(name)
    top = top_level(target, choose_clock(target, 40e6, 1_000_000), flash=True, stand_alone=True)
    assert "uart_0__tx" in top.constraints
    assert "uart_0__rx" not in top.constraints
