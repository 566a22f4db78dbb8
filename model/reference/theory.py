"""The settings of the paper's theory figures, and the median over samples of the errors of Theorem 1."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ceprop.common.errors import CepropError
from ceprop.model.datasets import Images
from ceprop.model.reference.gdu import FreePhase, RelativeErrors, compare
from ceprop.model.reference.network import ReferenceNetwork
from ceprop.model.reference.settings import Settings

_DISCRETE = {"free_steps": 150, "nudged_steps": 10, "beta": 0.01}
_REAL_TIME = {"free_steps": 800, "nudged_steps": 80, "beta": 0.005, "dt": 0.08}


@dataclass(frozen=True)
class Sample:
    """One sample as a batch. `inputs` are (1, n_0), from 0 to 1, and `targets` are (1, n_L), one-hot."""

    inputs: np.ndarray
    targets: np.ndarray


def theory_settings(
    layers: Sequence[int],
    setting: str,
    rule: str = "c-ep",
    *,
    order: str = "synchronous",
    angle: float = 0,
    seed: int = 1,
) -> Settings:
    """Return the settings of the paper's theory figures with rates of 0. They are tanh, a batch of 1, no clipping and
    float64."""
    phases = _DISCRETE if setting == "prototypical" else _REAL_TIME
    return Settings.of(
        layers=tuple(layers),
        setting=setting,
        rule=rule,
        order=order,
        activation="tanh",
        angle=angle,
        seed=seed,
        rates=(0.0,) * (len(layers) - 1),
        batch=1,
        precision="float64",
        **phases,
    )


def draw_samples(images: Images, classes: int, count: int, seed: int) -> list[Sample]:
    """Return `count` different training samples. Raises :class:`CepropError` if there are fewer."""
    raw, labels = images.train
    if count > len(labels):
        raise CepropError(f"--samples {count}: {images.name} has {len(labels)} training samples")
    chosen = np.random.default_rng(seed).permutation(len(labels))[:count]
    targets = np.eye(classes)
    return [Sample(raw[k : k + 1] / images.largest, targets[labels[k]][None]) for k in chosen]


def median_errors(
    network: ReferenceNetwork, samples: Sequence[Sample], variants: Sequence[Settings], done: Callable[[], None]
) -> list[RelativeErrors]:
    """Return the medians over `samples` for every one of `variants`, which share the free phase of `network`.

    `done` is called after every sample. Raises :class:`CepropError` if states diverge.
    """
    found: list[list[RelativeErrors]] = [[] for _ in variants]
    # An overflow is found in the medians.
    with np.errstate(over="ignore", invalid="ignore"):
        for sample in samples:
            free = FreePhase.of(network, sample.inputs, sample.targets)
            for errors, settings in zip(found, variants, strict=True):
                errors.append(RelativeErrors.of(compare(network.under(settings), free)))
            done()
        medians = [median(errors) for errors in found]
    for errors, settings in zip(medians, variants, strict=True):
        if not np.isfinite([*errors.states, *errors.weights, *errors.backward]).all():
            raise CepropError(
                f"{settings.setting} {settings.rule} in {settings.order} order diverges at rates of "
                f"{settings.rates[0]:g} with beta = {settings.beta:g}; a larger beta may help"
            )
    return medians


def median(errors: Sequence[RelativeErrors]) -> RelativeErrors:
    """Return the median over samples, layer by layer."""
    return RelativeErrors(
        *(
            np.median([getattr(one, name) for one in errors], axis=0).tolist()
            for name in ("states", "weights", "backward")
        )
    )
