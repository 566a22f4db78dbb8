"""The counters of the register bank: words of one memory, with one adder that serves them in turn."""

from collections.abc import Mapping

from amaranth.hdl import Array, Cat, Module, Mux, Signal, Value, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ceprop.hdl.control.signatures import Counts
from ceprop.hdl.delay import delay
from ceprop.hdl.devices.named_ports import read_port, write_port
from ceprop.hdl.lanes.lane_memory import lane_memory
from ceprop.hdl.lanes.messages import bits_for
from ceprop.hdl.typing import Interface
from ceprop.specification import REGISTER_BITS, address_bits

_HALF = REGISTER_BITS // 2


class Counters(wiring.Component):
    """Counts of what comes in every cycle.

    A round of `round` cycles serves every half of every counter once, one half per cycle. What comes meanwhile waits in
    a short count of its own. Throughput: one increment per counter and cycle. Latency: at most one round, and three
    cycles to read, add and write.

    Parameters
    ----------
    widths : mapping
        Bits of the increment of each counter, by its name; their order numbers the counters.

    Members
    -------
    counts : In
        What is added to each counter.
    number, high, half : Out
        The lower or the upper half of a counter, without what came within the last round.

    A counter is zero after a reset.
    """

    counts: Interface
    number: Signal
    high: Signal
    half: Signal

    def __init__(self, widths: Mapping[str, int]):
        self._names = tuple(widths)
        self._number_bits = address_bits(max(2, len(widths)))
        super().__init__(
            {
                "counts": In(Counts(widths)),
                "number": Out(self._number_bits),
                "high": Out(1),
                "half": Out(_HALF),
            }
        )

    @property
    def round(self) -> int:
        """Cycles in which every half has had its turn."""
        return 2 << self._number_bits

    def elaborate(self, platform: object) -> Module:
        """Read, add, write back: one cycle each."""
        m = Module()
        m.submodules.words = memory = lane_memory(unsigned(_HALF), self.round)
        write, read = write_port(memory), read_port(memory)
        turn = Signal(range(self.round), name="turn")
        counted = Signal(name="counted")
        m.d.sync += turn.eq(turn + 1)
        # The first round after a reset finds words from before the reset, and starts from zero.
        with m.If(turn == self.round - 1):
            m.d.sync += counted.eq(1)
        high, number = Value.cast(turn[0]), Value.cast(turn[1:])
        m.d.comb += [read.en.eq(1), read.addr.eq(turn)]

        waiting = Array(self._wait(m, name, (number == k) & ~high) for k, name in enumerate(self._names))
        most = max(len(count) for count in waiting)
        # The lower half takes what has waited; its carry, and what was longer than a half, goes to the upper half.
        addend, rest = Signal(_HALF, name="addend"), Signal(max(1, most - _HALF), name="rest")
        taken = Mux(number < len(self._names), waiting[number], 0)
        with m.If(~high):
            m.d.sync += [addend.eq(taken), rest.eq(taken >> _HALF)]
        with m.Else():
            m.d.sync += addend.eq(rest)
        total = Signal(_HALF + 1, name="total", reset_less=True)
        carry = Mux(delay(m, high, 1, "high"), total[-1], 0)
        m.d.sync += total.eq(Mux(delay(m, counted, 1, "counted"), read.data, 0) + addend + carry)
        where = delay(m, Cat(high, number), 2, "where")
        m.d.comb += [
            write.en.eq(1),
            write.addr.eq(where),
            write.data.eq(total),
            self.high.eq(where[0]),
            self.number.eq(where[1:]),
            self.half.eq(total),
        ]
        return m

    def _wait(self, m: Module, name: str, taken: Value) -> Signal:
        """The count of what came since the last turn of a counter."""
        increment = getattr(self.counts, name)
        most = self.round * ((1 << len(increment)) - 1)
        waiting = Signal(bits_for(most), name=f"waiting_{name}")
        m.d.sync += waiting.eq(Mux(taken, 0, waiting) + increment)
        return waiting
