"""The places of the hardware that no comparison reaches, each with its reason."""

import re
from dataclasses import dataclass

from ceprop.verification.coverage.hardware import Place


@dataclass(frozen=True)
class Silent:
    """Places with one reason.

    Fields
    ------
    kind : "line", "branch" or "toggle"
        The kind of the places.
    file, name : str
        Regular expressions for the whole file and for the whole name of a place.
    reason : str
        Why no comparison reaches them.
    """

    kind: str
    file: str
    name: str
    reason: str

    def has(self, place: Place) -> bool:
        """Return whether a place is one of these."""
        return (
            place.kind == self.kind
            and re.fullmatch(self.file, place.file) is not None
            and re.fullmatch(self.name, place.name) is not None
        )


SILENT: tuple[Silent, ...] = ()
"""The first entry that has a place gives its reason."""


def reason_of(place: Place) -> str | None:
    """Return why no comparison reaches a place, or None where no reason is known."""
    return next((silent.reason for silent in SILENT if silent.has(place)), None)
