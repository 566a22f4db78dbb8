"""The response collector: groups that were read, in the order of their reads, for the response stream."""

from dataclasses import dataclass

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ceprop.hdl.checks import check
from ceprop.hdl.delay import delay
from ceprop.hdl.io.fifo import Fifo
from ceprop.hdl.io.stream_payloads import Ports
from ceprop.hdl.lanes.messages import Space
from ceprop.hdl.streams import stream_of
from ceprop.hdl.typing import Interface
from ceprop.specification import REGISTER_BITS, Geometry

_DEPTHS = {1: 1, 2: 16}
"""Groups that wait for a slow reader, by ports of the weight memories; reading pauses when they are full. A small
device has no memory to spare for more than the one group that is taken."""


@dataclass(frozen=True)
class ReadLatencies:
    """Cycles from a message of a read to its words: of a weight, and of a neuron on the row and the column edge."""

    weight: int
    row: int
    column: int


class ResponseCollector(wiring.Component):
    """Collects what was read, and reports whether one more group fits.

    Throughput: one group per cycle. Latency: that of the read + 3 cycles, then the FIFO. On memories of one port a
    group is begun only where no other is in flight.

    Parameters
    ----------
    geometry : Geometry
        Layouts.
    latencies : ReadLatencies
        Cycles from the message of a read to its words.

    Members
    -------
    reading, space, column : In
        A group of `space` is read by a message in this cycle; from the column edge.
    sending, register : In
        The value of a register is sent in this cycle; it is there one cycle later.
    row_words, column_words : In
        Words that were read on an edge, lane 0 first.
    room, drained : Out
        One more group fits; no group is in flight.
    response : Out, stream
        As :class:`Ports` has it.
    """

    reading: Signal
    space: Signal
    column: Signal
    sending: Signal
    register: Signal
    row_words: Signal
    column_words: Signal
    room: Signal
    drained: Signal
    response: Interface

    def __init__(self, geometry: Geometry, latencies: ReadLatencies):
        self._latencies = latencies
        self._depth = _DEPTHS[geometry.memory_ports]
        ports = Ports(geometry)
        super().__init__(
            {
                "reading": In(1),
                "space": In(Space),
                "column": In(1),
                "sending": In(1),
                "register": In(REGISTER_BITS),
                "row_words": In(ports.words.size),
                "column_words": In(ports.words.size),
                "room": Out(1),
                "drained": Out(1),
                "response": Out(stream_of(ports.response)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Reads in flight, words that arrive, the FIFO."""
        m = Module()
        from_array = self.space == Space.WEIGHT
        reads = (
            ("weight", self.reading & from_array, self._latencies.weight),
            ("row", self.reading & ~from_array & ~self.column, self._latencies.row),
            ("column", self.reading & ~from_array & self.column, self._latencies.column),
        )
        arriving = {name: delay(m, flag, latency, f"read_{name}") for name, flag, latency in reads}
        from_rows = delay(m, arriving["weight"] | arriving["row"], 1, "from_rows")
        from_columns = delay(m, arriving["column"], 1, "from_columns")
        # The opposites have registers of their own, because they lead to the words of all lanes, which are far.
        none_of_rows = delay(m, ~(arriving["weight"] | arriving["row"]), 1, "none_of_rows")
        none_of_columns = delay(m, ~arriving["column"], 1, "none_of_columns")
        arrived, sent = from_rows | from_columns, delay(m, self.sending, 1, "sent")
        check(m, "words_of_two_groups_meet", (from_rows & from_columns) | (sent & arrived))
        m.submodules.response_fifo = fifo = Fifo(self.response.payload.shape().size, self._depth)
        # Zero where nothing arrives. One register for all lanes, because they lie far from each other.
        read_words = Signal.like(fifo.word, name="read_words", reset_less=True)
        m.d.sync += read_words.eq(Mux(none_of_rows, 0, self.row_words) | Mux(none_of_columns, 0, self.column_words))
        m.d.comb += [
            fifo.write.eq(delay(m, arrived | self.sending, 1, "entering")),
            fifo.word.eq(read_words | Mux(sent, self.register, 0)),
            self.response.valid.eq(fifo.out.valid),
            self.response.payload.eq(fifo.out.payload),
            fifo.out.ready.eq(self.response.ready),
        ]
        most = max(self._latencies.weight, self._latencies.row, self._latencies.column)
        in_flight = Signal(range(most + 3), name="in_flight")
        m.d.sync += in_flight.eq(in_flight + self.reading - arrived)
        m.d.comb += self.drained.eq(in_flight == 0)
        self._count(m)
        return m

    def _count(self, m: Module) -> None:
        """The groups that were begun and are not yet taken; whether there is room is known one cycle late."""
        taken = Signal(range(self._depth + 1), name="taken")
        left = delay(m, self.response.valid & self.response.ready, 1, "left")
        m.d.sync += taken.eq(taken + (self.reading | self.sending) - left)
        # With room for the group that was begun meanwhile; or, with a single place, where none was begun.
        one_is_free = (taken == 0) & ~self.reading & ~self.sending
        m.d.sync += self.room.eq(taken < self._depth - 1 if self._depth > 1 else one_is_free)
