"""Tests of one group run on one worker. Otherwise every worker builds the designs of each group again, and nothing but
the duration tells."""

import subprocess
import sys
from pathlib import Path

_TESTS = """
import pytest

@pytest.mark.xdist_group("a group")
@pytest.mark.parametrize("number", range(6))
def test_group(number, worker_id):
    print(f"worker {worker_id}")

@pytest.mark.parametrize("number", range(6))
def test_alone(number):
    pass
"""


def test_tests_of_one_group_run_on_one_worker(tmp_path: Path) -> None:
    (tmp_path / "test_some.py").write_text(_TESTS, encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-n", "2", "--dist", "loadgroup", "-rP"]
    found = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert found.returncode == 0, found.stdout
    workers = [line for line in found.stdout.splitlines() if line.startswith("worker ")]
    assert len(workers) == 6
    assert len(set(workers)) == 1
