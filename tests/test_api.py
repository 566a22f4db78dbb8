"""The names that a user imports from `ceprop` itself."""

import subprocess
import sys
from pathlib import Path

import pytest

import ceprop
from ceprop import CepropError, Specification, train


def test_every_public_name_is_there() -> None:
    assert all(getattr(ceprop, name) is not None for name in ceprop.__all__)
    assert set(ceprop.__all__) <= set(dir(ceprop))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'ceprop' has no attribute 'nothing'"):
        _ = ceprop.nothing  # pyright: ignore[reportAttributeAccessIssue]


def test_a_name_is_loaded_when_it_is_used() -> None:
    program = "import sys, ceprop; sys.exit(' '.join({'numpy', 'amaranth', 'sklearn'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stderr.strip() == ""


def test_training_takes_paths_as_text_and_goes_on_to_the_same_bits(tiny: Path, tiny_data: Path, tmp_path: Path) -> None:
    whole = train(Specification.load(str(tiny)), tiny_data, samples=60)
    checkpoint = str(tmp_path / "run.checkpoint")
    train(str(tiny), str(tiny_data), samples=20, checkpoint=checkpoint)
    resumed = train(tiny, tiny_data, samples=60, checkpoint=checkpoint, resume=True)
    assert resumed.trainer.network.weights_sha256() == whole.trainer.network.weights_sha256()
    assert resumed.samples == 40


def test_a_specification_is_saved_to_a_path_as_text(tiny: Path, tmp_path: Path) -> None:
    specification = Specification.load(tiny)
    specification.save(str(tmp_path / "copy.toml"))
    assert Specification.load(tmp_path / "copy.toml") == specification


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "give one of epochs and samples"),
        ({"epochs": 1, "samples": 1}, "give one of epochs and samples"),
        ({"epochs": 1, "resume": True}, "--resume needs --checkpoint"),
        ({"epochs": 1, "checkpoint": "missing", "resume": True}, "no such file, so there is nothing to --resume"),
    ],
)
def test_training_refuses_what_has_no_meaning(tiny: Path, options: dict[str, object], message: str) -> None:
    with pytest.raises(CepropError, match=message):
        train(tiny, **options)  # pyright: ignore[reportArgumentType]
