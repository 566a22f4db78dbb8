"""Transports of the link: a host at their pins, and the link's two streams of bytes behind them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice
from random import Random
from typing import Any, Protocol

import pytest
from amaranth.hdl import ClockDomain, Module
from amaranth.sim import Simulator
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ceprop.boards.rtl.transport import SpiTransport, StreamTransport, Transport, WishboneTransport

_REST = 40
"""Cycles after the host has done what it does."""


@dataclass
class Board:
    """The link behind a transport: what it says, from a cycle on, and what it hears. After a byte that was taken it
    needs `pause` cycles, as the sender of frames does; `hears` says whether it takes one now."""

    says: list[int]
    begins: int = 0
    pause: Callable[[], int] = lambda: 2
    hears: Callable[[], bool] = lambda: True
    heard: bytearray = field(default_factory=bytearray)
    _waits: int = 0

    def drive(self, context: Any, transport: Any, cycle: int) -> None:
        """Set the streams' inputs."""
        self._waits = max(0, self._waits - 1)
        offers = bool(self.says) and cycle >= self.begins and not self._waits
        context.set(transport.sent.valid, offers)
        context.set(transport.sent.payload, self.says[0] if offers else 0xA5)
        context.set(transport.received.ready, self.hears())

    def observe(self, context: Any, transport: Any) -> None:
        """See what passes in this cycle."""
        sent, received = transport.sent, transport.received
        if context.get(sent.valid) and context.get(sent.ready):
            self.says.pop(0)
            self._waits = 1 + self.pause()
        if context.get(received.valid) and context.get(received.ready):
            self.heard.append(context.get(received.payload))


class Host(Protocol):
    """What is at the pins, cycle by cycle."""

    def drive(self, context: Any, transport: Any, cycle: int) -> None:
        """Set the transport's inputs."""
        ...

    def observe(self, context: Any, transport: Any) -> bool:
        """See what passes in this cycle, when all inputs are set; whether there is more to do."""
        ...


def run(transport: Transport, board: Board, host: Host) -> None:
    """Until the host has no more to do, and a little longer."""
    m = Module()
    # One of them is wires only, and the test needs a clock.
    m.domains.sync = ClockDomain()
    m.submodules.transport = transport
    simulator = Simulator(m)
    simulator.add_clock(1e-6)

    async def everything(context: Any) -> None:
        cycle = rest = 0
        while rest < _REST:
            host.drive(context, transport, cycle)
            board.drive(context, transport, cycle)
            rest = 0 if host.observe(context, transport) else rest + 1
            board.observe(context, transport)
            await context.tick()
            cycle += 1

    simulator.add_testbench(everything)
    simulator.run()


# --- SPI


@dataclass(frozen=True)
class _Edge:
    """At a time in our cycles the master sets pins; with `sample` it looks at its input just before."""

    time: float
    pins: dict[str, int]
    sample: bool = False


def _edges(selections: list[tuple[bytes, int]], bit: float, phase: float) -> list[_Edge]:
    """A master in mode 0 with `bit` of our cycles a bit: for each selection its bytes and how many of their bits."""
    edges, time = [], 2 + phase
    for data, count in selections:
        bits = [byte >> k & 1 for byte in data for k in range(7, -1, -1)][:count]
        edges.append(_Edge(time, {"spi_select": 1, "spi_in": bits[0]}))
        time += bit / 2
        for following in [*bits[1:], 0]:
            edges.append(_Edge(time, {"spi_clock": 1}, sample=True))
            edges.append(_Edge(time + bit / 2, {"spi_clock": 0, "spi_in": following}))
            time += bit
        edges.append(_Edge(time, {"spi_select": 0, "spi_in": 1}))
        time += bit
    return edges


class _SpiHost:
    """Goes from edge to edge; `samples` is what it saw."""

    def __init__(self, edges: list[_Edge]):
        self._edges = edges
        self.samples: list[int] = []

    def drive(self, context: Any, transport: Any, cycle: int) -> None:
        while self._edges and self._edges[0].time < cycle + 1:
            edge = self._edges.pop(0)
            if edge.sample:
                self.samples.append(context.get(transport.spi_out))
            for name, value in edge.pins.items():
                context.set(getattr(transport, name), value)

    def observe(self, context: Any, transport: Any) -> bool:
        return bool(self._edges)


def exchange(selections: list[tuple[bytes, int]], board: Board, bit: float, phase: float) -> list[bytes]:
    """What the master gets in each selection; bits that are no whole byte are left out."""
    host = _SpiHost(_edges(selections, bit, phase))
    run(SpiTransport(), board, host)
    samples, found = iter(host.samples), []
    for _, count in selections:
        bits = list(islice(samples, count))
        starts = range(0, count - count % 8, 8)
        found.append(bytes(int("".join(map(str, bits[k : k + 8])), 2) for k in starts))
    return found


def whole(data: bytes) -> tuple[bytes, int]:
    """A selection with all the bits."""
    return data, 8 * len(data)


_PHASES = [0.0, 0.01, 0.25, 0.5, 0.75, 0.99]
_SENT, _SAID = bytes([0x80, 0x01, 0xFF, 0x00, 0x5A]), bytes([0x01, 0xFE, 0x80, 0x00, 0xC3])


