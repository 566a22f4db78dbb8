"""Every comparison of the testbench of a core is awake. One bit of what the core answers is wrong, or one answer comes
late or never, and only the comparison of this answer can see it."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ceprop.common.scratch import private_folder
from ceprop.hdl import generate
from ceprop.model import Dataset
from ceprop.sim import ComparisonPlan
from ceprop.sim.commands import Design
from ceprop.sim.compare import job_of
from ceprop.sim.job import VARIABLE
from ceprop.sim.run import Bench, simulate
from ceprop.sim.simulators import find_simulator
from ceprop.specification import Specification

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("faulty core")]

SPECIFICATION = Specification.from_mapping(
    {
        "name": "faulty",
        "layers": [4, 3, 2],
        "rule": "c-vf",
        "formats": {"state_bits": 4, "input_bits": 3, "weight_bits": 8, "weight_fraction": 6},
        "phases": {"free_steps": 3, "nudged_steps": 2},
        "update": {"shifts": [3, 3]},
        "array": {"rows": 2, "cols": 1, "trace": True},
    }
)
"""Two weight sets, both edges, and two slots of layer 1."""

VALUES = r"model (-?\d+), hardware (-?\d+)"
AT_THE_END = "sample 1, after the last step,"
FOUND = {
    **dict.fromkeys(("setting", "most", "least", "set_back"), rf"sample 0, register \w+: {VALUES}"),
    "late": rf"sample 1, cycles since the previous result: {VALUES}",
    "silent": r"sample 1, the core hangs: no answer in \d+ cycles, where the model expects \d+",
    "prediction": rf"sample 1, prediction: {VALUES}",
    "tie": rf"sample 1, tie: {VALUES}",
    "free_end": rf"sample 1, free_end: {VALUES}",
    "free_steps": rf"sample 1, free_steps: {VALUES}",
    "nudged_steps": rf"sample 1, nudged_steps: {VALUES}",
    "nudged_settled": rf"sample 1, nudged_settled: {VALUES}",
    "first_state": rf"sample 1, free phase step 1, state of layer 1, unit 0: {VALUES}",
    "second_state": rf"sample 1, free phase step 1, state of layer 2, unit 0: {VALUES}",
    "drive": rf"sample 1, free phase step 1, drive of layer 1, unit 0: {VALUES}",
    "place": "sample 1, free phase step 1, the groups of states in the trace are not in order",
    "lost_step": rf"sample 1, steps executed: {VALUES}",
    "lost_trace": "sample 1, the trace has no groups of states",
    "weight": rf"{AT_THE_END} weights of layer 1, unit 0 from unit 0: {VALUES}",
    "backward": rf"{AT_THE_END} backward weights of layer 2, unit 0 from unit 0: {VALUES}",
    "bias": rf"{AT_THE_END} bias of layer 1, unit 0: {VALUES}",
    "bias_column": rf"{AT_THE_END} bias of layer 2, unit 0: {VALUES}",
    "generator": rf"{AT_THE_END} generator of layer 1, unit 0: {VALUES}",
    "generator_column": rf"{AT_THE_END} generator of layer 2, unit 0: {VALUES}",
    "state": rf"{AT_THE_END} final state of layer 1, unit 0: {VALUES}",
    "state_column": rf"{AT_THE_END} final state of layer 2, unit 0: {VALUES}",
    "samples": rf"sample 1, counter samples: {VALUES}",
    "cycles": rf"sample 1, counter cycles: {VALUES}",
    "slots": rf"sample 1, counter slots: {VALUES}",
    "free_steps_executed": rf"sample 1, counter free_steps_executed: {VALUES}",
    "nudged_steps_executed": rf"sample 1, counter nudged_steps_executed: {VALUES}",
    "saturations": rf"sample 1, counter saturations: {VALUES}",
    "ties": rf"sample 1, counter ties: {VALUES}",
}
"""What the testbench says of each fault of `simulated/faulty_core.py`."""


@pytest.fixture(scope="module")
def outcomes() -> dict[str, dict[str, Any]]:
    """What the testbench found, by the fault. All faults are in one simulation."""
    draw = np.random.default_rng(3)
    inputs = draw.integers(0, 8, (2, 4)).astype(np.uint16)
    dataset = Dataset("random", inputs, np.array([0, 1]), inputs, np.array([0, 1]))
    core = generate(SPECIFICATION, checks=True)
    with pytest.MonkeyPatch.context() as patch, private_folder() as place:
        patch.syspath_prepend(Path(__file__).parent / "simulated")
        job_of(SPECIFICATION, core.manifest, dataset, ComparisonPlan(samples=2, read_every=2)).save(place)
        bench = Bench("faulty_core", {VARIABLE: str(place)})
        simulate(find_simulator("icarus"), Design(core.top, core.verilog), bench, place, None)
        lines = (place / "outcomes").read_text(encoding="utf-8").splitlines()
    return {found["fault"]: found for found in map(json.loads, lines)}


def test_without_a_fault_nothing_is_found(outcomes: dict[str, dict[str, Any]]) -> None:
    found = outcomes["none"]
    assert (found["mismatches"], found["first_mismatch"], found["samples"]) == (0, None, 2)
    assert found["followed_samples"] == 1
    assert outcomes.keys() == FOUND.keys() | {"none", "late_trace", "flicker"}


def test_a_trace_that_comes_after_the_result_is_no_fault(outcomes: dict[str, dict[str, Any]]) -> None:
    """It does so in a long array, where a nudged phase ends at once."""
    unlike = {name for name, value in outcomes["late_trace"].items() if value != outcomes["none"][name]}
    assert unlike == {"fault"}


@pytest.mark.parametrize("fault", FOUND)
def test_one_comparison_finds_the_fault(fault: str, outcomes: dict[str, dict[str, Any]]) -> None:
    found = outcomes[fault]
    assert found["mismatches"] == 1
    match = re.fullmatch(FOUND[fault], found["first_mismatch"])
    assert match, found["first_mismatch"]
    assert len(set(match.groups())) == len(match.groups()), "the values differ"


def test_a_beat_that_changes_while_it_waits_is_found(outcomes: dict[str, dict[str, Any]]) -> None:
    assert outcomes["flicker"]["error"] == "stream result: a beat that waited has changed or is gone"
