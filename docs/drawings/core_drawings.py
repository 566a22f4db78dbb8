"""Drawings of the core: the array, what is made from a specification, and the states of the sequencer."""

from pathlib import Path

from sheet import CELL, COLUMN, CONTROL, LINK, NEURON, WAIT, Sheet

_CELL = (1.7, 1.0)
_LANE = (2.1, 1.0)
_COLUMNS, _ROWS = 3, 2
_PITCH = (3.0, 2.1)
_ORIGIN = (5.2, 0.0)


def _cell(row: int, column: int) -> tuple[float, float]:
    return _ORIGIN[0] + column * _PITCH[0], _ORIGIN[1] - row * _PITCH[1]


def array(path: Path) -> None:
    """The array with its cells, both edges, the sequencer with its walkers, and the ways of states and sums."""
    sheet = Sheet()
    top, left = 2.3, 1.5
    sheet.box((left, top), (_LANE[0], 1.3), "sequencer\nsweep walker\nstep walker", CONTROL)
    for column in range(_COLUMNS):
        _column_lane(sheet, column, top)
    for row in range(_ROWS):
        _row_lane(sheet, row, left)
    for row in range(_ROWS):
        for column in range(_COLUMNS):
            sheet.box(_cell(row, column), _CELL, f"cell {row}, {column}", CELL)
    _messages(sheet, top, left)
    _ports(sheet, top, left)
    _legend(sheet)
    sheet.text((9.2, top + 1.95), "column edge: neurons of layers 2, 4, … and the inputs (layer 0)", fontsize=12)
    sheet.text((0.6, -0.55), "row edge:\nlayers\n1, 3, …", fontsize=12)
    sheet.save(path, (-0.3, -5.4), (14.9, 10.2))


def _column_lane(sheet: Sheet, column: int, top: float) -> None:
    x, y = _cell(0, column)
    middle, returning = x + _CELL[0] / 2, x + _CELL[0] + 0.55
    sheet.box((x - 0.2, top), (_LANE[0], 1.3), f"column lane {column}\nneuron cell\ninput lists", COLUMN)
    sheet.line((middle, top), (middle, y + _CELL[1]), colour=CELL)
    for row in range(1, _ROWS):
        sheet.line((middle, _cell(row - 1, column)[1]), (middle, _cell(row, column)[1] + _CELL[1]), colour=CELL)
    last = _cell(_ROWS - 1, column)[1]
    end = last - 0.95
    corners = [
        (middle + 0.35, last),
        (middle + 0.35, end),
        (returning, end),
        (returning, top + 0.35),
        (x - 0.2 + _LANE[0], top + 0.35),
    ]
    sheet.line(*corners, colour=COLUMN, dashed=True)


def _row_lane(sheet: Sheet, row: int, left: float) -> None:
    y = _cell(row, 0)[1]
    middle, returning = y + 0.65, y - 0.4
    sheet.box((left, y), _LANE, f"row lane {row}\nneuron cell", NEURON)
    sheet.line((left + _LANE[0], middle), (_cell(row, 0)[0], middle), colour=CELL)
    for column in range(1, _COLUMNS):
        sheet.line((_cell(row, column - 1)[0] + _CELL[0], middle), (_cell(row, column)[0], middle), colour=CELL)
    last = _cell(row, _COLUMNS - 1)[0] + _CELL[0]
    corners = [(last, y + 0.3), (last + 0.95, y + 0.3), (last + 0.95, returning), (left + 1.6, returning)]
    sheet.line(*corners, (left + 1.6, y), colour=NEURON, dashed=True)


def _messages(sheet: Sheet, top: float, left: float) -> None:
    """One message per cycle leaves the corner and hops along both edges."""
    middle = top + 0.85
    sheet.line((left + _LANE[0], middle), (_cell(0, 0)[0] - 0.2, middle), colour=CONTROL)
    for column in range(1, _COLUMNS):
        x = _cell(0, column)[0] - 0.2
        sheet.line((x - _PITCH[0] + _LANE[0], middle), (x, middle), colour=CONTROL)
    down = left + 0.5
    sheet.line((down, top), (down, _cell(0, 0)[1] + _LANE[1]), colour=CONTROL)
    sheet.line((down, _cell(0, 0)[1]), (down, _cell(1, 0)[1] + _LANE[1]), colour=CONTROL)


def _ports(sheet: Sheet, top: float, left: float) -> None:
    sheet.line((left + 0.6, top + 2.2), (left + 0.6, top + 1.3), colour=LINK)
    sheet.line((left + 1.5, top + 1.3), (left + 1.5, top + 2.2), colour=LINK)
    sheet.text((left + 0.45, top + 1.75), "samples,\ncommands", align=("right", "center"), fontsize=10)
    sheet.text((left + 1.65, top + 1.75), "results,\nresponses", align=("left", "center"), fontsize=10)