@pytest.mark.parametrize("phase", _PHASES)
@pytest.mark.parametrize("bit", [8.0, 8.3, 13.7, 50.0])
def test_spi_exchanges_bytes_both_ways_at_once(bit: float, phase: float) -> None:
    board = Board(list(_SAID))
    assert exchange([whole(_SENT)], board, bit, phase) == [_SAID]
    assert board.heard == _SENT
    assert not board.says


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.binary(min_size=1, max_size=4), st.integers(0, 7)), min_size=1, max_size=4),
    st.binary(max_size=10),
    st.floats(8, 20),
    st.floats(0, 1),
)
@example([(b"a", 0), (b"b", 0), (b"c", 0)], b"xyz", 8.0, 0.5)
@example([(b"ab", 1), (b"c", 7), (b"def", 4), (b"g", 0)], b"vwxyz", 8.0, 0.0)
def test_a_deselect_loses_only_the_byte_that_it_cuts_off(
    cut: list[tuple[bytes, int]], said: bytes, bit: float, phase: float
) -> None:
    """`cut` has the bits that are missing of each selection's last byte; the board offers that byte again."""
    board = Board(list(said))
    found = exchange([(data, 8 * len(data) - missing) for data, missing in cut], board, bit, phase)
    complete = [data[:-1] if missing else data for data, missing in cut]
    assert board.heard == b"".join(complete)
    assert [len(data) for data in found] == [len(data) for data in complete]
    count = len(board.heard)
    assert b"".join(found) == said[:count].ljust(count, b"\0")
    assert bytes(board.says) == said[count:]


@pytest.mark.parametrize("begins", range(100, 164, 7))
def test_spi_gives_zeros_until_there_is_something_to_say(begins: int) -> None:
    board = Board(list(b"answer"), begins)
    (found,) = exchange([whole(bytes(12))], board, 8.0, 0.3)
    assert found.lstrip(b"\0") == b"answer".ljust(len(found.lstrip(b"\0")), b"\0")
    assert 1 <= found.index(b"answer") <= 4


# --- AXI4-Stream and Wishbone


class _StreamHost:
    """Source and sink, each at work in half of the cycles."""

    def __init__(self, data: bytes, count: int, random: Random):
        self._left, self._count, self._random = list(data), count, random
        self.found = bytearray()
        self._offers = False

    def drive(self, context: Any, transport: Any, cycle: int) -> None:
        self._offers = self._offers or (bool(self._left) and self._random.random() < 0.5)
        context.set(transport.s_axis_tvalid, self._offers)
        context.set(transport.s_axis_tdata, self._left[0] if self._offers else 0x5A)
        context.set(transport.m_axis_tready, self._random.random() < 0.5)

    def observe(self, context: Any, transport: Any) -> bool:
        if self._offers and context.get(transport.s_axis_tready):
            self._left.pop(0)
            self._offers = False
        if context.get(transport.m_axis_tvalid) and context.get(transport.m_axis_tready):
            self.found.append(context.get(transport.m_axis_tdata))
        return bool(self._left) or len(self.found) < self._count


@pytest.mark.parametrize("seed", range(4))
def test_stream_beats_pass_both_ways(seed: int) -> None:
    random = Random(seed)
    board = Board(list(_SAID), pause=lambda: random.randrange(3), hears=lambda: random.random() < 0.5)
    host = _StreamHost(_SENT, len(_SAID), random)
    run(StreamTransport(), board, host)
    assert board.heard == _SENT
    assert host.found == _SAID


class _WishboneHost:
    """Master of classic cycles, for each a byte to write or None to read. Between two it may keep its strobe, give it
    up, or leave the bus; `read` is what it read, `waits` the cycles of each."""

    def __init__(self, cycles: list[int | None], random: Random):
        self._cycles, self._random = cycles, random
        self.read: list[int] = []
        self.waits: list[int] = []
        self._begin()

    def _begin(self) -> None:
        self._pause, self._waited = self._random.randrange(3), 0
        # In a pause one of the two may stay: without the other it means nothing.
        self._cyc, self._stb = self._random.choice([(0, 0), (1, 0), (0, 1)])

    def drive(self, context: Any, transport: Any, cycle: int) -> None:
        active = bool(self._cycles) and not self._pause
        write = self._cycles[0] if self._cycles else None
        context.set(transport.wb_cyc, active or self._cyc)
        context.set(transport.wb_stb, active or self._stb)
        context.set(transport.wb_we, write is not None)
        context.set(transport.wb_dat_w, 0xBAD0_0000 | write if active and write is not None else 0xBAD0_0077)

    def observe(self, context: Any, transport: Any) -> bool:
        acknowledged = context.get(transport.wb_ack)
        if self._pause or not self._cycles:
            assert not acknowledged
            self._pause = max(0, self._pause - 1)
        elif acknowledged:
            if self._cycles.pop(0) is None:
                self.read.append(context.get(transport.wb_dat_r))
            self.waits.append(self._waited)
            self._begin()
        else:
            self._waited += 1
        return bool(self._cycles)


@pytest.mark.parametrize("seed", range(6))
def test_wishbone_writes_and_reads_with_wait_states(seed: int) -> None:
    random = Random(seed)
    board = Board(list(_SAID), pause=lambda: random.randrange(8), hears=lambda: random.random() < 0.2)
    written = random.sample(range(256), 20)
    cycles = [*written, *[None] * 40]
    random.shuffle(cycles)
    host = _WishboneHost(list(cycles), random)
    run(WishboneTransport(), board, host)
    assert list(board.heard) == [byte for byte in cycles if byte is not None]
    assert bytes(word & 0xFF for word in host.read if word >> 8) == _SAID
    assert {word >> 8 for word in host.read} == {0, 1}
    # A read never waits for a byte, and a write does where the board does not take it.
    waits = {kind: {w for w, byte in zip(host.waits, cycles, strict=True) if (byte is None) == kind} for kind in (0, 1)}
    assert waits[1] == {1}
    assert max(waits[0]) > 1
