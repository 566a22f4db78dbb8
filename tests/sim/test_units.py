"""Every cell against the golden model's scalar functions, on both simulators, and benches that must be able to fail."""

from pathlib import Path
from typing import Any

import pytest
from amaranth.hdl import Module

from ceprop import CepropError
from ceprop.hdl.devices.multiplier import PortableMultiplier
from ceprop.sim.units import run_units, units_of
from ceprop.specification import Specification

pytestmark = pytest.mark.slow

TINY = Specification.from_mapping(
    {
        "layers": [5, 4, 3],
        "formats": {"state_bits": 2, "input_bits": 1, "weight_bits": 3, "weight_fraction": 2},
        "phases": {"order": "alternating"},
        "update": {"shifts": [0, 0]},
        "array": {"rows": 2, "cols": 3, "drives": 2, "trace": True},
    }
)
"""So few bits that every weight meets every state and every dither; two drives; alternating order."""

TABLE = Specification.from_mapping(
    {
        "layers": [7, 5, 4, 3],
        "rule": "c-vf",
        "formats": {"state_bits": 5, "input_bits": 7, "weight_bits": 7, "weight_fraction": 6},
        "activation": {"kind": "sigmoid", "table_bits": 6},
        "update": {"rounding": "nearest", "shifts": [1, 2, 3], "schedule": [{"epoch": 1, "shifts": [2, 2, 1]}]},
        "array": {"rows": 2, "cols": 2, "memory_ports": 1, "trace": True},
    }
)
"""Two weight sets on one port, inputs finer than states, rounding to nearest, rates that change."""

WIDE = Specification.from_mapping(
    {
        "layers": [7, 5, 3, 4, 2],
        "rule": "vf",
        "formats": {"state_bits": 9, "input_bits": 6, "weight_bits": 18, "weight_fraction": 12},
        "phases": {"order": "alternating"},
        "update": {"shifts": [9, 11, 10, 9], "schedule": [{"epoch": 1, "shifts": [10, 9, 11, 9]}]},
        "array": {"rows": 3, "cols": 2, "trace": True},
    }
)
"""Learning at the end of the phase, generators of 32 bits, several layers per edge, inputs coarser than states,
alternating order."""

SINGLE = Specification.from_mapping(
    {
        "layers": [5, 4],
        "rule": "ep",
        "formats": {"state_bits": 4, "input_bits": 2, "weight_bits": 5, "weight_fraction": 4},
        "activation": {"kind": "sigmoid", "table_bits": 4},
        "update": {"rounding": "floor", "shifts": [1]},
        "array": {"rows": 2, "cols": 3, "drives": 2},
    }
)
"""No neurons on the column edge, nothing added before rounding; two drives."""

LONG = Specification.from_mapping(
    {
        "layers": [33, 17, 21, 11],
        "formats": {"state_bits": 6, "input_bits": 4, "weight_bits": 8, "weight_fraction": 7},
        "nudge": {"sign": "centred"},
        "update": {"shifts": [4, 4, 5]},
        "array": {"rows": 2, "cols": 4, "memory_ports": 1, "input_lists": 1, "trace": True},
    }
)
"""Many slots per lane, both products of an update on one port, one list of inputs, a centred nudge."""

SPECIFICATIONS = pytest.mark.parametrize(
    "specification", [TINY, TABLE, WIDE, SINGLE, LONG], ids=["tiny", "table", "wide", "single", "long"]
)

GROUPS = {
    "neurons": ["neuron_row", "neuron_column"],
    "synapse": ["synapse"],
    "edge": [
        "input_lists",
        "column_lane",
        "row_lane",
        "sample_loader",
        "sweep_walker",
        "drive_prefetch",
        "step_walker",
    ],
    "parts": [
        "state_update_row",
        "state_update_column",
        "event_lists_row",
        "event_lists_column",
        "step_status",
        "input_dither",
        "loop_counter",
        "register_bank",
        "next_random",
        "multiplier",
        "activation_row",
        "activation_column",
        "skew_registers",
        "align_registers",
        "memory",
        "fifo",
        "fifo_of_one",
        "accumulator",
        "accumulator_of_two",
        "accumulator_separate_read",
    ],
}
"""Cells that are simulated together, for it takes longer to start than to try one."""


def test_every_cell_is_in_a_group() -> None:
    assert sorted(units_of(TINY)) == sorted(name for names in GROUPS.values() for name in names)


@pytest.mark.parametrize("group", GROUPS)
@SPECIFICATIONS
def test_on_icarus(specification: Specification, group: str, tmp_path: Path) -> None:
    names = [name for name in GROUPS[group] if name in units_of(specification)]
    run_units(specification, names, "icarus", tmp_path)


# Icarus has tried the cells of all five. The second simulator need only agree on what the Verilog means.
@pytest.mark.parametrize("specification", [TINY, TABLE, WIDE], ids=["tiny", "table", "wide"])
def test_on_verilator(specification: Specification, tmp_path: Path) -> None:
    # One build for all: the compiler takes longer than the benches.
    run_units(specification, units_of(specification), "verilator", tmp_path, seed=2)


@pytest.mark.parametrize("simulator", ["icarus", "verilator"])
def test_a_wrong_product_is_found(simulator: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def elaborate(multiplier: Any, platform: object) -> Module:
        m = Module()
        m.d.sync += multiplier.product.eq(multiplier.a - multiplier.b)
        return m

    monkeypatch.setattr(PortableMultiplier, "elaborate", elaborate)
    with pytest.raises(CepropError, match=r"multiplier: .* times .*: model -?\d+, hardware -?\d+ \(seed 7\)"):
        run_units(TINY, ["multiplier"], simulator, tmp_path, seed=7)
