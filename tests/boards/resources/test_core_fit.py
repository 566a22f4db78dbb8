"""What does not fit is refused with the resource, the need, the room and a shape that fits."""

import pytest

from ceprop.boards import board, check_fit, fitting_shapes
from ceprop.boards.parts.devices import Device
from ceprop.boards.resources.core_fit import memory_need, needs
from ceprop.common.errors import CepropError
from ceprop.specification import Geometry, Specification
from ceprop.specification.bundled import bundled_specification


def _specification(rows: int, cols: int, *overrides: str) -> Specification:
    shape = (f"array.rows={rows}", f"array.cols={cols}", "array.memory_words=16384")
    return Specification.load(bundled_specification("mnist-64"), (*shape, *overrides))


def test_too_few_multipliers() -> None:
    message = r"^array 8x8: needs 64 multipliers, ulx3s_25f \(LFE5U-25F\) has 28; 4x7 fits$"
    with pytest.raises(CepropError, match=message):
        check_fit(Geometry(_specification(8, 8)), board("ulx3s_25f"))


def test_too_few_block_rams() -> None:
    message = r"^array 4x7: needs 84 block RAMs, ulx3s_25f \(LFE5U-25F\) has 56; 9x2 fits$"
    with pytest.raises(CepropError, match=message):
        check_fit(Geometry(_specification(4, 7, "layers=[784,72,10]")), board("ulx3s_25f"))


def test_the_tables_of_the_sigmoid_take_block_rams() -> None:
    sigmoid = ("activation.kind='sigmoid'", "array.memory_words=4096")
    device = board("ulx3s_25f").device
    without, found = (needs(Geometry(_specification(4, 7, *fields)), device) for fields in (sigmoid[1:], sigmoid))
    assert found["block_rams"] == without["block_rams"] + 4 + 7
    # A table of 2^12 states of 8 bits takes two blocks.
    large = needs(Geometry(_specification(4, 7, *sigmoid, "activation.table_bits=12")), device)
    assert large["block_rams"] == without["block_rams"] + 2 * (4 + 7)


def test_too_few_sprams() -> None:
    message = r"^array 2x3: needs 6 SPRAMs, icebreaker \(iCE40UP5K\) has 4; 2x2 fits$"
    with pytest.raises(CepropError, match=message):
        check_fit(Geometry(_specification(2, 3, "array.memory_ports=1")), board("icebreaker"))


def test_too_large_for_any_shape() -> None:
    message = r"needs 84 block RAMs, .* no shape fits; use smaller layers or a larger device$"
    with pytest.raises(CepropError, match=message):
        check_fit(Geometry(_specification(4, 7, "layers=[784,128,10]")), board("ulx3s_25f"))


def test_too_few_look_up_tables_by_an_estimate() -> None:
    def estimate(geometry: Geometry, device: Device) -> float:
        return 1000 * geometry.rows * geometry.cols

    message = r"^array 4x7: needs 28,000 look-up tables, ulx3s_25f \(LFE5U-25F\) has 24,288; 2x9 fits$"
    with pytest.raises(CepropError, match=message):
        check_fit(Geometry(_specification(4, 7)), board("ulx3s_25f"), estimate)


@pytest.mark.parametrize(
    ("name", "rows", "cols", "overrides", "kind", "blocks"),
    [
        ("ulx3s_25f", 4, 7, (), "block_rams", 2),
        ("ulx3s_85f", 16, 7, ("layers=[784,128,10]",), "block_rams", 1),
        ("ulx3s_85f", 8, 8, ("layers=[784,128,10]",), "block_rams", 2),
        ("ulx3s_85f", 8, 12, ("layers=[784,128,10]",), "block_rams", 2),
        ("icebreaker", 1, 4, ("array.memory_ports=1",), "sprams", 1),
        ("icebreaker", 1, 4, (), "block_rams", 38),
    ],
)
def test_what_fits_and_what_its_weights_take(
    name: str, rows: int, cols: int, overrides: tuple[str, ...], kind: str, blocks: int
) -> None:
    geometry, target = Geometry(_specification(rows, cols, *overrides)), board(name)
    need = memory_need(geometry, target.device)
    assert (need.kind, need.blocks) == (kind, blocks)
    found = needs(geometry, target.device)
    assert found[kind] == rows * cols * blocks
    assert found["multipliers"] == rows * cols
    if found[kind] <= target.device.room.named()[kind]:
        check_fit(geometry, target)


def test_fitting_shapes_are_exactly_those_that_pass() -> None:
    specification, target = _specification(1, 1, "layers=[16,6,3]"), board("icebreaker")
    shapes = fitting_shapes(specification, target.device)
    assert shapes == sorted(shapes, key=lambda shape: (shape[0] * shape[1], shape))
    assert (2, 4) in shapes
    for rows in range(1, 7):
        for cols in range(1, 10):
            geometry = Geometry(specification.override(f"array.rows={rows}", f"array.cols={cols}"))
            assert ((rows, cols) in shapes) == _passes(geometry)


def _passes(geometry: Geometry) -> bool:
    try:
        check_fit(geometry, board("icebreaker"))
    except CepropError:
        return False
    return True
