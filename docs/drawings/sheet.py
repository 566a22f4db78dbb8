"""A sheet on which every drawing of the documents is made, with one set of colours and shapes for all of them.

Coordinates are in units of 36 pixels; `x` grows to the right and `y` upwards. The sheet has a light background of its
own, so that a drawing can be read on light and on dark pages.
"""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import schemdraw
from schemdraw.elements import Element
from schemdraw.segments import Segment, SegmentPath, SegmentText

Point = tuple[float, float]


class Colour(NamedTuple):
    """The two colours of a kind of part."""

    fill: str
    line: str


CELL = Colour("#dfeafc", "#3566ad")
"""Synapse cells and products."""
NEURON = Colour("#fdebd3", "#b8660f")
"""Neuron cells, sums and steps."""
COLUMN = Colour("#dcf3e4", "#25804a")
"""The column edge, inputs and drives."""
CONTROL = Colour("#ebe4f8", "#6a49a8")
"""Sequencer, walkers and messages."""
LINK = Colour("#d9f1f4", "#1b7685")
"""The link and the host."""
WAIT = Colour("#eef0f2", "#7d8790")
"""Waiting, and wires without a part."""
TEXT = "#24292f"
FAINT = "#59636e"
_PAPER, _BORDER = "#fcfcfd", "#d0d7de"
_SIZE = 11.0


class Sheet:
    """Collects shapes; :meth:`save` writes them as SVG."""

    def __init__(self) -> None:
        self._parts: list[Segment | SegmentPath | SegmentText] = []

    def box(self, corner: Point, size: Point, text: str, colour: Colour, *, fontsize: float = _SIZE) -> None:
        """A rounded box from its lower left corner, with text in the middle."""
        (x, y), (width, height) = corner, size
        self._parts.append(_rounded(corner, size, 0.12, color=colour.line, fill=colour.fill, lw=1.5, zorder=2))
        self.text((x + width / 2, y + height / 2), text, fontsize=fontsize)

    def frame(self, corner: Point, size: Point, colour: Colour = WAIT) -> None:
        """A dashed outline."""
        self._parts.append(_rounded(corner, size, 0.12, color=colour.line, lw=1.2, ls="--", zorder=1))

    def text(
        self,
        position: Point,
        text: str,
        *,
        align: tuple[str, str] = ("center", "center"),
        fontsize: float = _SIZE,
        colour: str = TEXT,
    ) -> None:
        """Text, of one or several lines."""
        self._parts.append(
            SegmentText(
                position,
                text,
                align=align,
                fontsize=fontsize,
                color=colour,
                zorder=4,
            )
        )

    def note(self, position: Point, text: str, *, fontsize: float = 10.0) -> None:
        """Faint text that begins at its position."""
        self.text(position, text, align=("left", "center"), fontsize=fontsize, colour=FAINT)

    def line(self, *points: Point, colour: Colour = WAIT, dashed: bool = False, arrow: str | None = "->") -> None:
        """A line through points, with an arrow at its end."""
        ls = "--" if dashed else "-"
        head = {"arrowwidth": 0.17, "arrowlength": 0.22}
        for first, last in pairwise(points[:-1]):
            self._parts.append(Segment([first, last], color=colour.line, lw=1.5, ls=ls, zorder=1))
        # The last part of a dashed line is solid, so that its arrow is whole.
        self._parts.append(Segment(points[-2:], color=colour.line, lw=1.5, ls=ls, arrow=arrow, zorder=1, **head))

    def save(self, path: Path, corner: Point, size: Point) -> None:
        """Write the sheet from its lower left corner, with its background."""
        save([paper(corner, size), _Shapes(self._parts)], path)


def _rounded(corner: Point, size: Point, radius: float, **style: Any) -> SegmentPath:
    """A rectangle whose corners are curves."""
    (left, low), (right, high) = corner, (corner[0] + size[0], corner[1] + size[1])
    sides = (
        ((left + radius, low), (right - radius, low), (right, low)),
        ((right, low + radius), (right, high - radius), (right, high)),
        ((right - radius, high), (left + radius, high), (left, high)),
        ((left, high - radius), (left, low + radius), (left, low)),
    )
    path: list[Point | str] = ["M", sides[0][0]]
    for number, (_begin, end, turn) in enumerate(sides):
        path += ["L", end, "Q", turn, sides[(number + 1) % 4][0]]
    return SegmentPath([*path, "Z"], **style)


class _Shapes(Element):
    def __init__(self, parts: Sequence[Segment | SegmentPath | SegmentText]) -> None:
        super().__init__()
        self.segments.extend(parts)


def paper(corner: Point, size: Point) -> Element:
    """The background of a drawing."""
    return _Shapes([_rounded(corner, size, 0.25, color=_BORDER, fill=_PAPER, lw=1, zorder=0)])


def save(elements: Sequence[Element], path: Path) -> None:
    """Write elements that share their origin as an SVG with text that can be searched."""
    schemdraw.svgconfig.text = "text"
    with schemdraw.Drawing(show=False, canvas="svg", margin=0.05) as drawing:
        drawing.config(font="Helvetica, Arial, sans-serif", fontsize=_SIZE, lw=1.5)
        for element in elements:
            drawing.add(element.at((0, 0)))
    path.write_bytes(drawing.get_imagedata("svg"))
