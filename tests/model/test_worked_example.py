"""The worked example of docs/numerics.md: its text was made without this package; both models must agree with it."""

import re
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ceprop import Specification
from ceprop.model import FreeEnd, Network, SampleRecord, fast, plain, update, update_bias

DOCUMENT = Path(__file__).parents[2] / "docs" / "numerics.md"
TEXT, _, ALTERNATING = (
    DOCUMENT.read_text(encoding="utf-8")
    .partition("## 9. A worked example")[2]
    .partition("**The same sample in alternating order.**")
)
INPUTS, LABEL, SHIFTS = np.array([9, 25]), 1, (2, 2)


def specification(nudged_steps: int = 2) -> Specification:
    match = re.search(r"```toml\n(.*?)```", TEXT, re.DOTALL)
    assert match is not None
    return Specification.from_mapping(tomllib.loads(match[1])).override(f"phases.nudged_steps={nudged_steps}")


def rows(pattern: str, text: str = TEXT) -> list[list[str]]:
    """Cells of the table rows whose first cell matches."""
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")
    ]
    return [row for row in cells if re.fullmatch(pattern, row[0])]


def lists(cells: list[str]) -> list[list[int]]:
    """The `[1, 2]` of some cells, in turn."""
    return [[int(v) for v in found.split(",")] for found in re.findall(r"\[([-\d, ]+)\]", " ".join(cells))]


def run(run_sample: Any, nudged_steps: int) -> tuple[Network, SampleRecord]:
    network = Network.initial(specification(nudged_steps))
    return network, run_sample(network, INPUTS, LABEL, shifts=SHIFTS, trace=True)


def test_start() -> None:
    network = Network.initial(specification())
    assert lists(rows("weights.*")[0]) == [*network.weights[0].tolist(), *network.weights[1].tolist()]
    assert lists(rows("biases")[0]) == [b.tolist() for b in network.biases]
    assert lists(rows("generators")[0]) == [g.tolist() for g in network.generators]


@pytest.mark.parametrize("run_sample", [plain.run_sample, fast.run_sample])
def test_states_and_drives(run_sample: Any) -> None:
    _, record = run(run_sample, 2)
    free, nudged = rows(r"\d+"), rows(r"\[.*")
    assert (record.free_steps, record.free_end, record.prediction, record.tie) == (3, FreeEnd.SETTLED, 0, False)
    assert (record.nudged_steps, record.nudged_settled, record.saturations) == (2, False, 0)
    assert record.states is not None
    assert record.drives is not None
    written = [lists(row[3:5]) for row in free] + [lists(row[5:7]) for row in nudged]
    assert record.states.reshape(-1, 2, 2).tolist() == written
    assert record.drives.tolist() == [[1152, -268]] * 3 + [lists(row[:1])[0] for row in nudged]
    assert "`drive = [1152, -268]` throughout" in TEXT


@pytest.mark.parametrize("run_sample", [plain.run_sample, fast.run_sample])
@pytest.mark.parametrize("step", [1, 2])
def test_weights_and_generators_after_each_nudged_step(run_sample: Any, step: int) -> None:
    network, _ = run(run_sample, step)
    table = rows("[Wb]_.*")[12 * (step - 1) : 12 * step]
    for name, *_, after in table:
        layer, *index = (int(v) for v in re.findall(r"\d+", name))
        array = (network.weights if name[0] == "W" else network.biases)[layer - 1]
        assert array[tuple(index)] == int(after), name
    assert lists(rows(r"\[.*")[step - 1][7:]) == [g.tolist() for g in network.generators]


def test_every_update() -> None:
    for name, *numbers in rows("[Wb]_.*"):
        difference, dither, move, before, after = map(int, numbers)
        function = update if name[0] == "W" else update_bias
        assert function(specification(), int(name[2]), before, difference, dither, 2) == (after, False), name
        assert before + move == after


def test_digest() -> None:
    network, _ = run(fast.run_sample, 2)
    assert f"`{network.weights_sha256()}`" in TEXT


@pytest.mark.parametrize("run_sample", [plain.run_sample, fast.run_sample])
@pytest.mark.parametrize("steps", [1, 2])
def test_the_same_sample_in_alternating_order(run_sample: Any, steps: int) -> None:
    network = Network.initial(specification(steps).override("phases.order='alternating'"))
    record = run_sample(network, INPUTS, LABEL, shifts=SHIFTS, trace=True)
    free, nudged = rows(r"\d+", ALTERNATING)[:2], rows(r"\d+", ALTERNATING)[2:]
    assert (record.free_steps, record.free_end, record.saturations) == (2, FreeEnd.SETTLED, 0)
    assert (record.nudged_steps, record.nudged_settled) == (steps, False)
    written = [[lists(row[2:3])[0], lists(row[4:5])[0]] for row in free]
    written += [[lists(row[7:8])[0], lists(row[5:6])[0]] for row in nudged[:steps]]
    assert record.states.reshape(-1, 2, 2).tolist() == written
    assert record.drives[2:].tolist() == [lists(row[1:2])[0] for row in nudged[:steps]]
    assert lists(nudged[steps - 1][8:]) == [generator.tolist() for generator in network.generators]
    for name, *cells in rows("[Wb]_.*", ALTERNATING):
        array = (network.weights if name[0] == "W" else network.biases)[int(name[2]) - 1]
        assert np.atleast_2d(array).tolist() == lists([cells[3 * steps - 1]]), name
    assert (f"`{network.weights_sha256()}`" in ALTERNATING) is (steps == 2)
