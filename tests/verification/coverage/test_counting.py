"""Bins are counted only where their situation happened, and a bin that nobody declared is an error."""

import pytest

from ceprop import CepropError
from ceprop.verification.coverage.counting import Counting, merged
from ceprop.verification.coverage.found import Found
from ceprop.verification.coverage.points import POINTS, Point
from ceprop.verification.coverage.reasons import EMPTY

SHAPES = Point("shape", {"round": "It is round.", "square": "It is square.", "flat": "It is flat."})


@pytest.fixture
def counting(request: pytest.FixtureRequest) -> Counting:
    """A counting of its own. The library has one data base per process."""
    return Counting([SHAPES], request.node.name)


def test_each_sample_counts_once_in_each_of_its_bins(counting: Counting) -> None:
    for names in (["round"], ["round", "flat", "round"], []):
        found = Found()
        for name in names:
            found.add("shape", name)
        counting.sample(found)
    assert counting.counts == {"shape": {"round": 2, "square": 0, "flat": 1}}


def test_what_has_not_happened_is_not_counted(counting: Counting) -> None:
    found = Found()
    found.add("shape", "round", happened=False)
    counting.sample(found)
    assert counting.counts == {"shape": {"round": 0, "square": 0, "flat": 0}}


@pytest.mark.parametrize(("point", "name"), [("shape", "hollow"), ("colour", "red")])
def test_a_bin_that_nobody_declared_is_an_error(point: str, name: str, counting: Counting) -> None:
    found = Found()
    found.add(point, name)
    with pytest.raises(CepropError, match=f"{point}: has no bin {name}"):
        counting.sample(found)


def test_counts_of_several_runs_are_added() -> None:
    total = merged([{"inputs": {"blank": 2, "full": 1}}, {"inputs": {"blank": 3}}])
    assert total.keys() == {point.name for point in POINTS}
    assert total["inputs"] == {"blank": 5, "one": 0, "some": 0, "full": 1, "largest": 0}


def test_every_declared_bin_has_a_sentence() -> None:
    names = [point.name for point in POINTS]
    assert len(set(names)) == len(names)
    for point in POINTS:
        assert point.bins
        for sentence in point.bins.values():
            assert sentence.endswith(".")
            assert sentence[0].isupper() or sentence[0] == "`"


def test_only_declared_bins_may_stay_empty() -> None:
    declared = {(point.name, name) for point in POINTS for name in point.bins}
    assert EMPTY.keys() <= declared
