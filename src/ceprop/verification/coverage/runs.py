"""The comparisons whose coverage is counted. Together they fill every bin that can be filled.

Each core is compared with the golden model in the ways in which its mutants are tried, and with samples at the ends of
the inputs.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from ceprop.common.kept_files import key_of
from ceprop.model import Dataset
from ceprop.sim import ComparisonPlan
from ceprop.specification import Specification
from ceprop.verification.mutation.cores import COMPARISONS, CoreComparison, MutatedCore
from ceprop.verification.networks import random_samples
from ceprop.verification.part_specifications import PART_SPECIFICATIONS

SEED = 1

_SHORT = ("phases.free_steps=8", "phases.nudged_steps=4")
"""Steps of the phases. They keep the simulations short."""


def _part(name: str, *fields: str) -> Specification:
    """One of the specifications whose parts are simulated alone, with short phases."""
    return PART_SPECIFICATIONS[name].override(f"name={name!r}", *_SHORT, *fields)


_CENTRED = Specification.from_mapping(
    {
        "name": "centred",
        "layers": [9, 7, 7, 4],
        "formats": {"state_bits": 4, "input_bits": 4, "weight_bits": 6, "weight_fraction": 5},
        "phases": {"free_steps": 9, "nudged_steps": 4},
        "nudge": {"sign": "centred", "shift": 1},
        "update": {"rounding": "nearest", "shifts": [2, 2, 2]},
        "array": {"rows": 3, "cols": 3, "memory_ports": 1, "input_lists": 1},
    }
)
"""C-EP in synchronous order, with lanes between the first and the last on both edges."""

_CELL = Specification.from_mapping(
    {
        "name": "cell",
        "layers": [3, 2, 2],
        "rule": "ep",
        "formats": {"state_bits": 3, "input_bits": 2, "weight_bits": 5, "weight_fraction": 4},
        "phases": {"free_steps": 1, "nudged_steps": 1, "order": "alternating"},
        "nudge": {"sign": "centred", "shift": 1},
        "update": {"shifts": [2, 2]},
        "array": {"rows": 1, "cols": 1},
    }
)
"""EP in alternating order on one cell, with phases of one step."""

_STEPS = _CELL.override("name='steps'", "phases.free_steps=6", "phases.nudged_steps=4")
"""The same with several steps."""

_COLUMN = Specification.from_mapping(
    {
        "name": "column",
        "layers": [4, 6, 3],
        "rule": "c-vf",
        "angle": 60,
        "formats": {"state_bits": 5, "input_bits": 7, "weight_bits": 7, "weight_fraction": 6},
        "phases": {"free_steps": 8, "nudged_steps": 4, "order": "alternating"},
        "nudge": {"sign": "random", "shift": 15},
        "update": {"shifts": [2, 3]},
        "array": {"rows": 5, "cols": 1},
    }
)
"""C-VF in alternating order on one long column, with the weakest nudge."""

_ROW = Specification.from_mapping(
    {
        "name": "row",
        "layers": [6, 16, 6],
        "rule": "vf",
        "angle": 90,
        "formats": {"state_bits": 4, "input_bits": 4, "weight_bits": 6, "weight_fraction": 5},
        "phases": {"free_steps": 12, "nudged_steps": 6},
        "nudge": {"sign": "random", "shift": 2},
        "update": {"rounding": "nearest", "shifts": [3, 3]},
        "array": {"rows": 1, "cols": 5},
    }
)
"""VF in synchronous order on one long row. A lane has so many units that the trace fills while its reader pauses."""

_TWO_STEPS = Specification.from_mapping(
    {
        "name": "two-steps",
        "layers": [2, 2, 2, 2, 2],
        "formats": {"state_bits": 3, "input_bits": 2, "weight_bits": 5, "weight_fraction": 4},
        "phases": {"free_steps": 2, "nudged_steps": 2},
        "nudge": {"shift": 1},
        "update": {
            "shifts": [1, 3, 3, 3],
            "schedule": [{"epoch": 1, "shifts": [0, 0, 0, 0]}],
            "largest": [15, 15, 15, 15],
        },
        "array": {"rows": 1, "cols": 1},
    }
)
"""Phases that end in period 2 in their last permitted step, and rates over a wide range."""

_LONGEST = _TWO_STEPS.override(
    "name='longest'", "phases.free_steps=1023", "phases.nudged_steps=1023", "update.shifts=[3, 3, 3, 3]"
)
"""The longest phases."""


@dataclass(frozen=True)
class Run:
    """One comparison of a core with the golden model.

    `shown` makes the samples. None stands for the random samples of the comparison.
    """

    core: MutatedCore
    comparison: CoreComparison
    shown: Callable[[Specification], Dataset] | None = None

    @property
    def name(self) -> str:
        """The core and the comparison."""
        return f"{self.core.name}, {self.comparison.name}"

    @property
    def specification(self) -> Specification:
        """The specification of the core, with the trace of the states."""
        return self.core.specification

    @cached_property
    def dataset(self) -> Dataset:
        """The samples."""
        return self.shown(self.specification) if self.shown else self.core.dataset(self.comparison, SEED)

    @property
    def key(self) -> str:
        """A digest of the core, the samples and the conditions. What the comparison does to the network follows from
        its name."""
        samples = [self.dataset.train_inputs.tolist(), self.dataset.train_labels.tolist()]
        return key_of(self.name, self.specification.fields(), self.comparison.samples, self.comparison.options, samples)

    def plan(self, build: Path) -> ComparisonPlan:
        """Return what is compared. `build` keeps the compiled simulation."""
        return self.core.plan(self.comparison, SEED, build=build)


def _ends_of_inputs(specification: Specification) -> Dataset:
    """Samples in which no input is zero, every input is largest, or one input at a time is not zero."""
    units, largest = specification.layers[0], (1 << specification.formats.input_bits) - 1
    few = min(units, 6)
    inputs = np.vstack([np.full((1, units), largest), np.ones((1, units)), largest * np.eye(units)[:few]])
    labels = np.arange(len(inputs)) % specification.classes
    inputs = inputs.astype(np.uint16)
    return Dataset("ends of the inputs", inputs, labels, inputs, labels)


def _random(specification: Specification) -> Dataset:
    """Random samples."""
    return random_samples(specification, np.random.default_rng(SEED), 6)


_ALL = ("learning", "without a pause", "pauses", "inference", "settling", "swinging", "at targets", "at limits")
"""The comparisons of mutants that are made with every core."""
_WHOLE = CoreComparison("no skipping", 2, options={"read_every": 2, "skip": False})
_PAUSED = CoreComparison("pauses without commands", 8, options={"read_every": 8, "pauses": 3})


def _blank(specification: Specification) -> Dataset:
    """Two samples without an input that is not zero."""
    inputs = np.zeros((2, specification.layers[0]), np.uint16)
    labels = np.arange(2) % specification.classes
    return Dataset("blank", inputs, labels, inputs, labels)


_AT_REST = next(comparison for comparison in COMPARISONS if comparison.name == "at rest")
_BLANK = CoreComparison("blank samples", 2, change=_AT_REST.change)
_ENDS = CoreComparison("ends of the inputs", 8, options={"read_every": 2})

CORES = (
    (_part("tiny"), ("resets", "rewrites", "at rest")),
    (_part("table", "nudge.sign='random'"), ()),
    (_part("wide", "nudge.sign='negative'"), ("at rest",)),
    (_part("single", "nudge.sign='alternating'"), ("resets",)),
    *((specification, ()) for specification in (_CENTRED, _CELL, _STEPS, _COLUMN, _ROW, _TWO_STEPS)),
)
"""The cores, each with further comparisons. Together they have every rule in every order, and every value of every
field with few values."""


def _runs(specification: Specification, more: tuple[str, ...]) -> list[Run]:
    core = MutatedCore(specification.name, specification)
    same = [Run(core, comparison) for comparison in COMPARISONS if comparison.name in _ALL + more]
    others = ((_WHOLE, _random), (_PAUSED, _random), (_ENDS, _ends_of_inputs))
    return [*same, *(Run(core, comparison, shown) for comparison, shown in others)]


RUNS = (
    *(run for specification, more in CORES for run in _runs(specification, more)),
    Run(MutatedCore(_CENTRED.name, _CENTRED), _BLANK, _blank),
    Run(MutatedCore(_LONGEST.name, _LONGEST), _WHOLE, _random),
)
"""All comparisons. Those of one core mostly follow each other, so that its Verilog is generated once."""
