"""The bins that one sample fills."""

from collections import defaultdict
from collections.abc import Mapping, Set


class Found:
    """The bins that were found, by point."""

    def __init__(self) -> None:
        self._bins: defaultdict[str, set[str]] = defaultdict(set)

    def add(self, point: str, name: str, happened: object = True) -> None:
        """Add a bin of a point, if its situation has happened."""
        if happened:
            self._bins[point].add(name)

    @property
    def bins(self) -> Mapping[str, Set[str]]:
        """The names of the bins, by point."""
        return self._bins
