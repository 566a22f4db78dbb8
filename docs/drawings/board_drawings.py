"""The drawing of what lies between the pins of a board and the core."""

from pathlib import Path

from sheet import CELL, COLUMN, CONTROL, LINK, NEURON, WAIT, Sheet


def board(path: Path) -> None:
    """The parts of `boards/rtl`, and what they exchange."""
    sheet = Sheet()
    sheet.box((0, 2.2), (2.2, 1.8), "transport\nUART, SPI,\nAXI4-Stream,\nWishbone", LINK, fontsize=10)
    sheet.box((3.4, 3.5), (2.6, 1.2), "frame receiver\nCOBS, CRC,\ntwo buffers", LINK, fontsize=10)
    sheet.box((3.4, 1.4), (2.6, 1.0), "frame sender\nCOBS, CRC", LINK, fontsize=10)
    sheet.box((7.2, 2.3), (2.6, 1.6), "dispatcher\norder, execution,\nreplies", CONTROL, fontsize=10)
    sheet.box((11.3, 3.4), (2.6, 0.9), "sample unpacker", COLUMN, fontsize=10)
    sheet.box((11.3, 1.3), (2.6, 0.9), "result ring\n256 results", NEURON, fontsize=10)
    sheet.box((16.4, 1.1), (2.2, 3.4), "core\n(its reset\ncomes from\nRESET)", CELL)
    sheet.box((7.2, 5.4), (2.6, 1.2), "flash controller\nCRC, snapshots,\npasses", CONTROL, fontsize=10)
    sheet.box((3.4, 5.5), (2.6, 1.0), "flash port\nSPI NOR", LINK, fontsize=10)
    sheet.line((-1.3, 3.1), (0, 3.1), arrow="<->")
    sheet.text((-0.85, 3.4), "pins", fontsize=10)
    sheet.line((-1.2, 6.0), (3.4, 6.0), arrow="<->")
    sheet.text((-0.1, 6.25), "pins of the flash", fontsize=10)
    sheet.line((2.2, 3.4), (2.8, 3.4), (2.8, 4.1), (3.4, 4.1))
    sheet.line((3.4, 1.9), (2.8, 1.9), (2.8, 2.8), (2.2, 2.8))
    sheet.line((6.0, 4.1), (6.6, 4.1), (6.6, 3.5), (7.2, 3.5))
    sheet.line((7.2, 2.7), (6.6, 2.7), (6.6, 1.9), (6.0, 1.9))
    sheet.line((9.8, 3.7), (11.3, 3.7))
    sheet.line((13.9, 3.85), (16.4, 3.85))
    sheet.text((14.9, 4.1), "samples", fontsize=10)
    sheet.line((9.8, 2.85), (16.4, 2.85), arrow="<->")
    sheet.text((13.3, 3.08), "commands, responses", fontsize=10)
    sheet.line((16.4, 1.75), (13.9, 1.75))
    sheet.text((14.9, 2.0), "results", fontsize=10)
    sheet.line((11.3, 1.75), (10.5, 1.75), (10.5, 2.5), (9.8, 2.5))
    sheet.line((6.0, 6.0), (7.2, 6.0), arrow="<->")
    sheet.line((8.5, 3.9), (8.5, 5.4), arrow="<->")
    sheet.line((9.8, 5.75), (12.6, 5.75), (12.6, 4.3))
    sheet.text((11.3, 5.98), "data set", fontsize=10)
    sheet.line((9.8, 6.3), (17.5, 6.3), (17.5, 4.5), arrow="<->")
    sheet.text((14.0, 6.53), "commands, responses while it is busy", fontsize=10)
    sheet.frame((-0.4, 0.9), (16.2, 4.0), WAIT)
    sheet.note((-0.3, 0.62), "the link, without flash")
    sheet.save(path, (-1.8, 0.2), (20.8, 6.9))
