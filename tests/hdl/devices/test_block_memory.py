"""How memories are cut into blocks: every bit once, every word held, and never a block too many."""

import itertools

import pytest

from ceprop.hdl.devices import ecp5, ice40
from ceprop.hdl.devices.block_memory import Shape, count, cut

KINDS = {
    "dual": ecp5.DUAL_SHAPES,
    "single": ecp5.SINGLE_SHAPES,
    "ebr": ice40.BLOCK_SHAPES,
    "spram": ice40.SPRAM_SHAPES,
}
SIZES = [(1, 1), (2, 7), (255, 16), (257, 16), (700, 12), (1024, 18), (1025, 18), (2048, 12), (2500, 13), (20000, 24)]


@pytest.mark.parametrize("shapes", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize(("words", "bits"), SIZES)
def test_every_bit_of_every_word_has_one_place(words: int, bits: int, shapes: tuple[Shape, ...]) -> None:
    slices = cut(words, bits, shapes)
    assert [piece.low for piece in slices] == list(itertools.accumulate((p.bits for p in slices[:-1]), initial=0))
    assert sum(piece.bits for piece in slices) == bits
    for piece in slices:
        assert 0 < piece.bits <= piece.shape.bits
        assert (piece.banks - 1) * piece.shape.words < words <= piece.banks * piece.shape.words


@pytest.mark.parametrize("shapes", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize(("words", "bits"), [(1, 1), (300, 5), (700, 12), (2048, 9), (2500, 13), (5000, 10)])
def test_no_other_choice_of_shapes_takes_fewer_blocks(words: int, bits: int, shapes: tuple[Shape, ...]) -> None:
    best = min(
        sum(shape.banks(words) for shape in chosen)
        for n in range(1, -(-bits // max(shape.bits for shape in shapes)) + 4)
        for chosen in itertools.combinations_with_replacement(shapes, n)
        if sum(shape.bits for shape in chosen) >= bits
    )
    assert count(words, bits, shapes) == best


@pytest.mark.parametrize(
    ("words", "bits", "blocks"),
    [(1024, 12, 1), (1024, 18, 1), (2048, 12, 2), (512, 36, 1), (513, 36, 2), (2744, 12, 3), (2500, 13, 3)],
)
def test_blocks_of_the_ecp5(words: int, bits: int, blocks: int) -> None:
    assert ecp5.blocks(words, bits) == blocks


def test_one_port_of_the_ecp5_is_at_most_18_bits_wide() -> None:
    assert (ecp5.blocks(512, 36, ports=2), ecp5.blocks(512, 36, ports=1)) == (1, 2)


@pytest.mark.parametrize(
    ("words", "bits", "blocks", "sprams"),
    [(256, 12, 1, 1), (257, 12, 2, 1), (1024, 12, 3, 1), (12704, 12, 38, 1), (16384, 17, 72, 2), (16385, 12, 50, 2)],
)
def test_blocks_of_the_ice40(words: int, bits: int, blocks: int, sprams: int) -> None:
    assert (ice40.blocks(words, bits), ice40.sprams(words, bits)) == (blocks, sprams)


def test_of_equal_choices_the_one_with_the_fewest_banks_is_taken() -> None:
    assert [(p.shape, p.banks) for p in cut(2048, 18, ecp5.DUAL_SHAPES)] == [(Shape(2048, 9), 1)] * 2
