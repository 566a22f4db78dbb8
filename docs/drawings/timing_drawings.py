"""Drawings with time from left to right: the wavefront, pipelines, and what a core does in a step."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from schemdraw.logic import TimingDiagram
from sheet import CELL, COLUMN, CONTROL, FAINT, NEURON, TEXT, WAIT, Colour, Sheet, paper, save


class Bar(NamedTuple):
    """One bar of a chart: from which cycle to which, its text and its colour."""

    begin: float
    end: float
    text: str
    colour: Colour


class Row(NamedTuple):
    """One row of a chart. A note stands after its last bar."""

    name: str
    bars: Sequence[Bar]
    note: str = ""


_HEIGHT, _STEP = 0.55, 0.85


def _chart(
    rows: Sequence[Row], scale: float, ticks: Sequence[float | str], *, every: float = 1, title: str = ""
) -> Sheet:
    """Rows of bars. A cycle is `scale` units wide, and a tick stands at every multiple of `every` cycles."""
    sheet = Sheet()
    bottom = -len(rows) * _STEP
    for number, tick in enumerate(ticks):
        x = number * every * scale
        sheet.line((x, bottom), (x, 0.25), colour=Colour("", "#e3e7eb"), arrow=None)
        sheet.text((x, 0.5), str(tick), fontsize=10, colour=FAINT)
    if title:
        sheet.text((-0.3, 0.5), title, align=("right", "center"), fontsize=10, colour=FAINT)
    for number, row in enumerate(rows):
        y = -(number + 1) * _STEP + (_STEP - _HEIGHT) / 2
        sheet.text((-0.3, y + _HEIGHT / 2), row.name, align=("right", "center"))
        for bar in row.bars:
            sheet.box(
                (bar.begin * scale, y), ((bar.end - bar.begin) * scale, _HEIGHT), bar.text, bar.colour, fontsize=10
            )
        if row.note:
            sheet.note((row.bars[-1].end * scale + 0.2, y + _HEIGHT / 2), row.note)
    return sheet


def wavefront(path: Path) -> None:
    """The cycle in which each cell carries out one command."""
    cells = [(0, 0), (0, 1), (1, 0), (1, 1), (0, 2), (1, 2)]
    rows = [Row(f"cell {row}, {column}", [Bar(row + column, row + column + 1, "", CELL)]) for row, column in cells]
    sheet = _chart(rows, 1.4, ["t", "t + 1", "t + 2", "t + 3", ""], title="cycle")
    sheet.save(path, (-2.6, -5.4), (8.6, 6.4))


def cell_stages(path: Path) -> None:
    """The stages of a synapse cell, from the memory address of a slot on."""
    rows = [
        Row("read address", [Bar(0, 1, "memory", CELL), Bar(1, 2, "output", CELL), Bar(2, 3, "weight", CELL)]),
        Row("operands", [Bar(1, 2, "hop", CONTROL), Bar(2, 5, "multiplier", CELL), Bar(5, 6, "product", CELL)]),
        Row("dither", [Bar(4, 5, "hop", CONTROL), Bar(5, 6, "xor", CELL)]),
        Row("accumulate, column sum", [Bar(5, 6, "hop", CONTROL), Bar(6, 7, "add", CELL), Bar(7, 8, "sum", NEURON)]),
        Row("partial sum", [Bar(6, 7, "hop", CONTROL)]),
        Row("second read (update)", [Bar(5, 6, "memory", CELL), Bar(6, 7, "output", CELL), Bar(7, 8, "weight", CELL)]),
        Row("update", [Bar(7, 8, "sum", NEURON), Bar(8, 9, "shifted", NEURON), Bar(9, 10, "stored", NEURON)]),
        Row("load, word", [Bar(7, 8, "hop", CONTROL), Bar(8, 9, "word", CELL)]),
        Row("write", [Bar(9, 10, "memory", CELL)]),
    ]
    sheet = _chart(rows, 1.55, [*range(10), ""], title="stage")
    sheet.save(path, (-4.6, -7.95), (20.4, 8.95))


def slot_stages(path: Path) -> None:
    """One slot, from its message to the sum in the memory of a neuron cell."""
    rows = [
        Row("walker", [Bar(0, 1, "message", CONTROL)]),
        Row("lane", [Bar(1, 3, "list, state", NEURON), Bar(3, 4, "operand", NEURON)]),
        Row("cell (r, c)", [Bar(4, 7, "address, weight, operands", CELL), Bar(7, 9, "product", CELL)]),
        Row("row", [Bar(9, 11, "hops to the end", CELL)]),
        Row("return wire", [Bar(11, 13, "returns", WAIT)]),
        Row("neuron cell", [Bar(13, 14.5, "added", NEURON)]),
    ]
    scale = 1.3
    sheet = _chart(rows, scale, [])
    cycles = (
        (0, "0"),
        (1, "1"),
        (3, "2"),
        (4, "7 + r + c"),
        (7, "12 + r + c"),
        (9.6, "12 + C + r"),
        (11.6, "+ ceil(C / 4)"),
        (13.4, "+ 3"),
    )
    for place, text in cycles:
        sheet.text((place * scale + 0.1, 0.5), text, align=("left", "center"), fontsize=10, colour=FAINT)
    sheet.text((-0.3, 0.5), "cycle", align=("right", "center"), fontsize=10, colour=FAINT)
    sheet.save(path, (-2.5, -5.4), (21.8, 6.4))


def nudged_step(path: Path) -> None:
    """One nudged step that learns, 784-64-10 on 4x7 cells."""
    rows = [
        Row(
            "update sweeps", [Bar(2, 22, "layer 2", CELL), Bar(24, 48, "layer 1", CELL)], "multipliers and memory ports"
        ),
        Row("wait", [Bar(48, 62, "", WAIT)], "last write of an update"),
        Row("sum sweeps", [Bar(62, 94, "layers 1 and 2", NEURON)]),
        Row("drive sweep", [Bar(96, 112, "", COLUMN)], "units that changed"),
        Row("return", [Bar(112, 130, "", WAIT)], "wavefront: cells and return wires"),
        Row("step", [Bar(130, 158, "", CONTROL)], "neurons, lists, status"),
    ]
    sheet = _chart(rows, 0.085, range(0, 181, 20), every=20, title="cycle")
    sheet.save(path, (-3.4, -5.4), (20.6, 6.4))


def alternating_step(path: Path) -> None:
    """One nudged step that learns in alternating order, 784-64-10 on 4x7 cells, from the pass that learns on: the cycle
    model for sample 139 of a fresh network, behind its fifth nudged step."""
    rows = [
        Row("update sweeps", [Bar(2, 42, "layer 2", CELL), Bar(72, 118, "layer 1", CELL)], "multipliers, memory ports"),
        Row("column sums", [Bar(50, 70, "", NEURON)], "the pass releases the half-step"),
        Row("column half-step", [Bar(70, 87, "return", WAIT), Bar(87, 110, "step", CONTROL)], "beside the sweeps"),
        Row("drive sweep", [Bar(126, 172, "", COLUMN)], "units that changed"),
        Row("row sums", [Bar(176, 208, "renew", NEURON)]),
        Row("row half-step", [Bar(208, 214, "", WAIT), Bar(214, 247, "step", CONTROL)], "begins early"),
    ]
    sheet = _chart(rows, 0.068, range(0, 261, 20), every=20, title="cycle")
    sheet.save(path, (-3.4, -5.4), (22.6, 6.4))


def two_samples(path: Path) -> None:
    """Inference with two drives: the drive of the next sample uses the cycles that the free phase leaves idle."""
    first, second = [], []
    for begin in (0, 20, 40):
        first += [
            Bar(begin, begin + 3, "S", CELL),
            Bar(begin + 4, begin + 9, "return", WAIT),
            Bar(begin + 9, begin + 15, "step", NEURON),
            Bar(begin + 15, begin + 19, "status", WAIT),
        ]
        second.append(Bar(begin + 4, begin + 20, "drive", COLUMN))
    sheet = _chart([Row("sample n", first), Row("sample n + 1", second)], 0.29, [])
    sheet.note((0, 0.45), "S: the sum sweeps of a free step. The drive waits one cycle after them.")
    sheet.save(path, (-2.8, -2.2), (20.7, 3.2))


def ports(path: Path) -> None:
    """The streams of samples and results, from `ports.json` in the format of WaveDrom."""
    waves = json.loads(Path(__file__).with_name("ports.json").read_text(encoding="utf-8"))
    diagram = TimingDiagram(
        waves, fontsize=11, datafontsize=10, yheight=0.45, ygap=0.35, namecolor=TEXT, gridcolor=WAIT.line
    )
    box = diagram.get_bbox()
    corner, size = (box.xmin - 0.3, box.ymin - 0.3), (box.xmax - box.xmin + 0.6, box.ymax - box.ymin + 0.6)
    save([paper(corner, size), diagram], path)
