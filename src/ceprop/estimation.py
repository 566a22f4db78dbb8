"""`ceprop estimate`: resources, clock and rates of a design that nobody has synthesized yet."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from .boards import Board, memory_need
from .build_fit import LEAST_BUILDS, Fit, LeftOut, leave_one_out
from .builds import load_builds
from .errors import CepropError
from .geometry import Geometry
from .model import Dataset, Network
from .replay import Costs, Span, learn, replay
from .report import Advance


@dataclass(frozen=True)
class Estimate:
    """What is to be expected. `stages` holds the costs of samples from the initial network and after an epoch."""

    resources: dict[str, int]
    clock_mhz: float
    stages: dict[str, Costs]
    builds: int
    left_out: list[LeftOut]

    def cycles(self, stage: str) -> float:
        """Cycles a sample."""
        return float(self.stages[stage].cycles.mean())

    def rate(self, stage: str) -> float:
        """Samples a second."""
        return 1e6 * self.clock_mhz / self.cycles(stage)

    def errors(self, of: Callable[[LeftOut], float]) -> dict[str, float]:
        """Mean and largest size of the errors of builds that were predicted from the others, as shares."""
        sizes = [abs(of(one)) for one in self.left_out]
        return {"mean": sum(sizes) / len(sizes), "largest": max(sizes)}

    def as_dict(self) -> dict[str, Any]:
        """The estimate's JSON."""
        return {
            "resources": self.resources,
            "clock_mhz": self.clock_mhz,
            "cycles_per_sample": {stage: self.cycles(stage) for stage in self.stages},
            "samples_per_second": {stage: self.rate(stage) for stage in self.stages},
            "samples": len(self.stages["fresh"].cycles),
            "fit": {
                "builds": self.builds,
                "leave_one_out": {
                    "luts": self.errors(lambda one: one.luts),
                    "clock": self.errors(lambda one: one.clock),
                    "samples_per_second": self.errors(lambda one: one.rate),
                },
            },
        }


def estimate(geometry: Geometry, board: Board, dataset: Dataset, samples: int, advance: Advance) -> Estimate:
    """Estimate a design: cycles by the cycle model from what the golden model does with the first `samples` samples,
    fresh and after an epoch; LUTs, flip-flops and clock by a fit over real builds; memories and multipliers counted.

    Raises :class:`CepropError` where there are too few builds to fit to."""
    builds = load_builds(board.device.family)
    if len(builds) < LEAST_BUILDS:
        raise CepropError(f"{len(builds)} builds of {board.device.family}: an estimate needs {LEAST_BUILDS}")
    fit = Fit.to(builds)
    luts, flip_flops = fit.area(geometry, board)
    clock = fit.clock_mhz(geometry, board)
    left_out = leave_one_out(builds)
    return Estimate(
        resources={"luts": luts, "flip_flops": flip_flops, **memory_need(geometry, board)},
        clock_mhz=clock,
        stages=expected_costs(geometry, dataset, samples, advance),
        builds=len(builds),
        left_out=left_out,
    )


def expected_costs(
    geometry: Geometry, dataset: Dataset, samples: int, advance: Advance, stages: Sequence[str] = ("fresh", "after")
) -> dict[str, Costs]:
    """Costs of the first samples of the first epoch and of the second, by the cycle model."""
    network = Network.initial(geometry.specification)
    found: dict[str, Costs] = {}
    for epoch, stage in enumerate(stages):
        if epoch:
            learn(network, dataset, Span(epoch - 1, 0, len(dataset.train_labels)), advance)
        found[stage] = replay(geometry, dataset, network, Span(epoch, 0, samples), learn=True).whole
    return found
