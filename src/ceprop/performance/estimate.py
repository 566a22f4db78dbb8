"""`ceprop estimate`: resources, clock and rates of a design before synthesis."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ceprop.boards import Board
from ceprop.boards.resources.board_builds import BoardErrors, load_board_errors
from ceprop.boards.resources.builds import load_builds
from ceprop.boards.resources.choose import fitted
from ceprop.boards.resources.core_fit import Luts, needs, shortage
from ceprop.boards.resources.regression import LEAST_BUILDS, Fit, LeftOut, error_sizes, leave_one_out
from ceprop.common.errors import CepropError
from ceprop.common.report import Advance
from ceprop.model import Dataset, Network, Span, epoch_order
from ceprop.performance.board_estimate import BoardEstimate, estimate_board
from ceprop.performance.cycle_replay import Replay, learn, replay
from ceprop.specification import Geometry, Specification


@dataclass(frozen=True)
class Estimate:
    """The expected figures. `stages` holds the samples from the initial network and those after an epoch. `board` has
    those of the whole board, or the reason why the board cannot hold the network with its flash controller, and
    `board_errors` says how well whole boards are predicted."""

    resources: dict[str, int]
    clock_mhz: float
    stages: dict[str, Replay]
    builds: int
    left_out: list[LeftOut]
    board: BoardEstimate | str
    board_errors: BoardErrors

    def cycles(self, stage: str) -> float:
        """Return the cycles per sample of a stage."""
        return float(self.stages[stage].whole.cycles.mean())

    def rate(self, stage: str) -> float:
        """Return the samples per second of a stage."""
        return 1e6 * self.clock_mhz / (self.cycles(stage) + self.stages[stage].input_waits)

    def as_dict(self) -> dict[str, Any]:
        """Return the estimate as JSON has it."""
        return {
            "resources": self.resources,
            "clock_mhz": self.clock_mhz,
            "cycles_per_sample": {stage: self.cycles(stage) for stage in self.stages},
            "samples_per_second": {stage: self.rate(stage) for stage in self.stages},
            "samples": len(self.stages["fresh"].whole.cycles),
            "board": None if isinstance(self.board, str) else self.board.as_dict(),
            "board_refusal": self.board if isinstance(self.board, str) else None,
            "fit": {
                "builds": self.builds,
                "leave_one_out": {
                    "luts": error_sizes(self.left_out, "luts"),
                    "clock": error_sizes(self.left_out, "clock"),
                    "samples_per_second": error_sizes(self.left_out, "rate"),
                },
            },
            "board_fit": {"builds": self.board_errors.builds, "leave_one_out": self.board_errors.sizes},
        }


def lay_out(specification: Specification, board: Board) -> tuple[Geometry, str | None]:
    """Return the specification on the array that the board gets, and the reason why the board does not hold it with the
    link beside it.

    The reason is None where core and link fit. Raises :class:`CepropError` where not even the core fits.
    """
    try:
        return fitted(specification, board), None
    except CepropError as error:
        if specification.array is not None:
            geometry = Geometry(specification)
            if shortage(geometry, board.device, _luts(Fit.to(load_builds(board.device.family)))) is None:
                return geometry, str(error)
        raise


def _luts(fit: Fit) -> Luts:
    """Return the estimate of the look-up tables of a core alone."""
    return lambda geometry, device: fit.area(geometry, device)[0]


def estimate(geometry: Geometry, board: Board, dataset: Dataset, samples: int, advance: Advance) -> Estimate:
    """Estimate a design.

    Cycles come from the cycle model and the first `samples` samples in the golden model, fresh and after an epoch.
    Look-up tables, flip-flops and clock come from a regression over real builds. Memories and multipliers are counted.
    Raises :class:`CepropError` where there are too few builds for a regression.
    """
    builds = load_builds(board.device.family)
    if len(builds) < LEAST_BUILDS:
        raise CepropError(f"{len(builds)} builds of {board.device.family}: an estimate needs {LEAST_BUILDS}")
    fit = Fit.to(builds)
    resources = needs(geometry, board.device, _luts(fit))
    stages = expected_samples(geometry, dataset, samples, advance)
    return Estimate(
        resources=resources | {"flip_flops": round(fit.area(geometry, board.device)[1])},
        clock_mhz=fit.clock_mhz(geometry, board),
        stages=stages,
        builds=len(builds),
        left_out=leave_one_out(builds),
        board=_whole_board(geometry, board, dataset, stages["after"]),
        board_errors=load_board_errors(),
    )


def _whole_board(geometry: Geometry, board: Board, dataset: Dataset, after: Replay) -> BoardEstimate | str:
    """Return what is expected of the whole board, or why there is none."""
    cycles = after.whole.cycles.tolist()
    order = epoch_order(geometry.specification, 1, len(dataset.train_labels))[: len(cycles)]
    try:
        return estimate_board(geometry.specification, board, dataset.train_inputs[order], cycles)
    except CepropError as error:
        return str(error)


def expected_samples(
    geometry: Geometry, dataset: Dataset, samples: int, advance: Advance, stages: Sequence[str] = ("fresh", "after")
) -> dict[str, Replay]:
    """Return the costs of the first samples of the first epoch and of the second one, by the cycle model."""
    network = Network.initial(geometry.specification)
    found: dict[str, Replay] = {}
    for epoch, stage in enumerate(stages):
        if epoch:
            learn(network, dataset, Span(epoch - 1, 0, len(dataset.train_labels)), advance)
        found[stage] = replay(geometry, dataset, network, Span(epoch, 0, samples), learn=True)
    return found
