"""Inputs that are FIFOs or devices: read while they come, given up when they do not, and never without a bound."""

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ceprop import CepropError, Specification
from ceprop.boards import board
from ceprop.boards.flow.flashing import check_bitstream
from ceprop.boards.host.data_sets import check_data_set
from ceprop.common import reading
from ceprop.common.kept_files import kept, key_of
from ceprop.common.reading import read_up_to
from ceprop.common.records import read_record
from ceprop.model import load_dataset
from ceprop.model.checkpoint import load_checkpoint
from ceprop.specification.bundled import bundled_specification

DIGITS = Specification.load(bundled_specification("digits"))


def load(path: Path) -> object:
    return load_checkpoint(DIGITS, load_dataset(DIGITS, "digits"), path)


READERS: dict[str, Callable[[Path], object]] = {
    "specification": Specification.load,
    "record": lambda path: read_record(path, "build report"),
    "data set": check_data_set,
    "bitstream": lambda path: check_bitstream(path, board("ulx3s_85f")),
    "checkpoint": load,
}


@pytest.fixture
def fifo(tmp_path: Path) -> Path:
    path = tmp_path / "fifo"
    os.mkfifo(path)
    return path


@pytest.mark.parametrize("reader", READERS)
def test_fifo_without_a_writer_is_given_up(reader: str, fifo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_WRITER_SECONDS", 0.2)
    with pytest.raises(CepropError, match=r"fifo: its writer has not finished within"):
        READERS[reader](fifo)


@pytest.mark.parametrize("reader", READERS)
def test_endless_device_is_refused(reader: str) -> None:
    with pytest.raises(CepropError, match=r"/dev/zero"):
        READERS[reader](Path("/dev/zero"))


def test_fifo_where_something_kept_should_be_is_not_waited_for(fifo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_WRITER_SECONDS", 0.2)
    assert kept(fifo, key_of("any")) is None


def test_writer_that_comes_late_and_in_pieces_is_read_to_its_end(fifo: Path) -> None:
    text = bundled_specification("digits").read_bytes()

    def write() -> None:
        time.sleep(0.3)
        with fifo.open("wb", buffering=0) as file:
            for k in range(0, len(text), 100):
                file.write(text[k : k + 100])
                time.sleep(0.01)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert Specification.load(fifo) == DIGITS
    finally:
        writer.join()


def test_writer_that_never_ends_is_given_up(fifo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_WRITER_SECONDS", 0.3)
    over = threading.Event()

    def write() -> None:
        descriptor = os.open(fifo, os.O_RDWR)
        while not over.wait(0.02):
            os.write(descriptor, b"#")
        os.close(descriptor)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        with pytest.raises(CepropError, match=r"its writer has not finished"):
            Specification.load(fifo)
    finally:
        over.set()
        writer.join()


def test_no_more_is_read_than_one_byte_beyond_the_most(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(range(20)))
    assert read_up_to(path, 20) == bytes(range(20))
    assert read_up_to(path, 7) == bytes(range(8))
