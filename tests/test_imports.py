"""Imports point one way, as the contracts in pyproject.toml say."""

import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[1]
_LINT = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(config_filename=sys.argv[1]))"


def _lint(configuration: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", _LINT, str(configuration)]
    return subprocess.run(command, cwd=_ROOT, capture_output=True, text=True)


def test_every_folder_imports_only_those_below_it() -> None:
    done = _lint(_ROOT / "pyproject.toml")
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(("above", "below"), [("ceprop.hdl", "ceprop.sim"), ("ceprop.common", "ceprop.specification")])
def test_an_import_that_points_up_is_found(above: str, below: str, tmp_path: Path) -> None:
    configuration = tmp_path / "importlinter.toml"
    configuration.write_text(
        '[tool.importlinter]\nroot_package = "ceprop"\n'
        f'[[tool.importlinter.contracts]]\nname = "reversed"\ntype = "layers"\nlayers = ["{above}", "{below}"]\n',
        encoding="utf-8",
    )
    done = _lint(configuration)
    assert done.returncode == 1
    assert f"{below} is not allowed to import {above}" in done.stdout
