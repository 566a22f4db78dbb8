"""`ceprop verify`: the table, the JSON, cases that are kept, and what ends a run."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ceprop import CepropError
from ceprop.cli import run
from ceprop.specification import Specification
from ceprop.verification import CLAIMS, Campaign, Found, claim_named
from ceprop.verification.kept import FinishedCase, KeptCases, digest_of, package_sources, tool_versions
from ceprop.verification.report import commit_of

PACKED = claim_named("packed-samples")
KEYS = [
    "name",
    "claim",
    "evidence",
    "unit",
    "cases",
    "counts",
    "mismatches",
    "first_mismatch",
    "not_covered",
    "seconds",
]


def unwatched(_done: int, _total: int) -> None:
    pass


def kept_cases(folder: Path) -> list[dict[str, Any]]:
    """The lines of the file of finished cases."""
    (file,) = folder.glob("cases-*.jsonl")
    return [json.loads(line) for line in file.read_text().splitlines() if line]


@pytest.mark.slow
def test_verb(odd_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(odd_folder)
    command = ["verify", "--claim", "packed-samples", "--claim", "gradients", "--case", "1", "--seed", "5"]
    for _ in range(2):  # the second time from what is kept
        assert run([*command, "--json", "-"]) == 0
        captured = capsys.readouterr()
        found = json.loads(captured.out)
        assert list(found) == ["version", "commit", "machine", "tools", "seed", "full", "case", "seconds", "claims"]
        assert (found["seed"], found["full"], found["case"]) == (5, False, 1)
        assert [list(claim) for claim in found["claims"]] == [KEYS, KEYS]
        assert [claim["name"] for claim in found["claims"]] == ["packed-samples", "gradients"]
        assert all(
            (claim["cases"], claim["mismatches"], claim["first_mismatch"]) == (1, 0, None) for claim in found["claims"]
        )
        assert all(claim["counts"][claim["unit"]] > 0 for claim in found["claims"])
        assert {"python", "numpy", "verilator", "icarus"} <= set(found["tools"])
        assert "Samples that are packed and unpacked are the same" in captured.err
    assert len(kept_cases(Path("build/verify"))) == 2


def test_bad_input_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["verify", "--claim", "perfection"]) == 2
    assert capsys.readouterr().err.startswith("ceprop: claim 'perfection': must be one of below-synthesis, ")


@pytest.mark.parametrize(
    ("claim", "field", "said"),
    [
        ("packed-samples", "layers=[1,1]", "--set layers=[1,1]: the claim packed-samples takes no specification"),
        ("compiled-model", "layers", "--set layers: must be key=value"),
        ("compiled-model", "layers=[1,1]", "specification: update: must be given"),
    ],
)
def test_a_specification_that_cannot_be_taken_is_one_line(
    claim: str, field: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["verify", "--claim", claim, "--case", "0", "--set", field]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"ceprop: {said}")
    assert error.count("\n") == 1


def test_cases_of_a_given_specification_are_kept_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ceprop.verification import campaign, worker

    monkeypatch.setattr(campaign, "_run", lambda job: worker.main(job.text()))
    monkeypatch.setattr(worker.gc, "set_threshold", lambda *_: None)
    claim, found = claim_named("compiled-model"), []
    for layers in (None, (1, 1), (2, 3), None):
        fields = {"layers": layers, "update": {"shifts": [8]}}
        given = None if layers is None else Specification.from_mapping(fields)
        (result,) = Campaign({claim: [0]}, 1, 1, tmp_path, "digest", given).run(unwatched)
        assert result.mismatches == 0
        found.append(result.counts["weights"])
    assert found[1:3] == [1, 6]
    assert found[0] == found[3]
    assert len(list(tmp_path.glob("cases-*"))) == 3


def test_counts_do_not_depend_on_the_processes(tmp_path: Path) -> None:
    found = []
    for jobs, together in ((1, 12), (2, 3)):
        claim = replace(PACKED, together=together)
        campaign = Campaign({claim: range(12)}, 7, jobs, tmp_path / str(jobs), "digest")
        (tmp_path / str(jobs)).mkdir()
        found.append(campaign.run(unwatched)[0])
    assert found[0].counts == found[1].counts
    assert (found[0].cases, found[0].mismatches) == (12, 0)


@pytest.mark.slow
def test_a_killed_run_goes_on(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "ceprop",
        "verify",
        "--claim",
        "gradients",
        "--jobs",
        "1",
        "--build",
        str(tmp_path),
    ]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 120
        while not (list(tmp_path.glob("cases-*")) and len(kept_cases(tmp_path)) > 1):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        os.kill(process.pid, signal.SIGKILL)
    time.sleep(0.5)  # the worker is ended as well
    before = kept_cases(tmp_path)
    assert 1 < len(before) < claim_named("gradients").quick
    assert subprocess.run([*command, "--case", str(before[0]["number"])], capture_output=True, check=True)
    assert kept_cases(tmp_path) == before


@pytest.mark.parametrize(
    "line", [b"", b"{", b'{"seal": "0"}', b"[]", b"\xff\xfe", b'{"claim": 1, "seal": 2}', b"[" * 10000]
)
def test_a_damaged_line_is_left_out(line: bytes, tmp_path: Path) -> None:
    kept = KeptCases(tmp_path, "digest")
    cases = [FinishedCase("flash", 1, number, 0.5, {"samples": 9}, None) for number in range(2)]
    kept.add(cases[0])
    (file,) = tmp_path.glob("cases-*")
    # A process was killed in the middle of a line.
    file.write_bytes(file.read_bytes() + line)
    kept.add(cases[1])
    assert kept.read() == {case.key: case for case in cases}


def test_a_line_with_any_byte_altered_is_not_taken(tmp_path: Path, damages: Any) -> None:
    kept = KeptCases(tmp_path, "digest")
    case = FinishedCase("flash", 1, 0, 0.5, {"samples": 9}, None)
    kept.add(case)
    (file,) = tmp_path.glob("cases-*")
    for damaged in damages(file.read_bytes(), 300):
        file.write_bytes(damaged)
        assert kept.read() in ({}, {case.key: case})


def test_cases_of_other_sources_or_tools_are_not_taken(tmp_path: Path) -> None:
    sources, tools = sorted(package_sources()), tool_versions()
    assert {"hdl/core.py", "model/plain.py", "boards/virtual/cpp/board.cpp"} <= {name for name, _ in sources}
    digests = {
        digest_of(sources, tools),
        digest_of([*sources[1:], (sources[0][0], b"other")], tools),
        digest_of([("renamed.py", sources[0][1]), *sources[1:]], tools),
        digest_of(sources, tools | {"numpy": "9"}),
    }
    assert len(digests) == 4
    case = FinishedCase("flash", 1, 0, 0.5, {"samples": 9}, None)
    KeptCases(tmp_path, min(digests)).add(case)
    assert KeptCases(tmp_path, max(digests)).read() == {}
    # Nor where the file was given the name of the other one.
    (file,) = tmp_path.glob("cases-*")
    file.rename(tmp_path / f"cases-{max(digests)[:16]}.jsonl")
    assert KeptCases(tmp_path, max(digests)).read() == {}


def test_a_difference_ends_with_1_and_is_run_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from ceprop.verification import campaign, claims, worker

    wrong = replace(PACKED, run=lambda case: Found({"samples": 3}, "label 3" if case.number else None))
    monkeypatch.setattr(claims, "CLAIMS", (wrong,))
    monkeypatch.setattr(campaign, "_run", lambda job: worker.main(job.text()))
    monkeypatch.setattr(worker.gc, "set_threshold", lambda *_: None)
    for number, code in ((0, 0), (1, 1), (1, 1)):
        command = ["verify", "--claim", "packed-samples", "--build", str(tmp_path), "--case", str(number)]
        assert run(command) == code
    error = capsys.readouterr().err.splitlines()[-1]
    assert error == ("ceprop: packed-samples, case 1: label 3 (ceprop verify --claim packed-samples --seed 1 --case 1)")
    assert [(case["number"], case["mismatch"] is None) for case in kept_cases(tmp_path)] == [
        (0, True),
        (1, False),
        (1, False),
    ]


def test_a_worker_that_fails_is_one_line(tmp_path: Path) -> None:
    unknown = replace(PACKED, name="unknown")
    with pytest.raises(CepropError, match=r"^claim unknown: claim 'unknown': must be one of "):
        Campaign({unknown: [0]}, 1, 1, tmp_path, "digest").run(unwatched)


def test_commit(tmp_path: Path) -> None:
    assert commit_of(tmp_path) is None
    git = ["git", "-c", "user.name=a", "-c", "user.email=b"]
    for arguments in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "c"]):
        subprocess.run([*git, *arguments], cwd=tmp_path, check=True)
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert commit_of(tmp_path) == head.stdout.strip()


def test_every_claim_says_what_it_does_not_cover() -> None:
    assert len({claim.name for claim in CLAIMS}) == len(CLAIMS)
    for claim in CLAIMS:
        assert claim.claim.endswith(".")
        assert claim.not_covered
        assert claim.quick <= claim.full
