"""The growth of a sample's cost with the layers, the shape of the array and the sparsity of the inputs.

Golden model and cycle model count it; no simulator is needed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import product
from typing import Any

import numpy as np

from ceprop.common.errors import CepropError
from ceprop.common.report import Advance
from ceprop.hdl.cycles import CycleModel
from ceprop.model import Dataset, Network, SampleRecord, Span
from ceprop.performance.cycle_replay import learn, records
from ceprop.sim.events import sample_events
from ceprop.specification import Geometry, Specification

SIDES = (1, 2, 4, 8, 16, 32, 64)
"""Rows and columns of the arrays tried."""
HIDDEN = (16, 32, 64, 128, 256, 512)
"""Units of the hidden layers tried."""
DENSITIES = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
"""Shares of non-zero inputs tried."""
_SCATTER = 40503
"""Is odd and near 2^16 / golden ratio. Its multiples visit all numbers below 2^16, evenly spread."""
REFERENCE = (8, 8)
"""Array on which layers and sparsity are compared."""

_ROOM = 2**20
"""Words of a cell's memory: the most that a specification can have, so that no shape is refused."""


@dataclass(frozen=True)
class Point:
    """Means over the samples of one stage (`fresh` or `after`): the cycles, and the multiply slots among them.

    `least` is the cycles that the same products would take with all multipliers busy: the slots of a single cell,
    divided by the number of cells. The slots beyond it belong to lanes that idle because the list of another lane is
    longer.
    """

    stage: str
    hidden: int
    rows: int
    cols: int
    density: float
    cycles: float
    slots: float
    least: float


@dataclass(frozen=True)
class WaitingLaw:
    """Cycles of a sample without a product, on `r x r` cells: `constant + a_side r + a_lane / r`, fitted to the points.

    The path through the array and back grows with the side. The walk over a lane's neurons in a step shrinks with it.
    """

    constant: float
    a_side: float
    a_lane: float

    @classmethod
    def of(cls, points: Sequence[Point]) -> "WaitingLaw":
        """Fit the law to the square shapes among the points. The fit is to cycles, not to shares."""
        squares = [point for point in points if point.rows == point.cols]
        terms = np.array([[1, point.rows, 1 / point.rows] for point in squares], float)
        waiting = np.array([point.cycles - point.slots for point in squares])
        return cls(*np.linalg.lstsq(terms, waiting, rcond=None)[0].tolist())

    def best_side(self, slots: float) -> float:
        """Return the side of the square array that is fastest for a sample of so many products.

        There `slots / r^2` plus the waiting is least, and a larger array is slower.
        """
        roots = np.roots([self.a_side, 0, -self.a_lane, -2 * slots])
        return float(roots[np.isreal(roots)].real.max())

    def slots_worth(self, side: float) -> float:
        """Return the products per sample for which a square array of that side is the fastest."""
        return (self.a_side * side**3 - self.a_lane * side) / 2


@dataclass(frozen=True)
class Scaling:
    """All points, by the parameter that was varied, and the law of waiting for each stage."""

    shapes: list[Point]
    layers: list[Point]
    sparsity: list[Point]

    def laws(self) -> dict[str, WaitingLaw]:
        """Return the laws by stage."""
        stages = dict.fromkeys(point.stage for point in self.shapes)
        return {stage: WaitingLaw.of([p for p in self.shapes if p.stage == stage]) for stage in stages}

    def as_dict(self) -> dict[str, Any]:
        """Return the points and laws as JSON has them."""
        found: dict[str, Any] = {name: [asdict(point) for point in points] for name, points in vars(self).items()}
        return found | {"waiting": {stage: asdict(law) for stage, law in self.laws().items()}}


