"""Pins for the link on boards that amaranth-boards knows no UART of, for they have none: a USB-to-serial adapter of
3.3 V goes there, its RX to the board's `tx`, its TX to the board's `rx`, ground to ground.

Sources: the boards' schematics as the connectors of amaranth-boards have them; on the OrangeCrab, whose header is that
of a Feather, the pins that a Feather has its UART on; on the TinyFPGA BX the same pins as in LiteX-Boards.
"""

from amaranth.build import Resource
from amaranth_boards.resources import UARTResource

from ceprop.boards.parts.connector_pins import ECP5_STANDARD, ICE40_STANDARD, ConnectorPins


class UartPins(ConnectorPins):
    """The pin on which the board receives, and the pin on which it sends."""

    @property
    def resource(self) -> Resource:
        """As amaranth-boards would have it."""
        rx, tx = self.pins
        return UARTResource(0, rx=rx, tx=tx, **self.place)


_ORANGECRAB = UartPins(("io", 0), ("0", "1"), ("0", "1"), ECP5_STANDARD)

UART_PINS = {
    "upduino_v3": UartPins(("j", 0), ("7", "8"), ("23", "25"), ICE40_STANDARD),
    "tinyfpga_bx": UartPins(("gpio", 0), ("2", "1"), ("2", "1"), ICE40_STANDARD),
    "orangecrab_r0_2_25f": _ORANGECRAB,
    "orangecrab_r0_2_85f": _ORANGECRAB,
}
"""Pins by the name of the board."""
