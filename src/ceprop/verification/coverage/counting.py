"""The counting of bins with cocotb-coverage: how many samples have met the situation of each bin."""

from collections.abc import Callable, Mapping, Sequence, Set

from cocotb_coverage.coverage import CoverPoint, coverage_db, coverage_section

from ceprop.common.errors import CepropError
from ceprop.verification.coverage.found import Found
from ceprop.verification.coverage.points import POINTS, Point

Counts = dict[str, dict[str, int]]
"""How many samples have filled a bin, by point and bin."""


class Counting:
    """Counts the bins of some points.

    The library has one data base per process, and the names in it are those of the points behind `root`. So each
    counting needs a root of its own.
    """

    def __init__(self, points: Sequence[Point] = POINTS, root: str = "core"):
        self._root = root
        self._declared = {point.name: point.bins.keys() for point in points}

        @coverage_section(*map(self._cover_point, points))
        def sampled(found: Mapping[str, Set[str]]) -> None:
            """The library samples the argument before it calls this."""

        self._sampled: Callable[[Mapping[str, Set[str]]], None] = sampled

    def sample(self, found: Found) -> None:
        """Count the bins that were found. Raises :class:`CepropError` for a bin that is not declared."""
        for point, names in found.bins.items():
            unknown = sorted(names - self._declared.get(point, set()))
            if unknown:
                raise CepropError(f"{point}: has no bin {unknown[0]}")
        self._sampled(found.bins)

    @property
    def counts(self) -> Counts:
        """The counts of all declared bins."""
        return {point: dict(coverage_db[self._key(point)].detailed_coverage) for point in self._declared}

    def _key(self, point: str) -> str:
        return f"{self._root}.{point}"

    def _cover_point(self, point: Point) -> CoverPoint:
        return CoverPoint(
            self._key(point.name),
            xf=lambda found: found.get(point.name, frozenset()),
            rel=lambda names, name: name in names,
            bins=list(point.bins),
            inj=False,
        )


def merged(some: Sequence[Counts]) -> Counts:
    """Return the sums of counts of the same points."""
    total = {point.name: dict.fromkeys(point.bins, 0) for point in POINTS}
    for counts in some:
        for point, bins in counts.items():
            for name, count in bins.items():
                total[point][name] += count
    return total
