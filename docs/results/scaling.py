"""Writes the tables of scaling.md from scaling.json: `python docs/results/scaling.py`."""

import json
from pathlib import Path
from typing import Any

from ceprop.common.files import write_aside
from ceprop.common.report import percent
from ceprop.performance.scaling import Point, WaitingLaw
from ceprop.performance.scaling_plots import fastest

HERE = Path(__file__).parent
STAGES = {"fresh": "fresh", "after": "after an epoch"}
SIZES = (1_000, 100_000)
"""Cells of the arrays that are calculated only."""


def shapes(points: list[Point]) -> str:
    """The fastest shape for each number of cells, after an epoch."""
    lines = [
        "| cells | best shape | cycles per sample | products | idle lanes | waiting |",
        "|---|---|---|---|---|---|",
    ]
    for point in fastest([point for point in points if point.stage == "after"]):
        parts = (point.least, point.slots - point.least, point.cycles - point.slots)
        shares = " | ".join(percent(part / point.cycles) for part in parts)
        lines.append(f"| {point.rows * point.cols:,} | {point.rows}x{point.cols} | {point.cycles:,.0f} | {shares} |")
    return "\n".join(lines)


def laws(points: list[Point], found: dict[str, dict[str, float]]) -> str:
    """The waiting cycles, and the size of the array that is fastest."""
    heads = [f"products per sample for {size:,} cells to be the fastest" for size in SIZES]
    columns = ("", "waiting on r x r cells, cycles per sample", "products per sample", "fastest r", *heads)
    lines = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    for stage, title in STAGES.items():
        law = WaitingLaw(**found[stage])
        slots = max(point.least for point in points if point.stage == stage)
        cells = [
            title,
            f"{law.constant:,.0f} + {law.a_side:.1f} r + {law.a_lane:,.0f} / r",
            f"{slots:,.0f}",
            f"{law.best_side(slots):.1f}",
            *(f"{law.slots_worth(size**0.5):,.0f}" for size in SIZES),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def fill(text: str, section: str, content: str) -> str:
    """The page with `content` between the markers of a section."""
    start, end = f"<!-- {section} -->\n", f"<!-- end of {section} -->"
    before, found, rest = text.partition(start)
    assert found, section
    return f"{before}{start}{content}\n{end}{rest.partition(end)[2]}"


def main() -> None:
    """Read scaling.json and fill in the tables."""
    found: dict[str, Any] = json.loads((HERE / "scaling.json").read_text(encoding="utf-8"))
    points = [Point(**point) for point in found["shapes"]]
    page = HERE / "scaling.md"
    text = fill(page.read_text(encoding="utf-8"), "shapes", shapes(points))
    write_aside(page, fill(text, "laws", laws(points, found["waiting"])).encode())


if __name__ == "__main__":
    main()
