"""Makes the drawings of docs/: `python docs/drawings/make.py` writes an SVG beside the sources for each of them."""

import sys
from collections.abc import Callable
from pathlib import Path

from board_drawings import board
from control_drawings import core
from core_drawings import array, flow, sample
from timing_drawings import alternating_step, cell_stages, nudged_step, ports, slot_stages, two_samples, wavefront

DRAWINGS: tuple[Callable[[Path], None], ...] = (
    alternating_step,
    array,
    board,
    cell_stages,
    core,
    flow,
    nudged_step,
    ports,
    sample,
    slot_stages,
    two_samples,
    wavefront,
)


def make(folder: Path) -> list[Path]:
    """Write every drawing to a folder; the files."""
    paths = [folder / f"{draw.__name__.replace('_', '-')}.svg" for draw in DRAWINGS]
    for draw, path in zip(DRAWINGS, paths, strict=True):
        draw(path)
    return paths


if __name__ == "__main__":
    for made in make(Path(__file__).parent):
        sys.stdout.write(f"{made.name}\n")
