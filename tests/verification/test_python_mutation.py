"""The mutation score of Python sources: a test that looks kills a mutant, and one that sleeps does not."""

from pathlib import Path
from typing import Any

import pytest

from ceprop import CepropError
from ceprop.verification.python_mutation import (
    FOLDERS,
    KeptVerdicts,
    MutatedFolder,
    PythonCampaign,
    SourceMutant,
    drawn_mutants,
    source_scores,
    trial,
)
from ceprop.verification.python_mutation.private_copy import PrivateCopy
from ceprop.verification.python_mutation.stages import Stage, stages_of
from ceprop.verification.python_mutation.trial import TestBed
from ceprop.verification.python_mutation.verdicts import Finding

ROOT = Path(__file__).parents[2]
AWAKE = "def test_twice():\n    from part import twice\n    assert twice(3) == 6\n"
ASLEEP = "def test_half():\n    from part import half\n    half(8)\n"
CHECKOUT = {
    "src/part/__init__.py": "from part.awake import twice\nfrom part.asleep import half\n",
    "src/part/awake.py": "def twice(x):\n    return x * 2\n",
    "src/part/asleep.py": "def half(x):\n    return x // 2\n",
    "tests/src/part/test_awake.py": AWAKE,
    "tests/src/part/test_asleep.py": ASLEEP,
    "pytest.ini": "[pytest]\nmarkers =\n    slow: takes long\n",
}


def ignore(_: str) -> None:
    """Nobody watches."""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    root = tmp_path / "checkout"
    for name, text in CHECKOUT.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return root


def campaign(root: Path, count: int = 2) -> PythonCampaign:
    kept = KeptVerdicts(root.parent / "build" / "verdicts.jsonl")
    return PythonCampaign(root, tuple(CHECKOUT), MutatedFolder("src/part", {}), count, 1, 60.0, kept)


