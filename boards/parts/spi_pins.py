"""Pins for the link over SPI, of which the board is the peripheral: an adapter of 3.3 V goes there, such as an FT232H.

Where a board has Pmods, the pins are those of a Pmod of type 2 (Digilent's specification, 1.2.0). On the OrangeCrab
they are those that a Feather has its SPI on, and for the select its pin 10; on the TinyFPGA BX 10 to 13, as on an
Arduino; elsewhere any that lie side by side and carry nothing else. Sources: connectors of amaranth-boards.
"""

from dataclasses import dataclass

from amaranth.build import Resource
from amaranth_boards.resources import SPIResource

from ceprop.boards.parts.connector_pins import ECP5_STANDARD, ICE40_STANDARD, ConnectorPins
from ceprop.common.errors import CepropError


@dataclass(frozen=True)
class SpiPins(ConnectorPins):
    """Four pins: select, low-active; from the host; to the host; clock.

    Fields
    ------
    header : str
        How the connector is marked on the board.
    """

    header: str

    @property
    def resource(self) -> Resource:
        """As amaranth-boards would have it."""
        select, heard, spoken, clock = self.pins
        return SPIResource(0, cs_n=select, copi=heard, cipo=spoken, clk=clock, role="peripheral", **self.place)

    @property
    def wiring(self) -> str:
        """What goes where, in words."""
        select, heard, spoken, clock = self.labels
        return f"{self.header}: select {select}, from host {heard}, to host {spoken}, clock {clock}"


_ICE40 = ICE40_STANDARD | {"PULLUP": 1}
_PMOD = ("1", "2", "3", "4")
_ECPIX5 = SpiPins(("pmod", 0), _PMOD, _PMOD, ECP5_STANDARD, "PMOD0")
_ULX3S_PINS = ("0+", "1+", "2+", "3+")
_ULX3S = SpiPins(("gpio", 0), _ULX3S_PINS, _ULX3S_PINS, ECP5_STANDARD, "J1")
_FEATHER_PINS = ("10", "copi", "cipo", "sck")
_FEATHER_LABELS = ("10", "COPI", "CIPO", "SCK")
_ORANGECRAB = SpiPins(("io", 0), _FEATHER_PINS, _FEATHER_LABELS, ECP5_STANDARD, "header")
_TINYFPGA_PINS = ("10", "11", "12", "13")
_EVALUATION_PINS = ("9", "10", "11", "12")

SPI_PINS = {
    "icebreaker": SpiPins(("pmod", 0), _PMOD, _PMOD, _ICE40, "PMOD1A"),
    "upduino_v3": SpiPins(("j", 0), ("7", "8", "9", "10"), ("23", "25", "26", "27"), _ICE40, "JP5"),
    "icesugar": SpiPins(("pmod", 1), _PMOD, _PMOD, _ICE40, "PMOD2"),
    "ice40_hx8k_b_evn": SpiPins(("j", 2), _EVALUATION_PINS, _EVALUATION_PINS, _ICE40, "J2"),
    "tinyfpga_bx": SpiPins(("gpio", 0), _TINYFPGA_PINS, _TINYFPGA_PINS, _ICE40, "header"),
    **dict.fromkeys(("ulx3s_12f", "ulx3s_25f", "ulx3s_45f", "ulx3s_85f"), _ULX3S),
    **dict.fromkeys(("orangecrab_r0_2_25f", "orangecrab_r0_2_85f"), _ORANGECRAB),
    **dict.fromkeys(("ecpix5_45f", "ecpix5_85f"), _ECPIX5),
}
"""Pins by the name of the board."""


def spi_pins(board: str) -> SpiPins:
    """The pins of a board; raises :class:`CepropError` that lists the boards that have some."""
    if board not in SPI_PINS:
        raise CepropError(f"board {board}: has no pins for SPI here; {', '.join(SPI_PINS)} have")
    return SPI_PINS[board]
