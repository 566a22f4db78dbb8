"""What memories hold when the power comes has no effect: a core that was reset learns the bits of the model."""

import random
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from amaranth.hdl import Module

from ceprop.hdl import generate
from ceprop.hdl.control.sample import Sample
from ceprop.hdl.control.synchronous import SynchronousSequencer
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
    "alternating, two drives": ["phases.order='alternating'", "array.drives=2", "rule='ep'"],
    "one port and list": ["array.memory_ports=1", "array.input_lists=1"],
}

_WORD = re.compile(r"^(    \\?[\w.$]+\[\d+\] = )(\d+)'[dhb][0-9a-fx]+;", re.MULTILINE)
"""A word of a memory in the Verilog, with its first value."""
_WRITE = re.compile(r"^\s+\\?[\w.$]+\[.*\] <=", re.MULTILINE)
"""A write of a memory. A table of constants has none."""


def powered_up(core: GeneratedCore, seed: int) -> tuple[GeneratedCore, int]:
    """A core whose memories begin with random words, and how many words these are."""
    draw, count = random.Random(seed), 0

    def drawn(found: re.Match[str]) -> str:
        nonlocal count
        count += 1
        bits = int(found[2])
        return f"{found[1]}{bits}'h{draw.getrandbits(bits):x};"

    modules = re.split(r"(?<=^endmodule\n)", core.verilog, flags=re.MULTILINE)
    changed = [_WORD.sub(drawn, module) if _WRITE.search(module) else module for module in modules]
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


def test_states_that_are_not_zero_at_first_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A core whose first step takes the states from its memory learns the first sample right where they are zero."""
    tell = SynchronousSequencer._tell_step

    def never_first(sequencer: SynchronousSequencer, m: Module, s: Sample) -> None:
        tell(sequencer, m, s)
        m.d.comb += sequencer.step.first.eq(0)

    monkeypatch.setattr(SynchronousSequencer, "_tell_step", never_first)
    core = generate(SPECIFICATION, checks=True)
    zeros = learned(core, SPECIFICATION, tmp_path)
    assert str(zeros.first_mismatch).startswith("sample 1, ")
    found = learned(powered_up(core, 11)[0], SPECIFICATION, tmp_path)
    assert str(found.first_mismatch).startswith("sample 0, ")
