"""The speed of the float reference, beside a plain PyTorch loop of the same equations on one thread."""

import resource
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from ceprop.common.report import Advance
from ceprop.experiments.pytorch_loop import PyTorchLoop
from ceprop.model import Images
from ceprop.model.reference import ReferenceNetwork, Settings, learn_batch

_ROUNDS = 5


@dataclass(frozen=True)
class ModelBench:
    """Samples learned per second, as medians over rounds in which both take turns.

    `ratio` is the median of the rounds' ratios. `largest_difference` is the largest difference between the weights of
    the two networks after the same samples. `peak_memory_bytes` is the peak of the whole process, which also has what
    its caller took before.
    """

    reference_samples_per_second: float
    pytorch_samples_per_second: float
    ratio: float
    samples: int
    largest_difference: float
    peak_memory_bytes: int


def bench_model(settings: Settings, images: Images, samples: int, advance: Advance) -> ModelBench:
    """Learn from about `samples` samples in rounds, with both. A round before the first one warms up.

    Raises :class:`CepropError` without PyTorch.
    """
    network = ReferenceNetwork.initial(settings)
    loop = PyTorchLoop(network)
    batches = max(1, samples // (_ROUNDS * settings.batch))
    seconds: list[tuple[float, float]] = []
    with threadpool_limits(1):
        for done in range(_ROUNDS + 1):
            part = list(_batches(settings, images, done * batches, batches))
            ours = _seconds(lambda x, y: learn_batch(network, x, y, settings.beta), part)
            theirs = _seconds(lambda x, y: loop.learn_batch(x, y, settings.beta), part)
            seconds.append((ours, theirs))
            advance(done + 1, _ROUNDS + 1)
    rounds = seconds[1:]
    count = batches * settings.batch
    pairs = zip(network.forward, loop.forward, strict=True)
    return ModelBench(
        reference_samples_per_second=count / statistics.median(ours for ours, _ in rounds),
        pytorch_samples_per_second=count / statistics.median(theirs for _, theirs in rounds),
        ratio=statistics.median(theirs / ours for ours, theirs in rounds),
        samples=count * _ROUNDS,
        largest_difference=max(float(np.abs(weights - other.numpy()).max()) for weights, other in pairs),
        peak_memory_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    )


def _batches(settings: Settings, images: Images, first: int, count: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    pictures, labels = images.train
    targets = np.eye(settings.layers[-1], dtype=settings.precision)
    for batch in range(first, first + count):
        here = np.arange(batch * settings.batch, (batch + 1) * settings.batch) % len(labels)
        yield pictures[here].astype(settings.precision) / images.largest, targets[labels[here]]


def _seconds(learn: Callable[[np.ndarray, np.ndarray], object], part: list[tuple[np.ndarray, np.ndarray]]) -> float:
    start = time.perf_counter()
    for inputs, targets in part:
        learn(inputs, targets)
    return time.perf_counter() - start
