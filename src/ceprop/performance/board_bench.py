"""`ceprop bench SPEC`: the bitstream of a whole board, and the rate at which that board learns from its own flash."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ceprop.boards.flow.build import BAUD, build, laid_out
from ceprop.boards.flow.build_record import Build
from ceprop.boards.host import (
    SIMULATION,
    Learned,
    Place,
    Speed,
    data_set_image,
    epoch_from_flash_beside,
    excerpt_image,
    open_board,
)
from ceprop.boards.parts.registry import Board, board
from ceprop.boards.protocol import Flash
from ceprop.common.files import write_aside
from ceprop.common.locks import only_in
from ceprop.common.processes import processor_cores
from ceprop.common.report import Report
from ceprop.model import Dataset, Network, Span, load_dataset
from ceprop.performance.board_epoch import BoardEpoch, flash_contents_of, learn_alone
from ceprop.performance.cycle_replay import learn
from ceprop.specification import Specification

_EPOCH = 1
"""The epoch that the board learns, from 0: a network that has learned one epoch has its usual activity."""


@dataclass(frozen=True)
class BoardPlan:
    """What the bench has to do. `samples` is None for the whole epoch. The best of so many `placements` counts.
    `folder` keeps bitstreams and compiled simulations for the next run. `stand_alone` asks for a board without a link,
    as :func:`ceprop.boards.flow.build.laid_out` has it."""

    specification: Specification
    board: Board
    data: str
    samples: int | None
    placements: int
    folder: Path
    stand_alone: bool | None = None


@dataclass(frozen=True)
class BoardBench:
    """The results. `samples` of the `epoch_samples` of an epoch were learned; `found` is the board's network then."""

    built: Build
    specification: Specification
    samples: int
    epoch_samples: int
    golden_samples_per_second: float
    learned: Learned
    found: Network
    mismatches: int
    first_mismatch: str | None

    @property
    def speed(self) -> Speed:
        """The rates of the board, and what was at work."""
        return Speed.of(self.learned, self.built.core_clock_hz, self.built.baud or BAUD)

    @property
    def samples_per_second(self) -> float:
        """From the first sample that was at work to the last one, waiting included, by the board's own cycles."""
        return self.speed.samples_per_second_after_start

    @property
    def bound_by(self) -> str:
        """The part that was at work longest: "core", or "flash" with all that unpacks its samples. The line carries no
        more than the host's questions how far the board is."""
        busy = self.speed.busy
        return max(("core", "flash"), key=lambda part: busy[part] or 0)

    @property
    def connections_per_second(self) -> float:
        """The samples per second, times the weights."""
        return self.samples_per_second * self.specification.weights

    @property
    def simulated_cycles_per_second(self) -> float:
        """Cycles of the board that the simulation made per second of the host's clock."""
        learned = self.learned
        return learned.board_seconds * self.built.clock_hz / learned.host_seconds

    @property
    def weights_sha256(self) -> str:
        """The digest of the weights that were read back from the board, or from its snapshot."""
        return self.found.weights_sha256()

    @property
    def learned_samples(self) -> str:
        """Which samples the board learned from, in words."""
        if self.samples == self.epoch_samples:
            return f"all {self.samples:,} of the second epoch, from the whole data set"
        return f"the first {self.samples:,} of the {self.epoch_samples:,} of the second epoch, from an excerpt of them"

    def as_dict(self) -> dict[str, Any]:
        """Return the result as JSON has it. Every key is always there."""
        speed, built = self.speed, self.built
        array = built.specification["array"]
        return {
            "specification": self.specification.name,
            "board": built.board,
            "array": [array["rows"], array["cols"]],
            "seed": self.specification.seed,
            "samples": self.samples,
            "epoch_samples": self.epoch_samples,
            "learned_samples": self.learned_samples,
            "samples_per_second": {"board": self.samples_per_second, "core": speed.core_samples_per_second},
            "connections_per_second": self.connections_per_second,
            "golden_samples_per_second": self.golden_samples_per_second,
            "bound_by": self.bound_by,
            "busy": speed.busy,
            "start_seconds": speed.start_seconds,
            "clock_hz": built.clock_hz,
            "core_clock_hz": built.core_clock_hz,
            "clocks": {name: asdict(clock) for name, clock in built.clocks.items()},
            "placement": built.seed,
            "mismatches": self.mismatches,
            "first_mismatch": self.first_mismatch,
            "weights_sha256": self.weights_sha256,
            "bitstream": {"path": built.bitstream, "sha256": built.sha256},
            "simulated_cycles_per_second": self.simulated_cycles_per_second,
            "learning_digest": built.learning_digest,
            "build_digest": built.build_digest,
        }


