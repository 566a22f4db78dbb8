"""The coverage of all comparisons together, as it is published."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ceprop.verification.coverage.counting import Counts, merged
from ceprop.verification.coverage.hardware import HardwareCoverage, Kind, Place, add
from ceprop.verification.coverage.reasons import EMPTY, reason_of
from ceprop.verification.coverage.run import CoveredRun

KINDS: tuple[Kind, ...] = ("line", "branch", "toggle")


@dataclass(frozen=True)
class Tally:
    """How many places of one kind there are.

    `reached` were active. `constant` are bits that never change. `explained` have a written reason. The other places
    have none.
    """

    places: int = 0
    reached: int = 0
    constant: int = 0
    explained: int = 0

    @property
    def left(self) -> int:
        """The places that were not reached and have no reason."""
        return self.places - self.reached - self.constant - self.explained

    @property
    def share(self) -> float | None:
        """The share of reached places among those that can be reached, or None where there are none."""
        reachable = self.places - self.constant - self.explained
        return self.reached / reachable if reachable else None


@dataclass(frozen=True)
class Summary:
    """The coverage of some comparisons together: the counts of the bins, and of the places of the hardware."""

    counts: Counts
    hardware: HardwareCoverage

    @classmethod
    def of(cls, runs: Sequence[CoveredRun]) -> "Summary":
        """Add the comparisons."""
        hardware = HardwareCoverage()
        for run in runs:
            for place, count in run.hardware.items():
                add(hardware, _numbered(place), count)
        return cls(merged([run.counts for run in runs]), hardware)

    @property
    def empty(self) -> list[tuple[str, str, str | None]]:
        """The bins that are empty: point, name, and reason."""
        return [
            (point, name, EMPTY.get((point, name)))
            for point, bins in self.counts.items()
            for name, count in bins.items()
            if not count
        ]

    @property
    def files(self) -> list[str]:
        """All files with places."""
        return sorted({place.file for place in self.hardware})

    @property
    def unreached(self) -> list[Place]:
        """The places that were not reached and are not constant."""
        return sorted(place for place, count in self.hardware.items() if count == 0)

    def tally(self, kind: Kind, file: str | None = None) -> Tally:
        """Return the numbers of one kind, of one file or of all."""
        some = {p: n for p, n in self.hardware.items() if p.kind == kind and file in (None, p.file)}
        return Tally(
            len(some),
            sum(bool(count) for count in some.values()),
            sum(count is None for count in some.values()),
            sum(count == 0 and reason_of(place) is not None for place, count in some.items()),
        )


def _numbered(place: Place) -> Place:
    """Return a place with the number of its bit. A signal of one bit may have several bits in another core."""
    if place.kind != "toggle" or "[" in place.name:
        return place
    return replace(place, name=place.name.replace(" ", "[0] "))


def grouped(places: Iterable[Place]) -> dict[tuple[str, str, str], str]:
    """Return places in few words: the bits of a signal by file, kind and signal, and other places alone."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for place in places:
        match = re.fullmatch(r"([^\[]*)\[(\d+)\] (0->1|1->0)", place.name) if place.kind == "toggle" else None
        name, bit = (match[1], match[2]) if match else (place.name, "")
        bits = found.setdefault((place.file, place.kind, name), [])
        if bit not in bits:
            bits.append(bit)
    return {key: " ".join(sorted(bits, key=lambda bit: int(bit or 0))) for key, bits in found.items()}
