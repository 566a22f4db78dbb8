"""Floorplans: legal for every shape that fits, neighbours close together, memories beside their multipliers."""

import pytest

from ceprop.boards import board
from ceprop.boards.flow.floorplan import Floorplan, floorplan
from ceprop.boards.parts.sites import Site, Sites, sites


@pytest.mark.parametrize(
    ("name", "rows", "cols", "memories"),
    [
        ("ulx3s_25f", 4, 7, 2),
        ("ulx3s_25f", 7, 4, 2),
        ("ulx3s_25f", 1, 28, 1),
        ("ulx3s_25f", 5, 5, 2),
        ("ulx3s_45f", 8, 9, 1),
        ("ulx3s_85f", 8, 8, 1),
        ("ulx3s_85f", 8, 8, 2),
        ("ulx3s_85f", 8, 12, 2),
        ("ulx3s_85f", 16, 7, 1),
        ("ulx3s_85f", 12, 13, 1),
        ("ulx3s_85f", 11, 14, 1),
        ("ulx3s_85f", 1, 156, 1),
        ("ulx3s_85f", 1, 1, 1),
        ("ulx3s_85f", 2, 2, 52),
        ("icebreaker", 2, 4, 3),
    ],
)
def test_every_block_has_a_place_of_its_own(name: str, rows: int, cols: int, memories: int) -> None:
    die = _sites(name)
    plan = floorplan(rows, cols, memories, die)
    cells = {(r, c) for r in range(rows) for c in range(cols)}
    assert set(plan.multipliers) == set(plan.memories) == cells
    blocks = [site for found in plan.memories.values() for site in found]
    assert all(len(found) == memories for found in plan.memories.values())
    assert len(set(plan.multipliers.values())) == rows * cols
    assert set(plan.multipliers.values()) <= set(die.multipliers)
    assert len(set(blocks)) == rows * cols * memories
    assert set(blocks) <= set(die.block_rams)
    assert len(plan.bels()) == rows * cols * (1 + memories)


def test_spram_goes_to_the_four_corners() -> None:
    die = _sites("icebreaker")
    plan = floorplan(1, 4, 1, die, spram=True)
    assert {site for found in plan.memories.values() for site in found} == set(die.sprams)
    for cell, (memory,) in plan.memories.items():
        assert memory.x == plan.multipliers[cell].x


@pytest.mark.parametrize(
    ("name", "rows", "cols", "memories", "reach"),
    [("ulx3s_25f", 4, 7, 1, 13), ("ulx3s_85f", 8, 8, 1, 13), ("ulx3s_85f", 8, 12, 1, 13), ("ulx3s_45f", 8, 9, 1, 13)],
)
def test_memories_are_beside_their_multipliers(name: str, rows: int, cols: int, memories: int, reach: int) -> None:
    plan = floorplan(rows, cols, memories, _sites(name))
    assert max(_far(plan.multipliers[cell], block) for cell, found in plan.memories.items() for block in found) <= reach


def test_neighbours_are_close() -> None:
    """On a 25F a column of four stands in one group, and the next one in the next."""
    plan = floorplan(4, 7, 2, _sites("ulx3s_25f"))
    assert _longest(plan, 0, 1) <= 11
    assert _longest(plan, 1, 0) <= 3
    # On an 85F, rows 3 and 4 lie on different lines, 24 tiles apart.
    plan = floorplan(8, 8, 1, _sites("ulx3s_85f"))
    assert _longest(plan, 0, 1) <= 11
    assert _longest(plan, 1, 0) <= 24 + 5


def test_names_are_those_of_the_cells_parts() -> None:
    bels = floorplan(1, 2, 1, _sites("ulx3s_25f")).bels()
    assert set(bels) == {f"cell_0_{c}.{part}" for c in range(2) for part in ("multiplier.dsp", "memory.ram_0")}


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="8x8 cells with 1 memories each do not fit the die"):
        floorplan(8, 8, 1, _sites("ulx3s_25f"))
    with pytest.raises(ValueError, match="do not fit"):
        floorplan(4, 7, 3, _sites("ulx3s_25f"))


def _sites(name: str) -> Sites:
    found = sites(board(name).device)
    assert found is not None
    return found


def _far(a: Site, b: Site) -> int:
    return abs(a.x - b.x) + abs(a.y - b.y)


def _longest(plan: Floorplan, south: int, east: int) -> int:
    """Longest way between a cell and its neighbour, in tiles."""
    places = plan.multipliers
    return max(
        _far(place, places[r + south, c + east]) for (r, c), place in places.items() if (r + south, c + east) in places
    )
