"""The bins that no comparison fills, and the places of the hardware that none reaches, each with its reason."""

import re
from dataclasses import dataclass

from ceprop.verification.coverage.hardware import Place

EMPTY: dict[tuple[str, str], str] = {
    ("wrap of counters", "wraps"): "2^32 events take hours in a simulation.",
    ("streams that wait together", "command and response"): "The testbench of a core sends a command only after the "
    "responses to the one before.",
}
"""Why a bin stays empty, by its point and its name."""


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
