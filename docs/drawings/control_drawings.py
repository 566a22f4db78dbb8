"""The drawing of the parts of a core, as `hdl/core.py` connects them."""

from pathlib import Path

from sheet import CELL, COLUMN, CONTROL, LINK, NEURON, WAIT, Sheet

_SIZE = (2.4, 0.9)


def core(path: Path) -> None:
    """The parts of a core and the messages between them."""
    sheet = Sheet()
    parts = (
        ((0, 5.0), "sample loader", COLUMN),
        ((2.6, 1.3), "arbiter", CONTROL),
        ((2.6, 2.9), "sequencer", CONTROL),
        ((6.2, 4.4), "drive prefetch", COLUMN),
        ((6.2, 3.0), "sweep walker", CONTROL),
        ((6.2, 1.6), "step walker", CONTROL),
        ((6.2, 0.2), "command port", LINK),
        ((2.6, -1.4), "counted events", NEURON),
        ((6.2, -1.4), "register bank", LINK),
        ((9.9, -1.4), "settings", CONTROL),
        ((13.6, 4.4), "column edge", NEURON),
        ((17.2, 4.4), "column lanes", COLUMN),
        ((13.6, 0.6), "row edge", NEURON),
        ((17.2, 0.6), "row lanes", NEURON),
    )
    for corner, name, colour in parts:
        sheet.box(corner, _SIZE, name, colour)
    sheet.box((9.9, 0.2), (2.4, 5.1), "message\nselector", CONTROL)
    sheet.box((20.6, 2.1), (2.2, 1.7), "array", CELL)
    _outside(sheet)
    _inside(sheet)
    _lanes(sheet)
    sheet.save(path, (-3.0, -1.8), (26.2, 8.9))


def _outside(sheet: Sheet) -> None:
    """The streams of the core."""
    for y, name, inwards in ((5.45, "sample", True), (3.5, "result", False), (0.75, "command", True), (0.4, "", False)):
        begin, end = -1.2, {5.45: 0.0, 3.5: 2.6}.get(y, 6.2)
        sheet.line(*((begin, y), (end, y)) if inwards else ((end, y), (begin, y)), colour=LINK)
        sheet.text((-1.3, y), name, align=("right", "center"))
    sheet.text((-1.3, 0.35), "response", align=("right", "center"))


def _inside(sheet: Sheet) -> None:
    """From a sample or a command to the messages."""
    sheet.line((0.6, 5.0), (0.6, 1.75), (2.6, 1.75))
    sheet.note((0.75, 4.4), "start")
    sheet.line((6.2, 1.0), (5.6, 1.0), (5.6, 1.75), (5.0, 1.75))
    sheet.line((3.8, 2.2), (3.8, 2.9))
    sheet.line((5.0, 3.45), (6.2, 3.45))
    sheet.line((5.0, 3.15), (5.7, 3.15), (5.7, 2.05), (6.2, 2.05))
    sheet.line((6.2, 4.85), (3.8, 4.85), (3.8, 3.8))
    sheet.line((7.4, 3.9), (7.4, 4.4))
    for y in (4.85, 3.45, 2.05, 0.65):
        sheet.line((8.6, y), (9.9, y))
    sheet.line((7.4, 0.2), (7.4, -0.5), arrow="<->")
    sheet.line((5.0, -0.95), (6.2, -0.95))
    sheet.line((8.6, -0.95), (9.9, -0.95))
    sheet.line((11.1, -0.5), (11.1, 0.2))


def _lanes(sheet: Sheet) -> None:
    """From the messages into the array and back."""
    sheet.line((1.2, 5.9), (1.2, 6.4), (18.9, 6.4), (18.9, 5.3), colour=COLUMN)
    sheet.note((8.0, 6.65), "inputs")
    sheet.line((12.3, 4.85), (13.6, 4.85), colour=CONTROL)
    sheet.line((12.3, 1.05), (13.6, 1.05), colour=CONTROL)
    sheet.line((12.3, 5.15), (12.9, 5.15), (12.9, 5.8), (17.9, 5.8), (17.9, 5.3), colour=CONTROL)
    sheet.note((14.4, 6.05), "tile")
    sheet.note((12.5, 2.0), "messages")
    sheet.line((16.0, 4.85), (17.2, 4.85), colour=CELL)
    sheet.line((16.0, 1.05), (17.2, 1.05), colour=CELL)
    sheet.line((19.6, 4.85), (21.7, 4.85), (21.7, 3.8), colour=CELL)
    sheet.line((19.6, 1.05), (21.7, 1.05), (21.7, 2.1), colour=CELL)
    sheet.line((20.6, 3.3), (14.8, 3.3), (14.8, 4.4), colour=COLUMN, dashed=True)
    sheet.line((20.6, 2.6), (14.8, 2.6), (14.8, 1.5), colour=NEURON, dashed=True)
    sheet.text((17.8, 2.95), "sums return to both edges", fontsize=10)
    sheet.line((13.6, 0.8), (13.0, 0.8), (13.0, 0.05), colour=WAIT, arrow=None)
    sheet.note((12.6, -0.35), "status to the sequencer\nand the counted events")
