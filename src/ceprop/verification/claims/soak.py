"""A simulated board that is kept at work for long, over one session of the link."""

from collections.abc import Callable

import numpy as np

from ceprop.boards.host import HostDriver
from ceprop.boards.host.proof import Proof
from ceprop.boards.host.sequence import Batch
from ceprop.boards.parts.registry import GENERIC
from ceprop.model import Network
from ceprop.specification import Specification
from ceprop.verification.case import Case, Claim, Found
from ceprop.verification.claims.boards import on_board, small_board
from ceprop.verification.networks import random_samples

_SHORT, _LONG = 500, 100_000
"""Frames of the first case, and of every other case."""
_BATCH = 60
"""Most samples between two changes of the rates."""
_BATCHES = 25
"""Batches after which the memories and the counters are compared, and the network is loaded again."""
_PLACES = (
    (GENERIC, "axi4-stream", 0.0),
    ("icebreaker", "uart", 0.01),
    (GENERIC, "wishbone", 0.0),
    ("ulx3s_25f", "spi", 0.002),
)
"""Boards, their transports, and the noise on their lines."""


def _batch(specification: Specification, draw: np.random.Generator) -> Batch:
    """Return samples whose rates and signs are drawn. Every change of a rate or a sign is a command of its own."""
    data = random_samples(specification, draw, int(draw.integers(1, _BATCH)))
    count = len(data.train_labels)
    bounds = zip(specification.smallest_shifts, specification.largest_shifts, strict=True)
    shifts = tuple(int(draw.integers(low, high + 1)) for low, high in bounds)
    # Signs that stay the same make long streams of samples.
    negatives = draw.integers(0, 2, count) == 1 if draw.random() < 0.5 else np.full(count, draw.random() < 0.5)
    return Batch(data.train_inputs, data.train_labels, shifts, negatives)


def _soak(case: Case, specification: Specification, frames: int) -> Callable[[HostDriver], Found]:
    """Return what keeps a board at work for so many frames, beside the model."""

    def work(driver: HostDriver) -> Found:
        draw, statistics = case.numpy_draw, driver.link.statistics
        network = Network.initial(specification)
        proof = Proof(driver, network)
        driver.reset()
        driver.load(network)
        while statistics.frames_sent < frames and proof.first_mismatch is None:
            for _ in range(_BATCHES):
                batch = _batch(specification, draw)
                proof.learn(batch, len(batch.labels))
            # A command that was lost, or carried out twice, is seen here at the latest.
            proof.compare_number("samples counted by the core", driver.counters()["samples"], proof.learned.samples)
            proof.compare_memories()
            driver.load(network)
        counts = {
            "frames": statistics.frames_sent,
            "frames_sent_again": statistics.frames_resent,
            "samples": proof.learned.samples,
            "bytes": statistics.bytes_sent + statistics.bytes_received,
        }
        return Found(counts, proof.first_mismatch)

    return work


def _run(case: Case) -> Found:
    name, transport, noise = _PLACES[case.number % len(_PLACES)]
    frames = _LONG if case.number else _SHORT
    specification = small_board(case, **{"nudge.sign": "random"})
    return on_board(
        case, specification, name, _soak(case, specification, frames), transport=transport, line_noise=noise
    )


SOAK = Claim(
    name="soak",
    claim="A board that is at work for long loses no command, and carries none out twice.",
    evidence="simulated boards in sessions of 100,000 frames (the first case has 500): rates, signs, samples and "
    "whole networks in random order; predictions, counters and memories beside the model",
    unit="frames",
    not_covered="real boards, and sessions of more frames",
    quick=1,
    full=12,
    run=_run,
    together=1,
)
