"""`ceprop estimate`: resources, clock and rates of a design that nobody has synthesized yet."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ceprop.boards import Board
from ceprop.boards.resources.builds import load_builds
from ceprop.boards.resources.choose import fitted
from ceprop.boards.resources.core_fit import Luts, needs, shortage
from ceprop.boards.resources.regression import LEAST_BUILDS, Fit, LeftOut, error_sizes, leave_one_out
from ceprop.common.errors import CepropError
from ceprop.common.report import Advance
from ceprop.model import Dataset, Network, Span
from ceprop.performance.cycle_replay import Replay, learn, replay
from ceprop.specification import Geometry, Specification


@dataclass(frozen=True)
class Estimate:
    """What is to be expected. `stages` holds the samples from the initial network and after an epoch."""

    resources: dict[str, int]
    clock_mhz: float
    stages: dict[str, Replay]
    builds: int
    left_out: list[LeftOut]

    def cycles(self, stage: str) -> float:
        """Cycles a sample."""
        return float(self.stages[stage].whole.cycles.mean())

    def rate(self, stage: str) -> float:
        """Samples a second."""
        return 1e6 * self.clock_mhz / (self.cycles(stage) + self.stages[stage].input_waits)

    def as_dict(self) -> dict[str, Any]:
        """The estimate's JSON."""
        return {
            "resources": self.resources,
            "clock_mhz": self.clock_mhz,
            "cycles_per_sample": {stage: self.cycles(stage) for stage in self.stages},
            "samples_per_second": {stage: self.rate(stage) for stage in self.stages},
            "samples": len(self.stages["fresh"].whole.cycles),
            "fit": {
                "builds": self.builds,
                "leave_one_out": {
                    "luts": error_sizes(self.left_out, "luts"),
                    "clock": error_sizes(self.left_out, "clock"),
                    "samples_per_second": error_sizes(self.left_out, "rate"),
                },
            },
        }


def lay_out(specification: Specification, board: Board) -> tuple[Geometry, str | None]:
    """The specification on the array that the board gets; and why the board does not hold that with the link beside it,
    where its core alone fits.

    Raises :class:`CepropError` where not even that fits."""
    try:
        return fitted(specification, board), None
    except CepropError as error:
        if specification.array is not None:
            geometry = Geometry(specification)
            if shortage(geometry, board.device, _luts(Fit.to(load_builds(board.device.family)))) is None:
                return geometry, str(error)
        raise


def _luts(fit: Fit) -> Luts:
    """Of a core alone."""
    return lambda geometry, device: fit.area(geometry, device)[0]


def estimate(geometry: Geometry, board: Board, dataset: Dataset, samples: int, advance: Advance) -> Estimate:
    """Estimate a design: cycles by the cycle model from what the golden model does with the first `samples` samples,
    fresh and after an epoch; LUTs, flip-flops and clock by a fit over real builds; memories and multipliers counted.

    Raises :class:`CepropError` for too few builds to fit to."""
    builds = load_builds(board.device.family)
    if len(builds) < LEAST_BUILDS:
        raise CepropError(f"{len(builds)} builds of {board.device.family}: an estimate needs {LEAST_BUILDS}")
    fit = Fit.to(builds)
    resources = needs(geometry, board.device, _luts(fit))
    return Estimate(
        resources=resources | {"flip_flops": round(fit.area(geometry, board.device)[1])},
        clock_mhz=fit.clock_mhz(geometry, board),
        stages=expected_samples(geometry, dataset, samples, advance),
        builds=len(builds),
        left_out=leave_one_out(builds),
    )


def expected_samples(
    geometry: Geometry, dataset: Dataset, samples: int, advance: Advance, stages: Sequence[str] = ("fresh", "after")
) -> dict[str, Replay]:
    """What the first samples cost of the first epoch and of the second, by the cycle model."""
    network = Network.initial(geometry.specification)
    found: dict[str, Replay] = {}
    for epoch, stage in enumerate(stages):
        if epoch:
            learn(network, dataset, Span(epoch - 1, 0, len(dataset.train_labels)), advance)
        found[stage] = replay(geometry, dataset, network, Span(epoch, 0, samples), learn=True)
    return found
