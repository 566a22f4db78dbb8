"""Every claim runs its first cases, and a fault that is planted turns its verdict."""

import json
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from amaranth.hdl import Module

from ceprop import CepropError
from ceprop.boards import board, check_fit
from ceprop.hdl import Core
from ceprop.hdl.devices.multiplier import PortableMultiplier
from ceprop.model import fast
from ceprop.sim import Comparison, ComparisonPlan
from ceprop.sim.run import FailedBenchError
from ceprop.specification import Geometry, Specification
from ceprop.verification import CLAIMS, Claim, claim_named
from ceprop.verification.case import Case
from ceprop.verification.claims import boards, comparisons, flash, gradients, kills, levels, parts
from ceprop.verification.worker import run_case

CHEAP = {
    "compiled-model": range(40),
    "packed-samples": range(40),
    "gradients": range(2),
    "worked-example": range(2),
    # Clipping, saturation, the pipeline register.
    "proofs": range(1, 4),
}
"""Claims whose cases take less than a second, and the cases that run here."""

CASES = {
    "flash": [0],
    "boards": [3],
    "line-noise": [1],
    "soak": [0],
    "kills": [0],
    "core-on-verilator": [17],
    "silent-checks": [4],
}
"""The cases of the other claims that run here, with small networks. `ceprop verify` runs many more."""

BELOW_RTL = {
    "synthesized": (("synthesized_core",), "compare_synthesized"),
    "below-synthesis": (("built_board", "board_netlist"), "compare_board"),
}
"""Claims whose comparisons run in `tests/boards/levels/`: what makes the hardware, and what compares it."""

ON_CORES: dict[str, Callable[[Sequence[ComparisonPlan]], bool]] = {
    "core-on-icarus": lambda plans: plans[0].simulator == "icarus",
    "skipping": lambda plans: [plan.skip for plan in plans] == [True, False],
    "resets": lambda plans: len(plans[0].interruptions or ()) == plans[0].samples,
    "resets-everywhere": lambda plans: list(plans[0].interruptions or ()) == list(range(plans[0].samples)),
    "phase-ends": lambda plans: plans[0].network is not None,
    "drive-ahead": lambda plans: not plans[0].learn and plans[0].read_every == plans[0].samples,
    "rewrites": lambda plans: plans[0].rewrites == [2, 4, 6],
}
"""Claims that simulate one random core per case, and what makes each of them this claim. `tests/sim/test_core.py` has a
comparison of each kind."""

SIMULATED_TOO: dict[str, Callable[[Sequence[ComparisonPlan]], bool]] = {
    "core-on-verilator": lambda plans: plans[0].simulator == "verilator",
    "silent-checks": lambda plans: plans[0].read_every == plans[0].samples,
}
"""Such claims of which a case is simulated here as well."""

PARTS = ("parts", "device-parts")
"""Claims whose benches run in `tests/sim/test_unit_comparisons.py` and `tests/sim/test_primitives.py`."""

_SAME = Comparison(40, 9, 9, 9, 0, None, "", 0, 9, {}, 0, 0, 1.0, 1.0, 1.0)
"""A comparison of 40 samples that finds no difference."""


@pytest.fixture(autouse=True)
def soon(request: pytest.FixtureRequest) -> Iterator[None]:
    """Simulated boards run for a short time."""
    soon_compiled: Callable[[], AbstractContextManager[None]] = request.getfixturevalue("soon_compiled")
    with soon_compiled():
        yield


def verdict(name: str, number: int) -> tuple[dict[str, int], str | None]:
    """What a case of the seed 1 finds."""
    found = run_case(claim_named(name), 1, number)
    return found.counts, found.mismatch


def test_every_claim_is_tried_here() -> None:
    assert sorted([*CHEAP, *CASES, *ON_CORES, *BELOW_RTL, *PARTS]) == sorted(claim.name for claim in CLAIMS)


@pytest.mark.parametrize("name", CHEAP)
def test_first_cases_of_cheap_claims(name: str) -> None:
    for number in CHEAP[name]:
        counts, mismatch = verdict(name, number)
        assert mismatch is None
        assert counts[claim_named(name).unit] > 0


