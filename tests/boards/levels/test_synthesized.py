"""A core after synthesis: it learns what the model learns, and one wrong bit in it is found."""

from collections import Counter
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import pytest

from ceprop.boards.levels.faults import FlippedTable, choose_bit, flip_in_configuration, flip_in_netlist
from ceprop.boards.levels.netlists import Netlist, read_netlist
from ceprop.boards.levels.synthesized import SynthesizedCore, compare_synthesized, device_of, synthesized_core
from ceprop.boards.parts.devices import Family
from ceprop.boards.resources.link_memories import core_blocks
from ceprop.common.errors import CepropError
from ceprop.model import Dataset, Trainer
from ceprop.sim import ComparisonPlan
from ceprop.specification import Geometry, Specification

FAMILIES = pytest.mark.parametrize(
    "family", [pytest.param(name, marks=pytest.mark.xdist_group(f"synthesized {name}")) for name in ("ice40", "ecp5")]
)


def _core(specification: Specification, family: Family, folder: Path) -> SynthesizedCore:
    return synthesized_core(specification, device_of(family), folder, lambda _: None)


@pytest.mark.slow
@FAMILIES
def test_a_synthesized_core_learns_what_the_model_learns(
    family: Family, smallest: Specification, samples: Dataset, made: Path
) -> None:
    core = _core(smallest, family, made)
    kinds = Counter(cell["type"] for cell in core.netlist.module["cells"].values())
    expected = {"ice40": {"SB_LUT4", "SB_MAC16"}, "ecp5": {"LUT4", "MULT18X18D"}}
    assert expected[family] <= set(kinds)
    # The table of the sigmoid is among them. On iCE40, yosys may make small memories of flip-flops.
    counted = core_blocks(Geometry(smallest), device_of(family))
    if family == "ecp5":
        assert kinds["DP16KD"] == counted == 2
    else:
        assert 0 < kinds["SB_RAM40_4K"] <= counted
    plan = ComparisonPlan(simulator="icarus", samples=3, read_every=2, command="pytest")
    found = compare_synthesized(core, samples, plan)
    assert found.mismatches == 0, found.first_mismatch
    assert (found.samples_compared, found.followed_samples) == (3, 1)
    assert found.weights_compared
    trainer = Trainer.start(smallest, samples)
    trainer.run(3)
    assert found.weights_sha256 == trainer.network.weights_sha256()


FOUND_SEEDS = {"ice40": 4, "ecp5": 1}
"""Seeds that choose a bit which these samples look up. A third of the bits is looked up in so short a run."""


@pytest.mark.slow
@FAMILIES
def test_one_wrong_bit_of_a_look_up_table_is_found(
    family: Family, smallest: Specification, samples: Dataset, made: Path
) -> None:
    core = _core(smallest, family, made)
    wrong = flip_in_netlist(core.netlist, choose_bit(core.netlist, FOUND_SEEDS[family]))
    plan = ComparisonPlan(simulator="icarus", samples=3, command="pytest")
    found = compare_synthesized(replace(core, netlist=wrong), samples, plan)
    assert found.mismatches
    assert found.first_mismatch is not None
    assert found.first_mismatch.startswith("sample ")
    assert "seed 1; pytest" in found.first_mismatch


def _netlist(**cells: dict[str, object]) -> Netlist:
    return Netlist("top", "ice40", {"modules": {"top": {"ports": {}, "cells": cells, "netnames": {}}}})


def test_a_fault_is_one_bit_that_the_constants_select() -> None:
    table = {
        "type": "SB_LUT4",
        "parameters": {"LUT_INIT": "0" * 16},
        "connections": {"I0": ["1"], "I1": [2], "I2": ["0"], "I3": ["1"], "O": [3]},
    }
    netlist = _netlist(**{"array.cell_0_0.sum": table, "control": deepcopy(table)})
    changed = flip_in_netlist(netlist, choose_bit(netlist, 1)).module["cells"]
    content = changed["array.cell_0_0.sum"]["parameters"]["LUT_INIT"]
    assert content.count("1") == 1
    assert 15 - content.index("1") in (0b1001, 0b1011)
    assert changed["control"] == table
    assert netlist.module["cells"]["array.cell_0_0.sum"] == table


def test_a_netlist_without_look_up_tables_cannot_have_a_fault() -> None:
    with pytest.raises(CepropError, match="no look-up table"):
        choose_bit(_netlist(), 1)


def test_the_same_bit_is_flipped_in_a_configuration() -> None:
    rows = ["0" * 54] * 16
    text = "\n".join([".logic_tile 1 2", *rows, ".logic_tile 3 4", *rows, ""])
    changed = flip_in_configuration(text, FlippedTable("array.sum", "X3/Y4/lc5", 2)).splitlines()
    differing = [number for number, (old, new) in enumerate(zip(text.splitlines(), changed, strict=True)) if old != new]
    # The third bit of a look-up table is the sixth bit of the second row of its logic cell (Project IceStorm).
    assert differing == [17 + 1 + 2 * 5 + 1]
    assert changed[differing[0]] == "0" * 41 + "1" + "0" * 12
    with pytest.raises(CepropError, match="no logic cell X9/Y9/lc0"):
        flip_in_configuration(text, FlippedTable("array.sum", "X9/Y9/lc0", 2))


def test_a_cell_without_a_model_is_named() -> None:
    with pytest.raises(CepropError, match="has no model of SB_NOTHING"):
        _netlist(one={"type": "SB_NOTHING"}).models()


def test_a_damaged_netlist_is_named(tmp_path: Path) -> None:
    path = tmp_path / "netlist.json"
    path.write_text('{"modules": {}}')
    with pytest.raises(CepropError, match=r"netlist\.json: has no module top"):
        read_netlist(path, "top", "ice40")


def test_numbers_that_are_too_wide_are_refused(smallest: Specification, tmp_path: Path) -> None:
    wide = replace(device_of("ice40"), primitives="ice40")
    with pytest.raises(CepropError, match="SB_MAC16 takes 16"):
        synthesized_core(
            smallest.override("formats.weight_bits=18", "formats.weight_fraction=6"), wide, tmp_path, lambda _: None
        )