def bench_board(plan: BoardPlan, report: Report) -> BoardBench:
    """Build the board's bitstream, and let the same board, simulated at the clock of the bitstream, learn the second
    epoch from its flash beside the golden model.

    Raises :class:`CepropError` where the board cannot hold the network or its flash the data, the data does not fit the
    specification, or a tool is missing or fails; :class:`ceprop.boards.flow.build.MissedClockError` where no clock is
    met."""
    geometry, alone = laid_out(plan.specification, plan.board, flash=True, stand_alone=plan.stand_alone)
    specification = geometry.specification
    # The test set stays out of the flash: the board would evaluate it after the epoch.
    dataset = load_dataset(specification, plan.data)
    dataset = dataset.first(len(dataset.train_labels), 0)
    epoch_samples = len(dataset.train_labels)
    samples = plan.samples or epoch_samples
    Span(_EPOCH, 0, samples).check(dataset)
    image = _image(specification, dataset, samples if samples < epoch_samples else None)
    place = plan.folder / f"{specification.name}-{plan.board.name}"
    with only_in(place):
        built = _built(plan, specification, place, alone, report)
        network, golden_samples_per_second = _first_epoch(specification, dataset, report)
        epoch = BoardEpoch(
            built, network, dataset, samples, _EPOCH, image, place / "flash.bin", plan.folder / "virtual"
        )
        outcome = learn_alone(epoch, report) if alone else _learn_linked(epoch, report)
        return BoardBench(built, specification, samples, epoch_samples, golden_samples_per_second, *outcome)


def _learn_linked(epoch: BoardEpoch, report: Report) -> tuple[Learned, Network, int, str | None]:
    """Let a board with a link learn the epoch."""
    specification = epoch.network.specification
    write_aside(epoch.flash, flash_contents_of({Flash.DATA_SET: epoch.image}))
    where = Place(
        SIMULATION,
        epoch.built.board,
        flash=epoch.flash,
        build=epoch.simulations,
        clock_hz=epoch.built.clock_hz,
        core_clock_hz=epoch.built.core_clock_hz if board(epoch.built.board).has_core_clock else None,
    )
    excerpt = epoch.samples if epoch.samples < len(epoch.dataset.train_labels) else None
    with open_board(specification, where, report.say) as driver, report.progress("learning from flash") as advance:
        proof = epoch_from_flash_beside(driver, epoch.network, epoch.dataset, epoch.number, excerpt, advance)
    return proof.learned, proof.found, proof.mismatches, proof.first_mismatch


def _image(specification: Specification, dataset: Dataset, excerpt: int | None) -> bytes:
    """The file of the data set: all of it, or only the first samples of the epoch."""
    if excerpt is None:
        return data_set_image(specification, dataset, _EPOCH + 1)
    return excerpt_image(specification, dataset, _EPOCH, excerpt)


def _built(plan: BoardPlan, specification: Specification, place: Path, alone: bool, report: Report) -> Build:
    seeds = range(1, plan.placements + 1)
    with report.stages() as say:
        return build(
            specification,
            plan.board,
            place,
            flash=True,
            stand_alone=alone,
            seeds=seeds,
            jobs=processor_cores(),
            progress=say,
        )


def _first_epoch(specification: Specification, dataset: Dataset, report: Report) -> tuple[Network, float]:
    """The network after the first epoch, and the samples per second of the golden model, which runs on one core."""
    network = Network.initial(specification)
    # The first sample compiles the model.
    learn(network.copy(), dataset, Span(0, 0, 1))
    samples = len(dataset.train_labels)
    with report.progress("golden model, one epoch") as advance:
        seconds = learn(network, dataset, Span(0, 0, samples), advance)
    return network, samples / seconds
