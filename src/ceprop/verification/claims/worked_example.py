"""The worked example of docs/numerics.md, whose numbers were computed without this package."""

import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import ceprop
from ceprop.common.errors import CepropError
from ceprop.model import FreeEnd, Network, fast, plain, update, update_bias
from ceprop.specification import Specification
from ceprop.verification.case import Case, Claim, Found

_INPUTS, _LABEL, _SHIFTS = np.array([9, 25]), 1, (2, 2)
_MODELS = (("plain", plain.run_sample), ("compiled", fast.run_sample))
_UPDATES = 12
"""Weights and biases of the example's network, and so the rows of an update."""


def document() -> Path:
    """Return docs/numerics.md: inside the package in a wheel, at the top of a checkout otherwise.

    Raises :class:`CepropError` where the installation lacks it.
    """
    package = Path(ceprop.__file__).resolve().parent
    for folder in (package / "docs", package.parents[1] / "docs"):
        if (folder / "numerics.md").is_file():
            return folder / "numerics.md"
    raise CepropError("docs/numerics.md did not come with this installation of ceprop; install it again")


class WorkedExample:
    """The example as its document has it, and the comparison of one model with it.

    `compared` counts the numbers, and `mismatch` names the first that differs.
    """

    def __init__(self, text: str, run_sample: Callable[..., Any]):
        section = text.partition("## 9. A worked example")[2]
        self._text, _, self._alternating = section.partition("**The same sample in alternating order.**")
        self._run_sample = run_sample
        self.compared = 0
        self.mismatch: str | None = None

    def compare_start(self) -> None:
        """Compare the initial network."""
        network = Network.initial(self._specification())
        for name, arrays in (("biases", network.biases), ("generators", network.generators)):
            self._compare(name, [array.tolist() for array in arrays], _lists(_rows(name, self._text)[0]))
        weights = [row for array in network.weights for row in array.tolist()]
        self._compare("weights", weights, _lists(_rows("weights.*", self._text)[0]))

    def compare_updates(self) -> None:
        """Compare every update with the scalar functions of the model."""
        for name, *numbers in _rows("[Wb]_.*", self._text):
            difference, dither, move, before, after = map(int, numbers)
            function = update if name[0] == "W" else update_bias
            found, _ = function(self._specification(), int(name[2]), before, difference, dither, 2)
            self._compare(f"update of {name}", [[found, before + move]], [[after, after]])

    def compare_synchronous(self, steps: int) -> None:
        """Compare every state, drive, weight and generator of the sample with so many nudged steps."""
        network, record = self._learn(self._specification(steps))
        free, nudged = _rows(r"\d+", self._text), _rows(r"\[.*", self._text)[:steps]
        self._compare("ends", [_ends(record)], [[3, FreeEnd.SETTLED, steps]])
        written = [_lists(row[3:5]) for row in free] + [_lists(row[5:7]) for row in nudged]
        self._compare("states", record.states.reshape(-1, 2, 2).tolist(), written)
        drives = re.findall(r"`drive = \[([-\d, ]+)\]` throughout", self._text)
        steady = [int(value) for value in drives[0].split(",")]
        self._compare("drives", record.drives.tolist(), [steady] * 3 + [_lists(row[:1])[0] for row in nudged])
        self._compare("generators", [g.tolist() for g in network.generators], _lists(nudged[-1][7:]))
        for name, *_, after in _rows("[Wb]_.*", self._text)[_UPDATES * (steps - 1) : _UPDATES * steps]:
            layer, *index = (int(value) for value in re.findall(r"\d+", name))
            array = (network.weights if name[0] == "W" else network.biases)[layer - 1]
            self._compare(name, [[int(array[tuple(index)])]], [[int(after)]])
        if steps == 2:
            self._compare_digest(network, self._text)

    def compare_alternating(self, steps: int) -> None:
        """Compare the same sample in alternating order with so many nudged steps."""
        network, record = self._learn(self._specification(steps).override("phases.order='alternating'"))
        rows = _rows(r"\d+", self._alternating)
        free, nudged = rows[:2], rows[2 : 2 + steps]
        self._compare("alternating ends", [_ends(record)], [[2, FreeEnd.SETTLED, steps]])
        written = [[_lists(row[2:3])[0], _lists(row[4:5])[0]] for row in free]
        written += [[_lists(row[7:8])[0], _lists(row[5:6])[0]] for row in nudged]
        self._compare("alternating states", record.states.reshape(-1, 2, 2).tolist(), written)
        self._compare("alternating drives", record.drives[2:].tolist(), [_lists(row[1:2])[0] for row in nudged])
        generators = [generator.tolist() for generator in network.generators]
        self._compare("alternating generators", generators, _lists(nudged[-1][8:]))
        for name, *cells in _rows("[Wb]_.*", self._alternating):
            array = (network.weights if name[0] == "W" else network.biases)[int(name[2]) - 1]
            self._compare(f"alternating {name}", np.atleast_2d(array).tolist(), _lists([cells[3 * steps - 1]]))
        if steps == 2:
            self._compare_digest(network, self._alternating)

    def _specification(self, nudged_steps: int = 2) -> Specification:
        found = re.search(r"```toml\n(.*?)```", self._text, re.DOTALL)
        assert found is not None
        return Specification.from_mapping(tomllib.loads(found[1])).override(f"phases.nudged_steps={nudged_steps}")

    def _learn(self, specification: Specification) -> tuple[Network, Any]:
        network = Network.initial(specification)
        return network, self._run_sample(network, _INPUTS, _LABEL, shifts=_SHIFTS, trace=True)

    def _compare_digest(self, network: Network, text: str) -> None:
        digest = network.weights_sha256()
        self._compare("digest", [[digest]], [[digest if f"`{digest}`" in text else "another"]])

    def _compare(self, what: str, found: list[list[Any]], written: list[list[Any]]) -> None:
        """Compare lists of numbers."""
        self.compared += int(np.size(np.array(written)))
        if found != written and self.mismatch is None:
            self.mismatch = f"{what}: document {written}, model {found}"


def _ends(record: Any) -> list[int]:
    return [record.free_steps, record.free_end, record.nudged_steps]


def _rows(pattern: str, text: str) -> list[list[str]]:
    """Return the cells of the rows of tables whose first cell matches."""
    lines = (line.strip("|").split("|") for line in text.splitlines() if line.startswith("|"))
    return [row for cells in lines if re.fullmatch(pattern, (row := [cell.strip() for cell in cells])[0])]


def _lists(cells: list[str]) -> list[list[int]]:
    """Return the `[1, 2]` of some cells, in turn."""
    return [[int(value) for value in found.split(",")] for found in re.findall(r"\[([-\d, ]+)\]", " ".join(cells))]


def _run(case: Case) -> Found:
    name, run_sample = _MODELS[case.number % len(_MODELS)]
    example = WorkedExample(document().read_text(encoding="utf-8"), run_sample)
    example.compare_start()
    example.compare_updates()
    for steps in (1, 2):
        example.compare_synchronous(steps)
        example.compare_alternating(steps)
    return Found({"numbers": example.compared}, example.mismatch and f"{name} model, {example.mismatch}")


WORKED_EXAMPLE = Claim(
    name="worked-example",
    claim="Both models compute every number of the worked example in docs/numerics.md, in both orders.",
    evidence="the plain and the compiled model; states, drives, updates, weights, generators and digests of a sample",
    unit="numbers",
    not_covered="rules other than C-EP, and networks other than that of the example",
    quick=2,
    full=2,
    run=_run,
)
