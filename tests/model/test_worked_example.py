"""The worked example of docs/numerics.md: its text was made without this package; both models must agree with it."""

from collections.abc import Callable
from typing import Any

import pytest

from ceprop.model import fast, plain
from ceprop.verification.claims.worked_example import WorkedExample, document

TEXT = document().read_text(encoding="utf-8")


def compared(text: str, run_sample: Callable[..., Any] = plain.run_sample) -> WorkedExample:
    """A model beside the whole example."""
    example = WorkedExample(text, run_sample)
    example.compare_start()
    example.compare_updates()
    for steps in (1, 2):
        example.compare_synchronous(steps)
        example.compare_alternating(steps)
    return example


@pytest.mark.parametrize("run_sample", [plain.run_sample, fast.run_sample])
def test_both_models_agree_with_the_document(run_sample: Callable[..., Any]) -> None:
    example = compared(TEXT, run_sample)
    assert example.mismatch is None
    assert example.compared > 200


@pytest.mark.parametrize(
    ("written", "changed", "what"),
    [
        ("| [-2, 1290] | [0, 10] |", "| [-2, 1290] | [0, 11] |", "alternating states: "),
        ("| [3, 43], [-27, 1] |", "| [3, 43], [-27, 2] |", "alternating W_1: "),
        ("| 2 | [390, 898] | [3, 7] |", "| 2 | [390, 898] | [3, 6] |", "alternating states: "),
        ("| W_2[1, 1] | 49 | 3 | 3 | 15 | 18 |", "| W_2[1, 1] | 49 | 3 | 3 | 15 | 19 |", "update of W_2[1, 1]: "),
        ("`drive = [1152, -268]` throughout", "`drive = [1152, -267]` throughout", "drives: "),
        ("b8eb02f4", "b8eb02f5", "digest: "),
    ],
)
def test_a_changed_number_is_found(written: str, changed: str, what: str) -> None:
    assert TEXT.count(written) == 1
    mismatch = compared(TEXT.replace(written, changed)).mismatch
    assert mismatch is not None
    assert mismatch.startswith(what)
