"""Pins of a board's connector that carry the link."""

from dataclasses import dataclass
from typing import Any

from amaranth.build import Attrs

ICE40_STANDARD = {"IO_STANDARD": "SB_LVCMOS"}
"""Electrical attributes of 3.3 V on an iCE40."""

ECP5_STANDARD = {"IO_TYPE": "LVCMOS33", "PULLMODE": "UP"}
"""The same on an ECP5, held high where nothing is connected."""


@dataclass(frozen=True)
class ConnectorPins:
    """Pins of a connector, one for each line of a transport.

    Fields
    ------
    connector : (str, int)
        Name and number of the connector in amaranth-boards.
    pins : tuple of str
        Pins of the connector.
    labels : tuple of str
        How they are marked on the board.
    standard : dict
        Electrical attributes.
    """

    connector: tuple[str, int]
    pins: tuple[str, ...]
    labels: tuple[str, ...]
    standard: dict[str, Any]

    @property
    def place(self) -> dict[str, Any]:
        """What a resource of amaranth-boards is told beside its pins."""
        return {"conn": self.connector, "attrs": Attrs(**self.standard)}
