"""What is around a core, by whole boards: the fit finds what it was made from, and the kept boards are predicted."""

import math
from dataclasses import replace

import pytest

from ceprop import CepropError
from ceprop.boards import board
from ceprop.boards.resources.board_builds import (
    Around,
    BoardBuild,
    load_board_builds,
    load_board_errors,
    read_board_entries,
    read_left_out,
)
from ceprop.boards.resources.board_fit import BoardFit
from ceprop.boards.resources.builds import load_builds
from ceprop.boards.resources.expected import expected_luts, expected_mhz
from ceprop.boards.resources.regression import Fit
from ceprop.specification import Specification
from ceprop.specification.bundled import bundled_specification

_WITHIN = 0.15
"""What an estimate of a whole board promises, as a share of what is built."""


def _made(rows: int, cols: int, around: Around, core: Fit) -> BoardBuild:
    """A board on which the link takes 700 look-up tables and 50 per lane, and clocks at half of a single cell's clock.
    The core reaches three quarters of its clock alone."""
    overrides = (f"array.rows={rows}", f"array.cols={cols}")
    specification = Specification.load(bundled_specification("digits"), overrides)
    made = BoardBuild(specification.fields(), "ulx3s_25f", around, False, 0, 0.0, 0.0, 0.0, 0.0, None)
    target = board("ulx3s_25f")
    luts = core.area(made.geometry, target.device)[0] + 700 + 300 * (around != "link") + 50 * (rows + cols)
    reached = 0.5 * math.exp(-core.periods["LFE5U grade 6"])
    return replace(
        made, luts=round(luts), reached_mhz=reached, core_reached_mhz=0.75 * core.clock_mhz(made.geometry, target)
    )


def test_the_fit_finds_what_the_boards_were_made_from() -> None:
    core = Fit.to(load_builds("ecp5"))
    arounds: tuple[tuple[int, int, Around], ...] = (
        (2, 2, "link"),
        (4, 3, "link"),
        (2, 3, "link with flash"),
        (3, 6, "link with flash"),
        (2, 4, "alone"),
    )
    found = BoardFit.to([_made(*one, core) for one in arounds], core)
    assert found.constants["link"] == pytest.approx(700, abs=5)
    assert found.constants["link with flash"] == pytest.approx(1_000, abs=5)
    assert found.constants["alone"] == pytest.approx(1_000, abs=5)
    assert found.per_lane == pytest.approx(50, abs=1)
    assert found.core_share == pytest.approx(0.75)
    unseen = _made(3, 4, "link", core)
    geometry, target = unseen.geometry, unseen.board
    assert expected_luts(geometry, target, "link", found) == pytest.approx(unseen.luts, rel=0.001)
    link, alone = expected_mhz(geometry, target, "link", found)
    assert link == pytest.approx(unseen.reached_mhz)
    assert alone == pytest.approx(unseen.core_reached_mhz)


def test_what_is_not_known_is_refused() -> None:
    core = Fit.to(load_builds("ecp5"))
    with pytest.raises(CepropError, match=r"no whole boards to estimate from; docs/results/board_builds.py makes some"):
        BoardFit.to([], core)
    only = BoardFit.to([_made(2, 2, "link", core)], core)
    with pytest.raises(CepropError, match=r"no whole board with flash alone to estimate from, only with a link$"):
        expected_luts(_made(2, 2, "link", core).geometry, board("ulx3s_25f"), "alone", only)


@pytest.mark.parametrize("family", ["ecp5", "ice40"])
def test_every_kind_of_board_is_known(family: str) -> None:
    kinds = {build.around for build in load_board_builds(family)}
    assert kinds >= {"link", "alone"}


def test_the_kept_errors_are_those_of_the_kept_boards() -> None:
    """Each board is predicted from the others again. The file has their errors, and these are within the promise."""
    builds = {build.name: build for build in map(BoardBuild.from_dict, read_board_entries())}
    left_out = read_left_out()
    assert len(left_out) == load_board_errors().builds > 1
    for one in left_out:
        build = builds[one["name"]]
        family = build.board.device.family
        others = [other for other in load_board_builds(family) if other.name != build.name]
        fit = BoardFit.to(others, Fit.to(load_builds(family)))
        luts = expected_luts(build.geometry, build.board, build.around, fit) / build.luts - 1
        assert luts == pytest.approx(one["luts"], abs=1e-6)
        for name in ("luts", "clock", "samples_per_second"):
            assert one[name] is None or abs(one[name]) <= _WITHIN, one
