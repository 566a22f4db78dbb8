"""An epoch on a simulated board, for the bench: what the board gets, and the run of a board that stands alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ceprop.boards.flow.build_record import Build
from ceprop.boards.host import Learned
from ceprop.boards.host.flash_snapshots import snapshot_image
from ceprop.boards.host.stand_alone import epoch_alone_beside
from ceprop.boards.protocol import Flash
from ceprop.boards.snapshot_form import SnapshotPlaces
from ceprop.boards.virtual import StandAloneBoard
from ceprop.boards.virtual.simulation import FLASH_BYTES
from ceprop.common.files import write_aside
from ceprop.common.report import Report
from ceprop.model import Dataset, Network, Span
from ceprop.performance.cycle_replay import replay
from ceprop.specification import Geometry

_CHECK_CYCLES_PER_BYTE = 17
"""Cycles in which a board that stands alone reads a byte of a file for its CRC, about."""


@dataclass(frozen=True)
class BoardEpoch:
    """What a board learns.

    Fields
    ------
    built : Build
        The bitstream, whose clock the simulation has.
    network : Network
        The network before; the golden model learns in it.
    dataset : Dataset
        The whole data set.
    samples, number : int
        How many of its samples are learned, the first ones of the epoch with this number.
    image : bytes
        The file of the data set, whose plan ends with this epoch.
    flash, simulations : Path
        The file for the contents of the flash, and the folder for compiled simulations.
    """

    built: Build
    network: Network
    dataset: Dataset
    samples: int
    number: int
    image: bytes
    flash: Path
    simulations: Path


def flash_contents_of(files: Mapping[int, bytes]) -> bytes:
    """The contents of a whole flash with these files at their addresses, and nothing else."""
    contents = bytearray(b"\xff" * FLASH_BYTES)
    for address, file in files.items():
        contents[address : address + len(file)] = file
    return bytes(contents)


def learn_alone(epoch: BoardEpoch, report: Report) -> tuple[Learned, Network, int, str | None]:
    """Let a board that stands alone learn the epoch: what that took, the network of its snapshot, how many integers
    differ from the model's, and the first of them."""
    network, built = epoch.network, epoch.built
    geometry, clock_hz = Geometry(network.specification), built.clock_hz
    assert built.baud is not None
    span = Span(epoch.number, 0, epoch.samples)
    with report.progress("cycles of the core") as advance:
        cycles = int(replay(geometry, epoch.dataset, network.copy(), span, learn=True).whole.cycles.sum())
        advance(1, 1)
    snapshot = snapshot_image(geometry, network, epoch.number + 1)
    write_aside(
        epoch.flash, flash_contents_of({SnapshotPlaces.of(geometry).first: snapshot, Flash.DATA_SET: epoch.image})
    )
    expected = cycles + _CHECK_CYCLES_PER_BYTE * (len(epoch.image) + 4 * len(snapshot))
    board = StandAloneBoard(
        network.specification,
        built.board,
        flash=epoch.flash,
        build=epoch.simulations,
        clock_hz=clock_hz,
        baud=built.baud,
        progress=report.say,
    )
    with board, report.progress("learning from flash") as advance:
        found = epoch_alone_beside(
            board, epoch.flash, network, epoch.dataset, epoch.number, epoch.samples, expected, advance
        )
    learned = Learned(
        samples=epoch.samples,
        cycles=cycles,
        seconds=found.board_cycles / clock_hz,
        start_seconds=found.start_cycles / clock_hz,
        bytes_received=len(found.text),
        flash_seconds=found.flash_cycles / clock_hz,
        from_flash=True,
        board_seconds=found.board_cycles / clock_hz,
        host_seconds=found.host_seconds,
    )
    return learned, found.network, found.mismatches, found.first_mismatch
