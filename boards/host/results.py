"""Samples to the board and their results back."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from ceprop.boards.host.link import Link
from ceprop.boards.host.packing import pack_samples
from ceprop.boards.protocol import LONGEST_PAYLOAD, RESULTS_KEPT, TIE, Command
from ceprop.common.errors import CepropError
from ceprop.common.report import Advance
from ceprop.specification import Specification

_MOST_UNREAD = RESULTS_KEPT - 1
"""Samples on their way or with results unread: one more, and their number modulo 256 would be that of none."""

_FETCH_SECONDS = 0.5
"""Seconds after which results are fetched, so that progress is shown."""

_MOST_ASKED = (LONGEST_PAYLOAD - 1) // 2
"""Results that a reply holds."""


@dataclass(frozen=True, eq=False)
class Predictions:
    """`classes`, int64 (n,), and `ties`, bool (n,): more than one output was largest."""

    classes: np.ndarray
    ties: np.ndarray

    @classmethod
    def joined(cls, parts: list[Self]) -> Self:
        """The predictions of several runs, one after the other."""
        return cls(np.concatenate([p.classes for p in parts]), np.concatenate([p.ties for p in parts]))

    def last(self, count: int) -> "Predictions":
        """The last `count` of them."""
        start = len(self.classes) - count
        return Predictions(self.classes[start:], self.ties[start:])


class SampleStream:
    """The stream of packed samples and the ring of results of a board.

    Raises as :class:`Link` does, and :class:`CepropError` where the board answers but no result comes."""

    def __init__(self, link: Link, specification: Specification):
        self._link = link
        self._specification = specification
        self._seen = 0
        self._fresh = 0.0
        """When results came last."""

    def begin(self) -> None:
        """Count from the results so far; the board is between samples."""
        self._seen = self._link.ask_for(1, Command.RESULTS, bytes(2))[0]

    def run(self, inputs: np.ndarray, labels: np.ndarray, advance: Advance) -> Predictions:
        """Send quantised `inputs` (n, n_0) with `labels` (n,) and wait for all their results."""
        found: list[int] = []
        waiting = bytearray()
        fetched = self._fresh = self._link.clock()
        for number, sample in enumerate(pack_samples(self._specification, inputs, labels)):
            while number - len(found) >= _MOST_UNREAD or self._link.clock() - fetched > _FETCH_SECONDS:
                found += self._fetch(number - len(found))
                if number - len(found) >= _MOST_UNREAD:
                    self._check_patience(len(found) + 1, len(labels))
                fetched = self._link.clock()
                advance(len(found), len(labels))
            waiting += sample
            self._send(waiting, self._link.payload_bytes)
        self._send(waiting, 1)
        self._collect(found, len(labels), advance)
        return _predictions(found)

    def last(self, count: int) -> Predictions:
        """The last results, `count` or as many as the board remembers; it is between samples."""
        self.begin()
        count = min(count, _MOST_UNREAD)
        self._seen -= count
        found: list[int] = []
        self._collect(found, count, lambda *_: None)
        return _predictions(found)

    def _send(self, waiting: bytearray, least: int) -> None:
        """Send what waits in payloads as long as they may be, while it has at least so many bytes."""
        while len(waiting) >= least:
            size = self._link.payload_bytes
            self._link.send(Command.SAMPLES, bytes(waiting[:size]))
            del waiting[:size]

    def _collect(self, found: list[int], total: int, advance: Advance) -> None:
        """Wait for the results of all samples."""
        self._fresh = self._link.clock()
        while len(found) < total:
            found += self._fetch(total - len(found))
            advance(len(found), total)
            self._check_patience(len(found) + 1, total)

    def _check_patience(self, number: int, total: int) -> None:
        """Raise :class:`CepropError` where the result of that sample has been missing for too long."""
        patience = self._link.timing.patience
        if self._link.clock() - self._fresh > patience:
            raise CepropError(
                f"port {self._link.port}: the board answers, but no result of sample {number} of {total} "
                f"came in {patience:g} s; the core hangs"
            )

    def _fetch(self, unread: int) -> list[int]:
        """The next results that are there, at most so many."""
        asked = min(unread, max(1, (self._link.payload_bytes - 1) // 2), _MOST_ASKED)
        reply = self._link.ask_for(1 + 2 * asked, Command.RESULTS, bytes([self._seen % RESULTS_KEPT, asked]))
        there = min((reply[0] - self._seen) % RESULTS_KEPT, asked)
        self._seen += there
        if there:
            self._fresh = self._link.clock()
        return np.frombuffer(reply[1 : 1 + 2 * there], "<u2").tolist()


def _predictions(found: list[int]) -> Predictions:
    words = np.array(found, np.int64)
    return Predictions(words & (TIE - 1), words >= TIE)