@pytest.mark.slow
@pytest.mark.parametrize(("name", "number"), [(name, number) for name in CASES for number in CASES[name]])
def test_first_cases(name: str, number: int) -> None:
    counts, mismatch = verdict(name, number)
    assert mismatch is None
    assert counts[claim_named(name).unit] > 0


@pytest.mark.parametrize(("name", "is_planned"), (ON_CORES | SIMULATED_TOO).items())
def test_a_core_of_a_claim_that_differs_is_found(
    name: str, is_planned: Callable[[Sequence[ComparisonPlan]], bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    plans: list[ComparisonPlan] = []

    def compare(_: Any, __: Any, plan: ComparisonPlan) -> Comparison:
        plans.append(plan)
        done = plan.samples - missing
        return replace(_SAME, samples_compared=done, first_mismatch=first, elapsed_cycles=9)

    monkeypatch.setattr(comparisons, "compare", compare)
    for missing, first in ((0, None), (0, "sample 0, bias of layer 2"), (1, None)):
        plans.clear()
        counts, mismatch = verdict(name, 2)
        assert is_planned(plans)
        assert counts[claim_named(name).unit] > 0
        assert (mismatch is None) == ((missing, first) == (0, None))
    assert f"the simulation ended after {plans[0].samples - 1} of {plans[0].samples} samples" in str(mismatch)


@pytest.mark.parametrize("claim", [each for each in CLAIMS if each.takes_specification], ids=lambda each: each.name)
def test_a_given_specification_is_taken(claim: Claim, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given = Specification.from_mapping({"layers": [2, 3], "update": {"shifts": [8]}, "array": {"rows": 1}})
    taken = []

    def compare(specification: Specification, _: Any, plan: ComparisonPlan) -> Comparison:
        taken.append(specification)
        return replace(_SAME, samples_compared=plan.samples)

    monkeypatch.setattr(comparisons, "compare", compare)
    found = claim.run(Case(claim.name, 1, 5, tmp_path, given))
    assert found.mismatch is None
    # The compiled model is compared without a core.
    assert taken == ([] if claim.name == "compiled-model" else [given] * len(taken))
    assert taken or found.counts["weights"] == 6


def test_a_case_draws_the_same_every_time(tmp_path: Path) -> None:
    cases = [Case("parts", seed, number, tmp_path) for seed, number in [(1, 2), (1, 2), (1, 3), (2, 2)]]
    drawn = [(case.draw.getrandbits(64), int(case.numpy_draw.integers(2**62))) for case in cases]
    assert drawn[0] == drawn[1]
    assert len(set(drawn)) == 3
    assert cases[0].command == "ceprop verify --claim parts --seed 1 --case 2"


def test_a_wrong_bit_of_the_compiled_model_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    right = fast.run_sample

    def wrong(network: Any, *sample: Any, **options: Any) -> Any:
        record = right(network, *sample, **options)
        network.weights[-1][0, 0] ^= 1
        return record

    monkeypatch.setattr(fast, "run_sample", wrong)
    _, mismatch = verdict("compiled-model", 0)
    assert mismatch is not None
    assert mismatch.endswith("(ceprop verify --claim compiled-model --seed 1 --case 0)")


def test_what_a_case_raises_is_a_mismatch(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError("by nothing")

    monkeypatch.setattr(fast, "run_sample", broken)
    command = "ceprop verify --claim compiled-model --seed 1 --case 3"
    assert verdict("compiled-model", 3) == ({}, f"ZeroDivisionError: by nothing ({command})")


def test_a_tool_that_is_missing_is_no_mismatch(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CepropError, match="icarus is missing"):
        run_case(claim_named("core-on-icarus"), 1, 0)


def test_a_sample_that_changes_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    unpack = flash.unpack_samples

    def wrong(*arguments: Any) -> Iterator[Any]:
        for inputs, labels in unpack(*arguments):
            yield inputs, labels[::-1] + 1

    monkeypatch.setattr(flash, "unpack_samples", wrong)
    _, mismatch = verdict("packed-samples", 0)
    assert mismatch is not None
    assert mismatch.startswith("the samples change")


def test_an_error_with_a_floor_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The updates of the paper's setting are no gradients, not even where beta goes to 0."""
    of = gradients.theory_settings
    monkeypatch.setattr(gradients, "theory_settings", lambda layers, _, **more: of(layers, "prototypical", **more))
    _, mismatch = verdict("gradients", 0)
    assert mismatch is not None
    assert "relative error" in mismatch


@pytest.mark.parametrize("name", ["boards", "line-noise", "flash", "soak"])
def test_a_board_that_violates_a_check_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise CepropError("the virtual board violated the check fifo_overflow")

    monkeypatch.setattr(boards, "VirtualBoard", broken)
    _, mismatch = verdict(name, 0)
    assert mismatch is not None
    assert "violated the check fifo_overflow (ceprop verify" in mismatch


@pytest.mark.parametrize("name", BELOW_RTL)
def test_a_netlist_that_differs_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    makers, comparison = BELOW_RTL[name]
    for maker in makers:
        monkeypatch.setattr(levels, maker, lambda *_: SimpleNamespace(design=None))
    for samples, first in ((3, None), (1, "sample 0, bias of layer 2"), (1, None)):
        same = replace(_SAME, samples_compared=samples, first_mismatch=first)
        monkeypatch.setattr(levels, comparison, lambda *_, same=same: same)
        counts, mismatch = verdict(name, 0)
        assert (mismatch is None) == (samples == 3)
        assert counts[claim_named(name).unit] > 0
    assert "the simulation ended after 1 of 3 samples" in str(mismatch)


def test_cores_below_the_rtl_fit_their_boards() -> None:
    for name in ("icebreaker", "ulx3s_25f", "ice40_hx8k_b_evn"):
        for number in range(8):
            check_fit(Geometry(levels._core_for(board(name), random.Random(number), number)), board(name))


def test_what_a_killed_program_leaves_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A checkpoint that is written in place is cut short by a kill, and the next run refuses it."""
    command = iter([0, 0, 2])

    def program(arguments: list[str], seconds: float) -> str | None:
        checkpoint = Path(arguments[arguments.index("--checkpoint") + 1])
        if seconds > 100:  # nobody kills it
            Path(arguments[-1]).write_text(json.dumps({"weights_sha256": str(checkpoint), "history": []}))
            return None
        checkpoint.write_bytes(b"half")
        if next(command) == 2:
            return "exit code 2: ceprop: checkpoint: truncated"
        raise kills._Killed

    monkeypatch.setattr(kills, "_fault_of", program)
    assert (
        verdict("kills", 0)[1]
        == "after 2 kills, exit code 2: ceprop: checkpoint: truncated (ceprop verify --claim kills --seed 1 --case 0)"
    )
    command = iter([0] * 3)
    mismatch = verdict("kills", 0)[1]
    assert mismatch is not None
    assert mismatch.startswith("the result differs from that of a run that nobody killed")


def test_a_device_part_that_differs_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def differs(*_: Any, **__: Any) -> None:
        raise FailedBenchError("multiplier: model 1, hardware 2")

    monkeypatch.setattr(parts, "run_units", differs)
    _, mismatch = verdict("device-parts", 2)
    assert mismatch is not None
    assert "model 1, hardware 2" in mismatch


@pytest.mark.slow
def test_a_changed_core_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps that do not wait for the last sums."""
    returned = Core._all_returned
    monkeypatch.setattr(Core, "_all_returned", lambda core, edge: returned(core, edge) - 6)
    _, mismatch = verdict("core-on-icarus", 1)
    assert mismatch is not None
    assert mismatch.startswith("sample ")
    assert "ceprop verify --claim core-on-icarus --seed 1 --case 1" in mismatch


@pytest.mark.slow
def test_a_changed_part_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def elaborate(multiplier: Any, platform: object) -> Module:
        m = Module()
        m.d.sync += multiplier.product.eq(multiplier.a - multiplier.b)
        return m

    monkeypatch.setattr(parts, "units_of", lambda _: ["multiplier"])
    assert verdict("parts", 0) == ({"parts": 1}, None)
    monkeypatch.setattr(PortableMultiplier, "elaborate", elaborate)
    _, mismatch = verdict("parts", 0)
    assert mismatch is not None
    assert "multiplier: " in mismatch