def test_what_a_test_sees_is_killed_once_and_what_none_sees_survives(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fates = campaign(checkout).run(ignore, 1)
    killers = {mutant.file: verdict.killer for mutant, verdict in fates}
    assert killers == {
        "src/part/awake.py": "tests/src/part/test_awake.py::test_twice",
        "src/part/asleep.py": None,
    }
    scores = source_scores(fates)
    assert {file: (score.killed, score.survived) for file, score in scores.items()} == {
        "src/part/asleep.py": (0, 1),
        "src/part/awake.py": (1, 0),
    }
    assert {name: (checkout / name).read_text(encoding="utf-8") for name in CHECKOUT} == CHECKOUT

    tried: list[str] = []

    def judge(_: TestBed, mutant: SourceMutant, *__: Any) -> Finding:
        tried.append(mutant.file)
        return Finding("another", False, 0.0)

    monkeypatch.setattr(TestBed, "judge", judge)
    monkeypatch.setattr(TestBed, "measure", lambda *_: {})
    assert campaign(checkout).run(ignore, 1) == fates
    assert tried == []
    # A killed mutant depends on the test that has killed it, and a survivor on every test.
    (checkout / "tests/src/part/test_asleep.py").write_text(ASLEEP + "    assert half(8) == 4\n")
    campaign(checkout).run(ignore, 1)
    assert tried == ["src/part/asleep.py"]
    (checkout / "tests/src/part/test_awake.py").write_text(AWAKE + "\n")
    campaign(checkout).run(ignore, 1)
    assert sorted(tried) == ["src/part/asleep.py", "src/part/asleep.py", "src/part/awake.py"]


def test_a_test_that_fails_without_a_mutant_ends_the_campaign(checkout: Path) -> None:
    (checkout / "tests/src/part/test_awake.py").write_text(AWAKE.replace("6", "7"), encoding="utf-8")
    with pytest.raises(CepropError, match=r"fail without a mutant: tests/src/part/test_awake\.py::test_twice"):
        campaign(checkout).run(ignore, 1)


def test_a_deadline_kills_only_what_was_far_quicker_without_the_mutant(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bed = TestBed(PrivateCopy(checkout, CHECKOUT, tmp_path / "copy"), tmp_path / "numba")
    (mutant,) = drawn_mutants({"src/part/asleep.py": CHECKOUT["src/part/asleep.py"]}, 1, 1)
    stage = Stage("not slow", ("tests/src/part/test_asleep.py",), 1.0)
    late = bed.judge(mutant, [stage], 0.01)
    assert (late.killer, late.undecided) == (None, True)
    monkeypatch.setattr(trial, "_ALLOWANCE", 0.01)
    hanging = bed.judge(mutant, [Stage(stage.marks, stage.tests, 0.0)], 60.0)
    assert (hanging.killer, hanging.undecided) == ("no end after 0 s", False)


def test_a_change_in_a_private_copy_is_taken_back(checkout: Path, tmp_path: Path) -> None:
    (checkout / "link").symlink_to("src/part")
    copy = PrivateCopy(checkout, [*CHECKOUT, "link", "missing"], tmp_path / "copy")
    assert (copy.folder / "link").is_symlink()
    file = copy.folder / "src/part/awake.py"
    times = [file.stat().st_mtime_ns]
    for text in ("x = 1\n", "x = 2\n"):
        with copy.changed("src/part/awake.py", text):
            assert (copy.folder / "link/awake.py").read_text(encoding="utf-8") == text
            times.append(file.stat().st_mtime_ns)
        assert file.read_text(encoding="utf-8") == CHECKOUT["src/part/awake.py"]
        assert file.stat().st_mtime_ns == times[0]
    # Python compares whole seconds.
    assert len({time // 1_000_000_000 for time in times}) == 3


SOURCE = '''"""Text."""
from typing import TYPE_CHECKING, Literal

__all__ = ["f"]
Number = int | None

if TYPE_CHECKING:
    wrong = 1


def f(x: Literal[1, 2] | None, y: int | None = None) -> int | None:
    """Text."""
    value: int | None = x
    if x == 700:
        raise ValueError(f"{x + 1} is too large")
    if not y:
        return y == x
    return value
'''


def test_what_never_changes_behaviour_has_no_mutant() -> None:
    mutants = drawn_mutants({"f.py": SOURCE}, 1000, 1)
    assert {mutant.line for mutant in mutants} == {14, 16, 17}
    assert "if x == 700: → if x == 701:" in {mutant.change for mutant in mutants}
    # `if not not y` is compiled to the same code as `if y`, and `is` in place of `==` is left out.
    assert len([mutant for mutant in mutants if mutant.line == 16]) == 1
    changes = {mutant.change for mutant in mutants if mutant.line == 17}
    assert changes == {f"return y == x → return y {operator} x" for operator in ("!=", "<", "<=", ">", ">=", "is not")}


def test_a_draw_is_spread_over_the_files_and_grows() -> None:
    sources = {"a.py": "x = 1\n", "b.py": "y = 2 + 3 + 4 + 5 + 6\n", "c.py": '"""Text."""\n'}
    few, many = (drawn_mutants(sources, count, 1) for count in (6, 20))
    assert [mutant.file for mutant in few] == ["a.py", *["b.py"] * 5]
    assert set(few) < set(many)
    assert len(many) == 20
    assert drawn_mutants(sources, 6, 2) != few


def test_the_cheapest_tests_that_concern_a_file_come_first() -> None:
    folder = MutatedFolder(
        "model", {"model/": (), "model/fast": ("tests/model/test_equality.py", "tests/x.py::test_a")}
    )
    quick = {"tests/model/test_a.py::t": 3.0, "tests/model/test_b.py::t": 2.0, "tests/model/test_equality.py::t": 9.0}
    slow = {"tests/x.py::test_a[1]": 20.0, "tests/x.py::test_b": 1.0, "tests/model/test_equality.py::s": 30.0}
    near, others, last = stages_of(folder, "model/fast.py", quick, slow)
    assert near == Stage("not slow", ("tests/model/test_equality.py",), 9.0)
    assert others == Stage("not slow", ("tests/model/test_b.py", "tests/model/test_a.py"), 5.0)
    assert last == Stage("slow", ("tests/x.py::test_a", "tests/model/test_equality.py"), 50.0)
    (only,) = stages_of(folder, "model/a.py", {"tests/model/test_a.py::t": 1.0}, slow)
    assert only.tests == ("tests/model/test_a.py",)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_tables_name_tests_and_sources_that_exist(folder: MutatedFolder) -> None:
    sources = [str(path.relative_to(ROOT)) for path in (ROOT / folder.name).rglob("*.py")]
    assert all(any(file.startswith(beginning) for file in sources) for beginning in folder.concerns)
    for test in folder.all_concerned():
        file, _, function = test.partition("::")
        text = (ROOT / file).read_text(encoding="utf-8")
        assert not function or f"def {function}(" in text, test
