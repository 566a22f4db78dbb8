"""Benches of single cells can fail, in both simulators. `tests/verification/` runs the benches of all cells."""

from pathlib import Path
from typing import Any

import pytest
from amaranth.hdl import Module

from ceprop import CepropError
from ceprop.hdl.devices.multiplier import PortableMultiplier
from ceprop.sim.units import run_units, units_of
from ceprop.sim.units.registry import UNITS
from ceprop.verification.part_specifications import PART_SPECIFICATIONS, TINY

pytestmark = pytest.mark.slow


def test_the_specifications_have_every_cell() -> None:
    assert {name for one in PART_SPECIFICATIONS.values() for name in units_of(one)} == set(UNITS)


@pytest.mark.parametrize("simulator", ["icarus", "verilator"])
def test_a_wrong_product_is_found(simulator: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def elaborate(multiplier: Any, platform: object) -> Module:
        m = Module()
        m.d.sync += multiplier.product.eq(multiplier.a - multiplier.b)
        return m

    monkeypatch.setattr(PortableMultiplier, "elaborate", elaborate)
    with pytest.raises(CepropError, match=r"multiplier: .* times .*: model -?\d+, hardware -?\d+ \(seed 7\)"):
        run_units(TINY, ["multiplier"], simulator, tmp_path, seed=7)
