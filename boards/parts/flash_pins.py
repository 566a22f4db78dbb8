"""The data lines of a board's flash, which also holds its configuration."""

from amaranth.build import Subsignal

from ceprop.boards.parts.registry import GENERIC, board

FLASH_NAMES = ("spi_flash", "spi_flash_1x")
"""Names that amaranth-boards has for the flash, with a pin for each line."""

DATA_PINS = ("copi", "cipo", "wp", "hold")
"""Pins of the data lines 0 to 3, as amaranth-boards calls them."""


def flash_lines(name: str) -> int:
    """Data lines on which the board of that name reads its flash: 4 where all are connected, else 2; 1 for `GENERIC`,
    of whose flash nothing is known. Raises :class:`CepropError` as :func:`board` does.

    It is 1 on an iCE40, whose look-up tables are few and whose core is slow: one line brings it 1.8 MB/s at 30 MHz, of
    which a core on a UP5K takes 1.6 MB/s."""
    if name == GENERIC or board(name).device.family == "ice40":
        return 1
    flash = next(resource for resource in board(name).platform.resources if resource.name in FLASH_NAMES)
    pins = {pin.name for pin in flash.ios if isinstance(pin, Subsignal)}
    return len(DATA_PINS) if pins.issuperset(DATA_PINS) else 2