def _legend(sheet: Sheet) -> None:
    entries = (
        (CONTROL, False, "messages: one per cycle, one lane per hop"),
        (CELL, False, "operands, addresses and partial sums: one cell per cycle"),
        (NEURON, True, "return wire of a row's sums"),
        (COLUMN, True, "return wire of a column's sums"),
    )
    for number, (colour, dashed, text) in enumerate(entries):
        x, y = 0.4 + 9.0 * (number // 2), -4.15 - 0.6 * (number % 2)
        sheet.line((x, y), (x + 0.9, y), colour=colour, dashed=dashed)
        sheet.note((x + 1.1, y), text)


def flow(path: Path) -> None:
    """What is made from one specification."""
    sheet = Sheet()
    sheet.box((0, 1.5), (2.5, 1.0), "specification\n(a TOML file)", CONTROL)
    sheet.box((3.6, 1.5), (2.1, 1.0), "geometry\nregisters", CONTROL)
    sheet.box((6.8, 3.0), (2.7, 1.0), "hdl: cells,\narray, core", CELL)
    sheet.box((10.6, 3.0), (2.7, 1.0), "Verilog-2005\nand a manifest", CELL)
    sheet.box((6.8, 0.0), (2.7, 1.0), "model: plain\nand compiled", NEURON)
    sheet.box((10.6, 1.5), (2.7, 1.0), "sim: both learn,\nall bits compared", LINK)
    sheet.box((14.4, 1.5), (2.7, 1.0), "boards: bitstream,\nlink, host driver", LINK)
    sheet.box((10.6, 0.0), (2.7, 1.0), "model/reference:\nfloating point", WAIT)
    sheet.line((2.5, 2.0), (3.6, 2.0))
    sheet.line((5.7, 2.2), (6.25, 2.2), (6.25, 3.5), (6.8, 3.5))
    sheet.line((5.7, 1.8), (6.25, 1.8), (6.25, 0.5), (6.8, 0.5))
    sheet.line((9.5, 3.5), (10.6, 3.5))
    sheet.line((8.15, 1.0), (8.15, 1.85), (10.6, 1.85))
    sheet.line((8.6, 3.0), (8.6, 2.15), (10.6, 2.15))
    sheet.line((13.3, 2.0), (14.4, 2.0))
    sheet.line((13.3, 3.5), (15.75, 3.5), (15.75, 2.5))
    sheet.line((9.5, 0.5), (10.6, 0.5), dashed=True, arrow="<->")
    sheet.save(path, (-0.3, -0.35), (17.7, 4.7))


def sample(path: Path) -> None:
    """The states of the sequencer in one sample."""
    sheet = Sheet()
    wide, high = 2.0, 0.9
    places = {
        "IDLE": (0, 4.0, WAIT),
        "LIST": (2.9, 4.0, COLUMN),
        "drive pass": (5.8, 4.0, COLUMN),
        "RETURN": (8.7, 4.0, WAIT),
        "STEP": (11.6, 4.0, NEURON),
        "STATUS": (11.6, 2.1, NEURON),
        "DECIDE": (11.6, 0.2, CONTROL),
        "sums pass": (8.7, 2.1, CELL),
        "learn pass": (8.7, 0.2, CELL),
        "update pass": (8.7, -1.7, CELL),
        "RETURN ": (5.8, -1.7, WAIT),
        "RESULT": (2.9, -1.7, LINK),
    }
    for name, (x, y, colour) in places.items():
        sheet.box((x, y), (wide, high), name.strip(), colour)
    sheet.line((2.0, 4.45), (2.9, 4.45))
    sheet.text((2.45, 5.3), "a whole\nsample waits", fontsize=10)
    for x in (4.9, 7.8, 10.7):
        sheet.line((x, 4.45), (x + 0.9, 4.45))
    sheet.line((12.6, 4.0), (12.6, 3.0))
    sheet.line((12.6, 2.1), (12.6, 1.1))
    sheet.line((11.6, 0.85), (11.1, 0.85), (11.1, 2.55), (10.7, 2.55))
    sheet.line((9.7, 3.0), (9.7, 4.0))
    sheet.line((11.6, 0.55), (10.7, 0.55))
    sheet.line((8.7, 0.65), (8.2, 0.65), (8.2, 4.25), (8.7, 4.25))
    sheet.line((12.3, 0.2), (12.3, -1.25), (10.7, -1.25))
    sheet.line((8.7, -1.25), (7.8, -1.25))
    sheet.line((5.8, -1.25), (4.9, -1.25))
    sheet.line((13.0, 0.2), (13.0, -2.35), (3.9, -2.35), (3.9, -1.7))
    sheet.line((2.9, -1.25), (1.0, -1.25), (1.0, 4.0))
    sheet.line((13.6, 0.65), (14.2, 0.65), (14.2, 4.45), (13.6, 4.45))
    sheet.note((4.6, 2.95), "the free phase goes on,\nor it ends with sums\nthat are not known yet")
    sheet.note((4.6, 1.95), "after the first half-step\nin alternating order")
    sheet.note((4.6, 0.65), "nudged phase: a state\nchanged and t < K")
    sheet.note((14.4, 2.55), "the free phase ends\nwith known sums:\nfirst nudged step")
    sheet.note((13.2, -1.25), "t = K, and at the end\nof EP and VF")
    sheet.note((6.0, -2.65), "end of the free phase in inference, or a nudged step of C-EP or C-VF without a change")
    sheet.save(path, (-0.3, -3.1), (18.0, 9.0))
