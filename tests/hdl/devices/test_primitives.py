# amaranth: UnusedElaboratable=no
"""The sets of primitives: what they promise alike, what each instantiates, and what they refuse."""

import re

import pytest

from ceprop import CepropError, Specification
from ceprop.hdl.devices import ecp5, ice40
from ceprop.hdl.devices.primitives import ECP5, ICE40, PORTABLE, Primitives, primitives_named
from ceprop.hdl.export import generate, to_verilog

SETS = pytest.mark.parametrize("primitives", [PORTABLE, ECP5, ICE40], ids=lambda primitives: primitives.name)


@SETS
def test_a_set_is_found_by_its_name(primitives: Primitives) -> None:
    assert primitives_named(primitives.name) is primitives


def test_an_unknown_name_is_one_line() -> None:
    with pytest.raises(CepropError, match="primitives gowin: must be one of portable, ecp5, ice40"):
        primitives_named("gowin")


@SETS
def test_all_sets_have_the_same_ports_and_latencies(primitives: Primitives) -> None:
    for own, portable in (
        (primitives.multiplier(12, 9), PORTABLE.multiplier(12, 9)),
        (primitives.weight_memory(700, 12, 1), PORTABLE.weight_memory(700, 12, 1)),
        (primitives.weight_memory(700, 12, 2), PORTABLE.weight_memory(700, 12, 2)),
    ):
        to_verilog(own, "part")
        assert own.signature == portable.signature
        assert own.latency == portable.latency


@SETS
@pytest.mark.parametrize("ports", [0, 3])
def test_a_memory_has_one_port_or_two(primitives: Primitives, ports: int) -> None:
    with pytest.raises(CepropError, match=f"ports = {ports}: must be 1 or 2"):
        primitives.weight_memory(16, 12, ports)


@pytest.mark.parametrize(("primitives", "widest", "cell"), [(ECP5, 18, "MULT18X18D"), (ICE40, 16, "SB_MAC16")])
def test_wide_operands_are_refused(primitives: Primitives, widest: int, cell: str) -> None:
    primitives.multiplier(widest, widest)
    for operands in ((widest + 1, 4), (4, widest + 1)):
        with pytest.raises(
            CepropError, match=rf"{operands[0]} x {operands[1]} bits: .*{cell} takes {widest} x {widest}"
        ):
            primitives.multiplier(*operands)


def test_a_core_with_wide_operands_is_refused_before_it_is_made() -> None:
    specification = Specification.from_mapping(
        {
            "layers": [5, 4],
            "formats": {"weight_bits": 19, "weight_fraction": 12},
            "update": {"shifts": [8]},
            "array": {"rows": 2, "cols": 2},
        }
    )
    with pytest.raises(CepropError, match="multiplier of 19 x 9 bits"):
        generate(specification, ECP5)


def instances(verilog: str) -> list[tuple[str, str]]:
    """Cells of a vendor and their names, in no order."""
    return re.findall(r"^  ([A-Z][A-Z0-9_]+) (?:#\([^;]*?\n  \) )?(\w+) \($", verilog, re.MULTILINE)


@pytest.mark.parametrize(("primitives", "cell"), [(ECP5, "MULT18X18D"), (ICE40, "SB_MAC16")])
def test_a_multiplier_is_one_block(primitives: Primitives, cell: str) -> None:
    assert instances(to_verilog(primitives.multiplier(12, 9), "multiplier")) == [(cell, "dsp")]


@pytest.mark.parametrize(("words", "bits"), [(3, 3), (700, 12), (2500, 13), (17000, 20)])
@pytest.mark.parametrize("ports", [1, 2])
def test_a_memory_is_as_many_blocks_as_counted(words: int, bits: int, ports: int) -> None:
    for primitives, cell, count in (
        (ECP5, "DP16KD", ecp5.blocks(words, bits, ports)),
        (ICE40, "SB_SPRAM256KA", ice40.sprams(words, bits))
        if ports == 1
        else (ICE40, "SB_RAM40_4K", ice40.blocks(words, bits)),
    ):
        found = instances(to_verilog(primitives.weight_memory(words, bits, ports), "memory"))
        assert sorted(found) == sorted((cell, f"ram_{k}") for k in range(count))
        assert cell in primitives.cells
