"""`ceprop bench SPEC`: the bitstream of a whole board, and the rate at which that board learns from its own flash."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ceprop.boards.flow.build import build
from ceprop.boards.flow.build_record import Build
from ceprop.boards.host import (
    SIMULATION,
    Place,
    Proof,
    Speed,
    data_set_image,
    epoch_from_flash_beside,
    excerpt_image,
    open_board,
)
from ceprop.boards.parts.registry import Board
from ceprop.boards.protocol import Flash
from ceprop.boards.resources.choose import fitted
from ceprop.boards.virtual.simulation import FLASH_BYTES
from ceprop.common.files import write_aside
from ceprop.common.locks import only_in
from ceprop.common.processes import processor_cores
from ceprop.common.report import Report
from ceprop.model import Dataset, Network, Span, load_dataset
from ceprop.performance.cycle_replay import learn
from ceprop.specification import Specification

_EPOCH = 1
"""The epoch that the board learns, from 0: a network that has learned one epoch has its usual activity."""

_PLANNED_EPOCHS = 15
"""Epochs in the plan of a whole data set, as `ceprop pack` makes it."""


@dataclass(frozen=True)
class BoardPlan:
    """What the bench has to do. `samples` is None for the whole epoch. The best of so many `placements` counts.
    `folder` keeps bitstreams and compiled simulations for the next run."""

    specification: Specification
    board: Board
    data: str
    samples: int | None
    placements: int
    folder: Path


@dataclass(frozen=True)
class BoardBench:
    """The results. `samples` of the `epoch_samples` of an epoch were learned."""

    built: Build
    proof: Proof
    specification: Specification
    samples: int
    epoch_samples: int
    golden_samples_per_second: float

    @property
    def speed(self) -> Speed:
        """The rates of the board, and what was at work."""
        return Speed.of(self.proof)

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
        learned = self.proof.learned
        return learned.board_seconds * self.built.clock_hz / learned.host_seconds

    @property
    def mismatches(self) -> int:
        """How many integers of board and golden model differ."""
        return self.proof.mismatches

    @property
    def first_mismatch(self) -> str | None:
        """The first of them; None where there is none."""
        return self.proof.first_mismatch

    @property
    def weights_sha256(self) -> str:
        """The digest of the weights that were read back from the board."""
        return self.proof.found.weights_sha256()

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
    specification = fitted(plan.specification, plan.board, flash=True).specification
    # The test set stays out of the flash: the board would evaluate it after the epoch.
    dataset = load_dataset(specification, plan.data)
    dataset = dataset.first(len(dataset.train_labels), 0)
    epoch_samples = len(dataset.train_labels)
    samples = plan.samples or epoch_samples
    Span(_EPOCH, 0, samples).check(dataset)
    excerpt = samples if samples < epoch_samples else None
    image = _image(specification, dataset, excerpt)
    place = plan.folder / f"{specification.name}-{plan.board.name}"
    with only_in(place):
        built = _built(plan, specification, place, report)
        network, golden_samples_per_second = _first_epoch(specification, dataset, report)
        flash = place / "flash.bin"
        write_aside(flash, _flash_contents(image))
        where = Place(SIMULATION, plan.board.name, flash=flash, build=plan.folder / "virtual", clock_hz=built.clock_hz)
        with open_board(specification, where, report.say) as driver, report.progress("learning from flash") as advance:
            proof = epoch_from_flash_beside(driver, network, dataset, _EPOCH, excerpt, advance)
            return BoardBench(built, proof, specification, samples, epoch_samples, golden_samples_per_second)


def _image(specification: Specification, dataset: Dataset, excerpt: int | None) -> bytes:
    """The file of the data set: all of it, or only the first samples of the epoch."""
    if excerpt is None:
        return data_set_image(specification, dataset, _PLANNED_EPOCHS)
    return excerpt_image(specification, dataset, _EPOCH, excerpt)


def _flash_contents(image: bytes) -> bytes:
    """The contents of a whole flash with this data set and nothing else."""
    before = b"\xff" * Flash.DATA_SET
    return (before + image).ljust(FLASH_BYTES, b"\xff")


def _built(plan: BoardPlan, specification: Specification, place: Path, report: Report) -> Build:
    seeds = range(1, plan.placements + 1)
    with report.stages() as say:
        return build(specification, plan.board, place, flash=True, seeds=seeds, jobs=processor_cores(), progress=say)


def _first_epoch(specification: Specification, dataset: Dataset, report: Report) -> tuple[Network, float]:
    """The network after the first epoch, and the samples per second of the golden model, which runs on one core."""
    network = Network.initial(specification)
    # The first sample compiles the model.
    learn(network.copy(), dataset, Span(0, 0, 1))
    samples = len(dataset.train_labels)
    with report.progress("golden model, one epoch") as advance:
        seconds = learn(network, dataset, Span(0, 0, samples), advance)
    return network, samples / seconds
