"""The page of the evidence is that of the results, and the results are those of the claims."""

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from ceprop.verification import CLAIMS

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture
def verification_page(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The program that writes the page."""
    monkeypatch.setattr(sys, "path", [str(DOCS), *sys.path])
    return import_module("verification_page")


def test_the_page_is_that_of_the_results(verification_page: Any) -> None:
    assert verification_page.PAGE.read_text(encoding="utf-8") == verification_page.page(verification_page.results()), (
        "run python docs/verification_page.py"
    )


def test_every_claim_has_a_result_without_a_difference(verification_page: Any) -> None:
    """A claim that is new or says something else needs a new run: `ceprop verify --json docs/verification.json`."""
    result = verification_page.results()["The quick run"]
    said = {claim["name"]: (claim["claim"], claim["cases"], claim["mismatches"]) for claim in result["claims"]}
    assert said == {claim.name: (claim.claim, claim.quick, 0) for claim in CLAIMS}
    assert not result["full"]
    assert result["case"] is None


def test_the_results_are_of_a_commit(verification_page: Any) -> None:
    for result in verification_page.results().values():
        assert result["commit"]
        assert not result["commit"].endswith("-dirty"), "the evidence is that of a commit"


def test_a_bar_does_not_break_a_row(verification_page: Any) -> None:
    result = next(iter(verification_page.results().values()))
    result["claims"] = [{**result["claims"][0], "evidence": "a | b", "mismatches": 3}]
    text = verification_page.page({"A run": result})
    assert "a \\| b" in text
    assert "of which 3 differ" in text
