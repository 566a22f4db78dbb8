"""What the simulations of whole cores share."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def builds(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder that keeps compiled simulations for all workers of the run. A core that several tests simulate is then
    compiled once; what is kept is found by its content."""
    root = tmp_path_factory.getbasetemp()
    folder = (root if worker_id == "master" else root.parent) / "simulations"
    folder.mkdir(exist_ok=True)
    return folder
