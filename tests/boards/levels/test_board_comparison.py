"""Every comparison of a board that is a netlist is awake. One bit of what is read over the link is wrong, and only the
comparison of it can see this. The board is the golden model here."""

import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from ceprop.boards.host.results import Predictions
from ceprop.boards.host.sequence import Batch
from ceprop.boards.levels.board_comparison import _Bench
from ceprop.hdl.cycles import CycleModel
from ceprop.model import Dataset, Network
from ceprop.sim import ComparisonPlan
from ceprop.sim.compare import job_of
from ceprop.sim.expectation import COUNTERS, ModelSide
from ceprop.sim.job import Job
from ceprop.specification import Geometry, Specification

SPECIFICATION = Specification.from_mapping(
    {
        "layers": [6, 4, 3],
        "rule": "c-vf",
        "formats": {"state_bits": 4, "input_bits": 3, "weight_bits": 8, "weight_fraction": 6},
        "phases": {"free_steps": 6, "nudged_steps": 3},
        "update": {"shifts": [3, 3]},
        "array": {"rows": 2, "cols": 2},
    }
)
GEOMETRY = Geometry(SPECIFICATION)
SAMPLES = 2


class ModelDriver:
    """A driver of a board that is the golden model."""

    def __init__(self, job: Job):
        self._model = ModelSide(job, GEOMETRY, CycleModel(GEOMETRY))
        self._states = np.zeros(0)

    def reset(self) -> None:
        """The model begins with its counters at zero."""

    def load(self, network: Network) -> None:
        """The model has this network already."""
        assert network.weights_sha256() == self._model.network.weights_sha256()

    def learn(self, batch: Batch) -> Predictions:
        record = self._model.sample(self._model.counters["samples"]).record
        assert record.states is not None
        self._states = record.states[-1]
        return Predictions(np.array([record.prediction]), np.array([record.tie]))

    def counters(self) -> dict[str, int]:
        return dict(self._model.counters)

    def read_back(self) -> Network:
        return self._model.network.copy()

    def read_states(self) -> list[np.ndarray]:
        return [layer.astype(np.int64) for layer in np.split(self._states, [SPECIFICATION.layers[1]])]


def _network_bit(kind: str, number: int, place: tuple[int, ...]) -> Callable[[Network], Network]:
    def flipped(found: Network) -> Network:
        getattr(found, kind)[number][place] ^= 1
        return found

    return flipped


def _state_bit(layer: int, unit: int) -> Callable[[list[np.ndarray]], list[np.ndarray]]:
    def flipped(found: list[np.ndarray]) -> list[np.ndarray]:
        found[layer - 1][unit] ^= 1
        return found

    return flipped


def _counter_bit(name: str) -> Callable[[dict[str, int]], dict[str, int]]:
    return lambda found: found | {name: found[name] ^ 1}


END = f"sample {SAMPLES - 1}, after the last step,"
FAULTS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "sample 0, prediction": ("learn", lambda found: Predictions(found.classes ^ 1, found.ties)),
    "sample 0, tie": ("learn", lambda found: Predictions(found.classes, ~found.ties)),
    **{f"sample 0, counter {name}": ("counters", _counter_bit(name)) for name in COUNTERS},
    f"{END} weights of layer 1, unit 3 from unit 5": ("read_back", _network_bit("weights", 0, (3, 5))),
    f"{END} weights of layer 2, unit 2 from unit 3": ("read_back", _network_bit("weights", 1, (2, 3))),
    f"{END} backward weights of layer 2, unit 2 from unit 1": ("read_back", _network_bit("backward", 0, (2, 1))),
    f"{END} bias of layer 1, unit 3": ("read_back", _network_bit("biases", 0, (3,))),
    f"{END} bias of layer 2, unit 0": ("read_back", _network_bit("biases", 1, (0,))),
    f"{END} generator of layer 1, unit 2": ("read_back", _network_bit("generators", 0, (2,))),
    f"{END} generator of layer 2, unit 1": ("read_back", _network_bit("generators", 1, (1,))),
    f"{END} final state of layer 1, unit 3": ("read_states", _state_bit(1, 3)),
    f"{END} final state of layer 2, unit 1": ("read_states", _state_bit(2, 1)),
}
"""The call of the driver whose answer is wrong, and how it is wrong, by the place that the comparison names."""


@pytest.mark.parametrize("where", ["", *FAULTS])
def test_one_comparison_finds_the_fault(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    draw = np.random.default_rng(2)
    inputs, labels = draw.integers(0, 8, (SAMPLES, 6)).astype(np.uint16), draw.integers(0, 3, SAMPLES)
    dataset = Dataset("random", inputs, labels, inputs, labels)
    job = job_of(SPECIFICATION, {}, dataset, ComparisonPlan(samples=SAMPLES))
    driver: Any = ModelDriver(job)
    if where:
        call, change = FAULTS[where]
        right = getattr(driver, call)
        monkeypatch.setattr(driver, call, lambda *arguments: change(right(*arguments)))
    design: Any = SimpleNamespace(geometry=Geometry(SPECIFICATION))
    bench = _Bench(design, job)
    bench.run(driver, lambda *_: None)
    assert bench.outcome.mismatches == int(bool(where))
    first = bench.outcome.first_mismatch
    if not where:
        assert first is None
        return
    match = re.fullmatch(rf"{where}: model (-?\d+), hardware (-?\d+)", first or "")
    assert match, first
    assert match[1] != match[2]