@dataclass(frozen=True)
class Study:
    """What to vary: a specification, its data, and the number of samples behind each point's mean."""

    specification: Specification
    dataset: Dataset
    samples: int

    def run(self, advance: Advance) -> Scaling:
        """Measure every point: shapes and layers fresh and after an epoch, sparsity fresh."""
        total, done = len(HIDDEN) + 1 + len(DENSITIES), 0

        def step() -> None:
            nonlocal done
            done += 1
            advance(done, total)

        own = self.specification
        shapes = list(self._points(own, self.dataset, list(product(SIDES, SIDES)), ("fresh", "after")))
        step()
        layers: list[Point] = []
        for hidden in HIDDEN:
            changed = own.override(f"layers={[own.layers[0], *[hidden] * (len(own.layers) - 2), own.layers[-1]]}")
            layers += self._points(changed, self.dataset, [REFERENCE], ("fresh", "after"))
            step()
        sparsity: list[Point] = []
        for density in DENSITIES:
            sparsity += self._points(own, with_density(self.dataset, density, self.samples), [REFERENCE], ("fresh",))
            step()
        return Scaling(shapes, layers, sparsity)

    def _points(
        self, specification: Specification, dataset: Dataset, shapes: Sequence[tuple[int, int]], stages: Sequence[str]
    ) -> Iterator[Point]:
        network = Network.initial(specification)
        for epoch, stage in enumerate(stages):
            if epoch:
                learn(network, dataset, Span(epoch - 1, 0, len(dataset.train_labels)))
            seen = list(records(dataset, network, Span(epoch, 0, self.samples), learn=True))
            density = float(np.mean([np.count_nonzero(inputs) / len(inputs) for inputs, _ in seen]))
            whole = _means(specification, 1, 1, seen)[1]
            for rows, cols in shapes:
                cycles, slots = _means(specification, rows, cols, seen)
                hidden = specification.layers[1]
                yield Point(stage, hidden, rows, cols, density, cycles, slots, whole / (rows * cols))


def study(specification: Specification, dataset: Dataset, samples: int) -> Study:
    """Return a study. Raises :class:`CepropError` for a network without a hidden layer, and for too few samples."""
    if len(specification.layers) < 3:
        raise CepropError(f"layers = {list(specification.layers)}: must have a hidden layer, whose size is varied")
    Span(0, 0, samples).check(dataset)
    rows, cols = REFERENCE
    array = (f"array.rows={rows}", f"array.cols={cols}", f"array.memory_words={_ROOM}")
    return Study(specification.override(*array), dataset, samples)


def with_density(dataset: Dataset, density: float, samples: int) -> Dataset:
    """Return the first images with a share `density` of non-zero pixels.

    All images share one scattered order of pixels. In this order, non-zero pixels are kept first, then zero pixels are
    raised to the smallest value, until the share is reached. All other pixels are cleared.
    """
    inputs = dataset.train_inputs[:samples]
    scattered = np.argsort(np.arange(inputs.shape[1]) * _SCATTER % 2**16)
    present = inputs[:, scattered] != 0
    chosen = scattered[np.argsort(~present, axis=1, kind="stable")[:, : round(density * inputs.shape[1])]]
    kept = np.zeros(inputs.shape, bool)
    np.put_along_axis(kept, chosen, True, axis=1)
    changed = np.where(kept, np.maximum(inputs, 1), 0).astype(inputs.dtype)
    return replace(dataset, train_inputs=changed, train_labels=dataset.train_labels[:samples])


def _means(
    specification: Specification, rows: int, cols: int, seen: Sequence[tuple[np.ndarray, SampleRecord]]
) -> tuple[float, float]:
    """Return cycles and slots per sample on an array."""
    geometry = Geometry(
        specification.override(f"array.rows={rows}", f"array.cols={cols}", f"array.memory_words={2**20}")
    )
    model = CycleModel(geometry)
    costs = [model.sample(sample_events(geometry, inputs, record)) for inputs, record in seen]
    return float(np.mean([cost.cycles for cost in costs])), float(np.mean([cost.slots for cost in costs]))
