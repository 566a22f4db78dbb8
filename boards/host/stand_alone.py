"""A board that stands alone beside the golden model: an epoch from its flash, compared by its snapshot."""

import os
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ceprop.boards.host.flash_snapshots import newest_snapshot
from ceprop.boards.host.machine import learn_with_model
from ceprop.boards.host.sequence import batches
from ceprop.boards.virtual import StandAloneBoard
from ceprop.common.errors import CepropError
from ceprop.common.report import Advance
from ceprop.model import Dataset, Network
from ceprop.sim.check import Checker, compare_networks
from ceprop.sim.job import Outcome
from ceprop.specification import Geometry

_POLL_SECONDS = 0.2
_PATIENCE_SECONDS = 120.0
"""Without any progress of the board's clock."""


@dataclass(frozen=True)
class EpochAlone:
    """What a board that stands alone did in an epoch.

    Fields
    ------
    network : Network
        The one in its newest snapshot.
    text : str
        What it sent on its progress line.
    board_cycles, start_cycles, flash_cycles : int
        Cycles from power on to the last sample; those of them before the first sample; and cycles between these two in
        which the clock of the flash ran.
    host_seconds : float
        What the simulation took.
    mismatches, first_mismatch
        How many integers of board and model differ, and the first place with both values.
    """

    network: Network
    text: str
    board_cycles: int
    start_cycles: int
    flash_cycles: int
    host_seconds: float
    mismatches: int
    first_mismatch: str | None


def epoch_alone_beside(
    board: StandAloneBoard,
    flash: Path,
    network: Network,
    dataset: Dataset,
    epoch: int,
    samples: int,
    expected_cycles: int,
    advance: Advance,
) -> EpochAlone:
    """Wait until the board has learned one epoch of `samples` samples and kept its snapshot, let `network` learn the
    same in the model, and compare both. The board's flash holds a snapshot of `network` with the number `epoch + 1`,
    and a data set whose plan ends with this epoch. `expected_cycles` are those of the whole run, for the progress.

    Raises :class:`CepropError` where the board gets no further."""
    begun = time.monotonic()
    geometry = Geometry(network.specification)
    found, text = _wait(board, flash, geometry, epoch + 2, expected_cycles, advance)
    host_seconds = time.monotonic() - begun
    moments = board.sample_cycles
    assert moments is not None
    wrong = 0
    for batch in batches(network.specification, dataset.train_inputs, dataset.train_labels, samples, epoch):
        records = learn_with_model(network, batch)
        wrong += int(np.count_nonzero(records.predictions != batch.labels))
    outcome = Outcome()
    checker = Checker(geometry, outcome)
    checker.sample = samples
    compare_networks(checker, found, network)
    for name, value, right in zip(
        ("epochs", "training errors"), map(int, text.split()[:2]), (epoch + 1, wrong), strict=True
    ):
        checker.number(name, value, right)
    first, last = moments
    return EpochAlone(
        network=found,
        text=text,
        board_cycles=last.all,
        start_cycles=first.all,
        flash_cycles=last.flash - first.flash,
        host_seconds=host_seconds,
        mismatches=outcome.mismatches,
        first_mismatch=outcome.first_mismatch,
    )


def _wait(
    board: StandAloneBoard, flash: Path, geometry: Geometry, number: int, expected_cycles: int, advance: Advance
) -> tuple[Network, str]:
    """The network of the snapshot with this number, once it is whole, and the text on the progress line."""
    line = os.open(board.port, os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK)
    try:
        text, cycles, since = b"", -1, time.monotonic()
        while True:
            text += _read(line)
            if b"!" in text:
                raise CepropError(
                    f"the board says {text.decode()!r}: no whole snapshot or data set, or its flash failed"
                )
            if b"\n" in text:
                found = newest_snapshot(geometry, flash.read_bytes())
                if found is not None and found[0] == number:
                    return found[1], text.decode()
            if board.cycles.all != cycles:
                cycles, since = board.cycles.all, time.monotonic()
            if time.monotonic() - since > _PATIENCE_SECONDS:
                raise CepropError(f"the board gets no further after {cycles:,} cycles; it said {text.decode()!r}")
            advance(min(cycles, expected_cycles), expected_cycles)
            time.sleep(_POLL_SECONDS)
    finally:
        os.close(line)


def _read(line: int) -> bytes:
    try:
        return os.read(line, 4096)
    except BlockingIOError:
        return b""
