"""How `ceprop bench model` counts, with given times. `tests/experiments/test_reproduce.py` runs it as a user does."""

from typing import Any

import pytest

from ceprop.experiments.reproduction import fitted, resized
from ceprop.model import load_images
from ceprop.model.reference import PAPER_ROWS
from ceprop.performance import model_bench
from ceprop.performance.model_bench import bench_model


def test_rates_and_ratio_are_medians_over_the_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    warming_up, rounds = (9.0, 9.0), ((1.0, 2.0), (1.0, 3.0), (4.0, 32.0), (1.0, 5.0), (0.5, 3.0))
    seconds = (each for pair in (warming_up, *rounds) for each in pair)

    def measure(*_: Any) -> float:
        return next(seconds)

    monkeypatch.setattr(model_bench, "_seconds", measure)
    images = load_images("digits", seed=1)
    settings = resized(fitted(PAPER_ROWS["c-ep-1h"].settings, images), 8)
    found = bench_model(settings, images, 200, lambda *_: None)
    assert found.samples == 200
    assert found.reference_samples_per_second == 40
    assert found.pytorch_samples_per_second == pytest.approx(40 / 3)
    assert found.ratio == 5
