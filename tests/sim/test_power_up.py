"""What memories and registers hold when the power comes has no effect: a core that was reset learns the bits of the
model."""

import random
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ceprop.hdl import generate
from ceprop.hdl.export import GeneratedCore
from ceprop.model import Dataset
from ceprop.sim import Comparison, ComparisonPlan
from ceprop.sim.compare import compare_core
from ceprop.specification import Specification

pytestmark = pytest.mark.slow

SPECIFICATION = Specification.from_mapping(
    {
        "name": "powered",
        "layers": [9, 5, 4],
        "formats": {"state_bits": 4, "input_bits": 3, "weight_bits": 8, "weight_fraction": 6},
        "phases": {"free_steps": 4, "nudged_steps": 3},
        "update": {"shifts": [4, 4]},
        "array": {"rows": 2, "cols": 2, "trace": True},
    }
)
CORES = {
    "synchronous": [],
    "alternating": ["phases.order='alternating'"],
    "two drives": ["array.drives=2", "rule='ep'"],
    "one port, one list": ["array.memory_ports=1", "array.input_lists=1", "phases.order='alternating'"],
}

_WORD = re.compile(r"^(    \\?[\w.$]+\[\d+\] = )(\d+)'[dhb][0-9a-fx]+;", re.MULTILINE)
"""A word of a memory in the Verilog, with its first value."""
_REGISTER = re.compile(r"^(  reg (?:\[\d+:0\] )?\\?[\w.$]+ ?= )(\d+)'[dhb][0-9a-fx]+;", re.MULTILINE)
"""A register with its first value."""


def powered_up(core: GeneratedCore, seed: int) -> tuple[GeneratedCore, int]:
    """A core whose memories and registers begin with random values, and how many these are. A table of constants, which
    is never written, stays."""
    draw = random.Random(seed)
    count = 0

    def drawn(found: re.Match[str]) -> str:
        nonlocal count
        count += 1
        bits = int(found[2])
        return f"{found[1]}{bits}'h{draw.getrandbits(bits):x};"

    modules = re.split(r"(?<=^endmodule\n)", core.verilog, flags=re.MULTILINE)
    changed = [_REGISTER.sub(drawn, module) for module in modules]
    changed = [
        _WORD.sub(drawn, module) if re.search(r"^\s+\\?[\w.$]+\[.*\] <=", module, re.MULTILINE) else module
        for module in changed
    ]
    return replace(core, verilog="".join(changed)), count


def learned(core: GeneratedCore, specification: Specification, folder: Path) -> Comparison:
    """Three samples, the first one without inputs."""
    draw = np.random.default_rng(4)
    inputs = draw.integers(0, 8, (3, specification.layers[0])).astype(np.uint16)
    inputs[0] = 0
    dataset = Dataset("random", inputs, np.array([1, 0, 2]), inputs, np.array([1, 0, 2]))
    plan = ComparisonPlan(simulator="icarus", samples=3, read_every=3, build=folder, command="pytest")
    return compare_core(specification, dataset, plan, core, {})


@pytest.mark.parametrize("name", CORES)
def test_what_is_there_at_power_up_has_no_effect(name: str, tmp_path: Path) -> None:
    specification = SPECIFICATION.override(*CORES[name])
    core, count = powered_up(generate(specification, checks=True), 11)
    assert count > 100
    found = learned(core, specification, tmp_path)
    assert (found.mismatches, found.first_mismatch) == (0, None)
