"""The run of a tiny core fills the bins that it must, and leaves those empty that it cannot fill."""

from pathlib import Path

import numpy as np
import pytest

from ceprop import CepropError, Specification
from ceprop.verification.coverage import CoveredRun, Place, Run, Summary, run, run_covered
from ceprop.verification.coverage.counting import Counts
from ceprop.verification.mutation.cores import CoreComparison, MutatedCore
from ceprop.verification.networks import random_samples

TINY = Run(
    MutatedCore(
        "tiny",
        Specification.from_mapping(
            {
                "name": "tiny",
                "layers": [3, 2],
                "formats": {"state_bits": 2, "input_bits": 1, "weight_bits": 3, "weight_fraction": 2},
                "phases": {"free_steps": 3, "nudged_steps": 2},
                "update": {"rounding": "floor", "shifts": [0]},
                "array": {"rows": 1, "cols": 1},
            }
        ),
    ),
    CoreComparison("learning", 4, options={"read_every": 2}),
    lambda specification: random_samples(specification, np.random.default_rng(1), 4),
)
"""No hidden layer, one lane on each edge."""


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that keeps the run."""
    return tmp_path_factory.mktemp("coverage")


@pytest.fixture(scope="module")
def covered(build: Path) -> CoveredRun:
    """The run, which takes most of the time of these tests."""
    return run_covered(TINY, build, "digest")


def filled(counts: Counts, point: str) -> set[str]:
    """The bins of a point that are not empty."""
    return {name for name, count in counts[point].items() if count}


@pytest.mark.slow
@pytest.mark.xdist_group("coverage of a tiny core")
class TestTinyCore:
    """All tests of one run."""

    def test_bins_that_are_known_beforehand(self, covered: CoveredRun) -> None:
        assert covered.samples == 4
        assert covered.counts["rule and order"]["c-ep, synchronous"] == 4
        known = {
            "rule and order": {"c-ep, synchronous"},
            "hidden layers": {"no"},
            "array": {"one cell", "two memory ports", "two input lists", "one drive"},
            "way of a sample": {"learnt", "skipping", "follows", "after commands"},
            "rounding of updates": {"floor"},
            "update: weights between neurons": set(),
            "update: backward weights": set(),
            "second nudged phase": set(),
            "list: changed columns": set(),
            "register learn": {"most"},
            "register free_steps": set(),
        }
        assert {point: filled(covered.counts, point) for point in known} == known

    def test_streams_wait_only_where_the_testbench_lets_them(self, covered: CoveredRun) -> None:
        assert filled(covered.counts, "stream result") == {"at once", "reader waits"}
        assert filled(covered.counts, "stream response") >= {"waits", "back to back"}

    def test_the_hardware_is_that_of_the_core(self, covered: CoveredRun) -> None:
        files = {place.file for place in covered.hardware}
        assert {"hdl/core.py", "hdl/cell/synapse.py", "hdl/neuron/bias.py"} <= files
        assert all(file.startswith("hdl/") for file in files)
        summary = Summary.of([covered])
        tally = summary.tally("branch")
        assert 0 < tally.reached < tally.places, "a core whose nudge is not centred restores no state"
        assert covered.hardware[Place("hdl/core.py", "toggle", "result__valid 0->1")] == covered.samples
        # The reader of results never pauses.
        assert covered.hardware[Place("hdl/core.py", "toggle", "result__ready 1->0")] == 0
        assert any(count is None for count in covered.hardware.values()), "some bits are constant"

    def test_two_runs_are_added(self, covered: CoveredRun) -> None:
        both = Summary.of([covered, covered])
        assert both.counts["rule and order"]["c-ep, synchronous"] == 8
        assert both.hardware[Place("hdl/core.py", "toggle", "result__valid[0] 0->1")] == 2 * covered.samples
        assert ("rule and order", "ep, synchronous", None) in both.empty

    def test_a_run_is_kept_for_its_digest(
        self, covered: CoveredRun, build: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def simulate(*_: object) -> None:
            raise CepropError("simulated again")

        monkeypatch.setattr(run, "simulate", simulate)
        assert run_covered(TINY, build, "digest") == covered
        with pytest.raises(CepropError, match="simulated again"):
            run_covered(TINY, build, "other sources")
