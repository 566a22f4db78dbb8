"""The mutation score: mutants of a tiny core are killed, and what no input can tell from the design is proven so."""

import json
from pathlib import Path
from typing import Any

import pytest
from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ceprop import CepropError, Specification
from ceprop.hdl.export import checked_rtlil
from ceprop.verification.mutation import (
    COMPARISONS,
    CoreCampaign,
    LinkCampaign,
    MutatedCore,
    core_campaign,
    link,
    score_of,
)
from ceprop.verification.mutation.equivalence import is_equivalent
from ceprop.verification.mutation.link_script import LinkScript
from ceprop.verification.mutation.miter import Miters
from ceprop.verification.mutation.mutant import Mutant
from ceprop.verification.mutation.mutated_design import Choice, MutatedDesign, mutated_design

TINY = MutatedCore(
    "tiny",
    Specification.from_mapping(
        {
            "name": "tiny",
            "layers": [3, 2],
            "formats": {"state_bits": 2, "input_bits": 1, "weight_bits": 3, "weight_fraction": 2},
            "phases": {"free_steps": 3, "nudged_steps": 2},
            "update": {"shifts": [0]},
            "array": {"rows": 1, "cols": 1},
        }
    ),
)
MUTANTS = 8


def ignore(_: str) -> None:
    """Nobody watches."""


@pytest.mark.slow
def test_mutants_of_a_core_are_killed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core_campaign, "COMPARISONS", COMPARISONS[:1])
    campaign = CoreCampaign(TINY, MUTANTS, 1, tmp_path)
    assert [mutant.number for mutant in campaign.design.mutants] == list(range(1, MUTANTS + 1))
    assert all(mutant.source.startswith("hdl/") for mutant in campaign.design.mutants)
    fates = campaign.run(ignore)
    score = score_of(fates)
    assert score.mutants == MUTANTS
    assert score.killed >= MUTANTS // 2
    # The design without a change has a verdict too, and everything is kept.
    assert any(verdict.mutant == 0 for verdict in campaign.verdicts())

    def never(*_: Any) -> None:
        raise AssertionError("a comparison was made again")

    monkeypatch.setattr(core_campaign, "try_mutants", never)
    assert CoreCampaign(TINY, MUTANTS, 1, tmp_path).run(ignore) == fates


@pytest.mark.slow
def test_a_difference_without_a_mutant_ends_the_campaign(tmp_path: Path) -> None:
    campaign = CoreCampaign(TINY, MUTANTS, 1, tmp_path)
    verdict = {"mutant": 0, "comparison": "learning", "reason": "hang", "finding": "the core hangs"}
    campaign.verdict_file.write_text(f"{json.dumps(verdict)}\nhalf a li")
    with pytest.raises(CepropError, match="tiny, learning, without a mutant: the core hangs"):
        campaign.verdicts()


class Filter(wiring.Component):
    """Two registers in a row, and a gate that changes nothing."""

    value: Signal
    flag: Signal
    passed: Signal

    def __init__(self) -> None:
        super().__init__({"value": In(2), "flag": In(1), "passed": Out(2)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        first, shown = Signal(2), Signal()
        m.d.sync += [first.eq(self.value), shown.eq(self.flag)]
        with m.If(shown):  # pyright: ignore[reportGeneralTypeIssues]
            m.d.sync += self.passed.eq(first & (first | self.value))
        return m


@pytest.fixture(scope="module")
def filter_design() -> MutatedDesign:
    """All mutants of a small design."""
    rtlil, _ = checked_rtlil(Filter(), "filter", lines=True)
    # The lines of this file stand for those of the hardware.
    return mutated_design(rtlil.replace(str(Path(__file__)), "/ceprop/hdl/filter.py"), "filter", Choice(500, 1, "hdl"))


@pytest.mark.slow
def test_an_equivalent_mutant_is_proven_and_others_are_not(filter_design: MutatedDesign) -> None:
    miters = Miters(filter_design.netlist)

    def equivalent(kind: str, port: str, mode: str) -> bool:
        wanted = (mutant for mutant in filter_design.mutants if (mutant.kind, mutant.mode) == (kind, mode))
        return is_equivalent(miters, next(mutant.number for mutant in wanted if mutant.port == port))

    # `first & (first | value)` is `first`, whatever `value` is.
    assert equivalent("$or", "Y", "const1")
    assert not equivalent("$or", "Y", "const0")
    assert not equivalent("$and", "Y", "inv")


def mutants(count: int) -> MutatedDesign:
    """A design of which nothing but the numbers of its mutants is needed."""
    made = (
        Mutant(number, "inv", "$not", "link", "$1", "A", 0, 0, "boards/rtl/crc.py:1") for number in range(1, count + 1)
    )
    return MutatedDesign("link", "", {}, tuple(made))


def link_campaign(folder: Path, monkeypatch: pytest.MonkeyPatch, *lines: str) -> LinkCampaign:
    """The campaign of a link with four mutants, whose program writes these lines for them."""
    program = "\n".join(["#!/bin/sh", 'if [ "$6" = 0 ]; then touch answers; echo 0 same 9; exit; fi', "cat <<END"])
    program += "\n".join(["", "a line of the simulation", *lines, "END", ""])
    monkeypatch.setattr(LinkScript, "build", lambda script: script)
    monkeypatch.setattr(link, "differing", lambda *_: None)
    monkeypatch.setattr(link, "build_executable", lambda *_, **__: program.encode())
    monkeypatch.setattr(LinkCampaign, "_make", lambda _: mutants(4))
    return LinkCampaign(TINY.given, 4, 1, folder)


@pytest.mark.slow
def test_what_becomes_of_the_mutants_of_a_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    campaign = link_campaign(tmp_path, monkeypatch, "1 same 9", "2 differs 3", "3 silent 4", "4 ended 9")
    campaign._try(ignore)
    assert {v.mutant: v.reason for v in campaign.verdicts()} == {0: None, 1: None, 2: "mismatch", 3: "hang", 4: "end"}
    with pytest.raises(CepropError, match="link: the program ended with exit code 0"):
        link_campaign(tmp_path / "other", monkeypatch, "1 same 9", "2 same 9", "3 same 9")._try(ignore)
