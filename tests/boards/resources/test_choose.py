"""The array that a board gets where the specification leaves it open."""

import re
from typing import Any

import pytest

from ceprop.boards import board, board_names, check_fit
from ceprop.boards.resources.builds import Build, load_builds
from ceprop.boards.resources.choose import fitted, specification_for
from ceprop.boards.resources.link_fit import has_flash, luts_with_link
from ceprop.boards.resources.link_memories import blocks_with_link, outside_blocks
from ceprop.common.errors import CepropError
from ceprop.specification import Geometry, Specification
from ceprop.specification.bundled import bundled_specification


def _digits(*overrides: str) -> Specification:
    return Specification.load(bundled_specification("digits"), overrides)


# Of the iCE40 without SPRAM, even this network takes more block RAMs than there are.
_SMALL = ("layers=[64,16,10]",)
_WITHOUT_SPRAM = ("ice40_hx8k_b_evn", "tinyfpga_bx")


@pytest.mark.parametrize("name", board_names())
def test_digits_fit_every_board(name: str) -> None:
    target = board(name)
    device, room = target.device, target.device.room
    geometry = fitted(_digits(*(_SMALL if name in _WITHOUT_SPRAM else ())), target)
    luts = luts_with_link(target, flash=has_flash(target))
    share = 0.97 if device.family == "ice40" else 0.86
    assert luts(geometry, device) <= share * room.luts
    known = max(build.geometry.rows * build.geometry.cols for build in load_builds(device.family))
    assert geometry.rows * geometry.cols <= known
    assert geometry.memory_ports == (1 if device.family == "ice40" else 2)
    array = geometry.specification.array
    assert array is not None
    assert array.memory_words == geometry.weight_words
    # One more row or column would be too much, or more than is known.
    for more in (f"array.rows={geometry.rows + 1}", f"array.cols={geometry.cols + 1}"):
        larger = Geometry(geometry.specification.override(more, "array.memory_words=65536"))
        too_many = larger.rows * larger.cols > known or blocks_with_link(larger, device) > room.block_rams
        assert too_many or luts(larger, device) > share * room.luts


@pytest.mark.parametrize("build", load_builds("ice40"), ids=lambda build: build.name)
def test_block_rams_of_the_lanes_are_counted(build: Build) -> None:
    """Against the cores that were built, which had no link, three block RAMs fewer, and all memories of lanes there."""
    device = build.board.device
    moved = sum(memory.blocks for memory in outside_blocks(build.geometry, device))
    counted = blocks_with_link(build.geometry, device) - 3 + moved
    assert build.resources.block_rams <= counted <= build.resources.block_rams + 1


def test_where_block_ram_is_short_the_smallest_memories_leave_it() -> None:
    device = board("ice40_hx8k_b_evn").device
    geometry = Geometry(specification_for(_digits(), board("ice40_hx8k_b_evn")))
    moved = outside_blocks(geometry, device)
    assert blocks_with_link(geometry, device) == device.room.block_rams
    assert [memory.bits for memory in moved] == sorted(memory.bits for memory in moved)
    assert not outside_blocks(geometry, board("icebreaker").device)


def test_a_larger_device_gets_more() -> None:
    cells = [Geometry(specification_for(_digits(), board(name))) for name in ("ulx3s_12f", "ulx3s_25f", "ulx3s_85f")]
    sizes = [geometry.rows * geometry.cols for geometry in cells]
    assert sizes == sorted(set(sizes))
    assert (cells[-1].rows, cells[-1].cols) == (8, 8)


def test_a_given_array_stays() -> None:
    given = _digits("array.rows=2", "array.cols=3")
    assert specification_for(given, board("ulx3s_25f")) is given
    chosen = specification_for(_digits(), board("ulx3s_25f"))
    assert specification_for(chosen, board("icebreaker")) is chosen


def test_the_choice_makes_the_digest() -> None:
    chosen = specification_for(_digits(), board("ulx3s_85f"))
    assert chosen.build_digest != _digits().build_digest
    assert chosen.learning_digest == _digits().learning_digest


def test_what_does_not_fit_is_refused_with_what_does() -> None:
    given = _digits("array.rows=1", "array.cols=2", "array.memory_ports=1")
    check_fit(Geometry(given), board("icebreaker"))
    message = r"^array 1x2: needs 5,\d+ logic cells, icebreaker \(iCE40UP5K\) has 5,280; 1x1 fits$"
    with pytest.raises(CepropError, match=message):
        fitted(given, board("icebreaker"))


def test_block_rams_are_refused_with_those_of_the_lanes() -> None:
    one = ("array.rows=1", "array.cols=1", "array.memory_ports=1")
    given = _digits("formats.weight_bits=18", "formats.weight_fraction=15", *one)
    message = r"^array 1x1: needs \d+ block RAMs, those of the lanes and the link among them, ice40_hx8k.* has 32"
    with pytest.raises(CepropError, match=message):
        fitted(given, board("ice40_hx8k_b_evn"))


def test_where_nothing_fits() -> None:
    large = _digits("layers=[784,512,10]")
    with pytest.raises(
        CepropError, match=r"^icebreaker \(iCE40UP5K\): no array of 784-512-10 fits; use smaller layers"
    ):
        specification_for(large, board("icebreaker"))


WINE = {"layers": [13, 16, 3], "update": {"shifts": [4, 9]}, "array": {"rows": 2, "cols": 3}}
TUTORIAL = {
    "layers": [64, 32, 10],
    "formats": {"weight_bits": 12, "weight_fraction": 11},
    "update": {"shifts": [5, 10]},
    "array": {"rows": 3, "cols": 5},
}
SHALLOW = TUTORIAL | {"array": {"rows": 4, "cols": 4, "memory_words": 400, "drives": 2}}


@pytest.mark.parametrize("name", board_names())
@pytest.mark.parametrize("fields", [WINE, TUTORIAL, SHALLOW], ids=["wine", "tutorial", "shallow"])
def test_what_is_proposed_fits(fields: dict[str, Any], name: str) -> None:
    """Exactly as the line says it, with fields that it does not name as they were."""
    specification, target = Specification.from_mapping(fields), board(name)
    line = ""
    try:
        assert fitted(specification, target).specification is specification
    except CepropError as error:
        line = str(error)
    if line:
        found = re.search(r"; (\d+)x(\d+) fits(?: with (.*))?$", line)
        assert found is not None, line
        others = found[3].replace(" = ", "=").split(", ") if found[3] else []
        proposed = specification.override(f"array.rows={found[1]}", f"array.cols={found[2]}", *others)
        geometry = fitted(proposed, target)
        # As build makes it: with the share of the device that routes well.
        share = 0.97 if target.device.family == "ice40" else 0.86
        luts = luts_with_link(target, flash=has_flash(target))(geometry, target.device)
        assert luts <= share * target.device.room.luts


def test_two_drives_and_a_shallow_memory_are_told_to_change() -> None:
    with pytest.raises(CepropError) as refused:
        fitted(Specification.from_mapping(SHALLOW), board("icebreaker"))
    assert str(refused.value).endswith(
        "; 1x1 fits with array.memory_words = 2368, array.memory_ports = 1, array.drives = 1"
    )


def test_flash_counts() -> None:
    """What a board holds without learning from flash it may not hold with it."""
    given = _digits("array.rows=1", "array.cols=1", "array.memory_ports=1")
    fitted(given, board("icebreaker"))
    with pytest.raises(CepropError, match=r"needs \d,\d+ logic cells, icebreaker .* has 5,280; no array fits"):
        fitted(given, board("icebreaker"), flash=True)
