"""A fixed place for every cell's multiplier and weight memory.

A cell's critical wires run from its memory to its multiplier and from neighbour to neighbour. Placed by hand on
neighbouring sites, an array reaches about twice the clock that the placer finds by itself, which spreads the few big
blocks first and pulls the logic along.

The array is folded onto the lines that multipliers stand in: a band of `depth` rows of the array on each line, the
cells of one column of the band next to each other; or the same with rows and columns exchanged. Every fold that fits is
priced by the squared length of its wires, for a few long wires set the clock, and the cheapest is taken. Memories are
then assigned to cells, all at once, so that the squared distances to the multipliers add up to the least.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from ceprop.boards.parts.sites import Site, Sites

Cell = tuple[int, int]
"""Row and column of a cell."""

_GROUP = 4
"""Multipliers that stand close together, a gap before the next."""


@dataclass(frozen=True)
class Floorplan:
    """Places of an array's blocks: of each cell the multiplier's, and its memory blocks' in order."""

    multipliers: Mapping[Cell, Site]
    memories: Mapping[Cell, tuple[Site, ...]]

    def bels(self) -> dict[str, str]:
        """BEL by the name of an instance, from the array's own on: `cell_0_0.memory.ram_0`."""
        found = {f"cell_{r}_{c}.multiplier.dsp": site.bel for (r, c), site in self.multipliers.items()}
        for (r, c), blocks in self.memories.items():
            found |= {f"cell_{r}_{c}.memory.ram_{k}": site.bel for k, site in enumerate(blocks)}
        return found


def floorplan(rows: int, cols: int, memories: int, sites: Sites, *, spram: bool = False) -> Floorplan:
    """Places for `rows x cols` cells with `memories` blocks each, of SPRAM or block RAM.

    Raises ValueError where the die has too few blocks; :func:`ceprop.boards.check_fit` finds that before."""
    room = sites.sprams if spram else sites.block_rams
    cells = rows * cols
    if cells > len(sites.multipliers) or cells * memories > len(room):
        raise ValueError(f"{rows}x{cols} cells with {memories} memories each do not fit the die")
    plans = (Floorplan(fold, _assign(fold, memories, room)) for fold in _folds(rows, cols, sites))
    return min(plans, key=lambda plan: (_wires(rows, cols, plan), _off_centre(plan, sites)))


# --- multipliers


def _folds(rows: int, cols: int, sites: Sites) -> Iterator[dict[Cell, Site]]:
    """Every way to fold the array onto the lines, and a winding path over all sites, which always fits."""
    lines = sites.multiplier_lines
    for first in range(len(lines)):
        for depth in range(1, max(rows, cols) + 1):
            yield from _bands(rows, cols, depth, lines[first:])
            for fold in _bands(cols, rows, depth, lines[first:]):
                yield {(r, c): site for (c, r), site in fold.items()}
    path = [site for k, line in enumerate(lines) for site in (line[::-1] if k % 2 else line)]
    winding = [(r, c) for c in range(cols) for r in (range(rows) if c % 2 == 0 else reversed(range(rows)))]
    yield dict(zip(winding, path, strict=False))


def _bands(rows: int, cols: int, depth: int, lines: tuple[tuple[Site, ...], ...]) -> Iterator[dict[Cell, Site]]:
    """Bands of `depth` rows, one on each line, from every group of sites on from which all lines have room."""
    if depth > rows or -(-rows // depth) > len(lines):
        return
    width = cols * depth
    for offset in range(0, min(len(line) for line in lines) - width + 1, _GROUP):
        yield {(r, c): lines[r // depth][offset + c * depth + r % depth] for r in range(rows) for c in range(cols)}


def _wires(rows: int, cols: int, plan: Floorplan) -> int:
    """Squared lengths of the wires between neighbours, and between a cell's multiplier and its memories."""
    places = plan.multipliers
    east = (((r, c), (r, c + 1)) for r in range(rows) for c in range(cols - 1))
    south = (((r, c), (r + 1, c)) for r in range(rows - 1) for c in range(cols))
    between = sum(_squared(places[a], places[b]) for pairs in (east, south) for a, b in pairs)
    return between + sum(_squared(places[cell], block) for cell, blocks in plan.memories.items() for block in blocks)


def _off_centre(plan: Floorplan, sites: Sites) -> float:
    """How far the array's middle is from that of all sites: of equal folds, the one with room all around is taken."""
    array, die = plan.multipliers.values(), sites.multipliers
    return sum(
        abs(sum(getattr(site, axis) for site in array) / len(array) - sum(getattr(s, axis) for s in die) / len(die))
        for axis in "xy"
    )


def _squared(a: Site, b: Site) -> int:
    return (a.x - b.x) ** 2 + (a.y - b.y) ** 2


# --- memories


def _assign(multipliers: Mapping[Cell, Site], memories: int, room: tuple[Site, ...]) -> dict[Cell, tuple[Site, ...]]:
    """Sites for the memories of every cell, the sum of the squared distances to its multiplier the least."""
    cells = [cell for cell in multipliers for _ in range(memories)]
    owner = np.array([(multipliers[cell].x, multipliers[cell].y) for cell in cells], dtype=np.int64)
    place = np.array([(site.x, site.y) for site in room], dtype=np.int64)
    cost = ((owner[:, np.newaxis, :] - place[np.newaxis, :, :]) ** 2).sum(axis=2)
    chosen = linear_sum_assignment(cost)[1]
    found: dict[Cell, tuple[Site, ...]] = dict.fromkeys(multipliers, ())
    for cell, k in zip(cells, chosen, strict=True):
        found[cell] += (room[k],)
    return found
