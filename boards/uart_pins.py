"""Pins for the link on boards that amaranth-boards knows no UART of, for they have none: a USB-to-serial adapter of
3.3 V goes there, its RX to the board's `tx`, its TX to the board's `rx`, ground to ground.

Sources: the boards' schematics as the connectors of amaranth-boards have them; on the OrangeCrab, whose header is that
of a Feather, the pins that a Feather has its UART on; on the TinyFPGA BX the same pins as in LiteX-Boards.
"""

from dataclasses import dataclass

from amaranth.build import Attrs, Resource
from amaranth_boards.resources import UARTResource


@dataclass(frozen=True)
class UartPins:
    """Two pins of a connector.

    Fields
    ------
    connector : (str, int)
        Its name and number in amaranth-boards.
    rx, tx : str
        The pin that the board hears and the one that it speaks on.
    labels : (str, str)
        How the two are marked on the board.
    standard : dict
        Electrical attributes.
    """

    connector: tuple[str, int]
    rx: str
    tx: str
    labels: tuple[str, str]
    standard: dict[str, str]

    @property
    def resource(self) -> Resource:
        """As amaranth-boards would have it."""
        return UARTResource(0, rx=self.rx, tx=self.tx, conn=self.connector, attrs=Attrs(**self.standard))


_ICE40 = {"IO_STANDARD": "SB_LVCMOS"}
_ORANGECRAB = UartPins(("io", 0), "0", "1", ("0", "1"), {"IO_TYPE": "LVCMOS33", "PULLMODE": "UP"})

UART_PINS = {
    "upduino_v3": UartPins(("j", 0), "7", "8", ("23", "25"), _ICE40),
    "tinyfpga_bx": UartPins(("gpio", 0), "2", "1", ("2", "1"), _ICE40),
    "orangecrab_r0_2_25f": _ORANGECRAB,
    "orangecrab_r0_2_85f": _ORANGECRAB,
}
"""By the board's name."""
