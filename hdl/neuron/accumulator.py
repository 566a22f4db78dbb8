"""Running sums of the neurons on one lane: a memory with an adder."""

from collections.abc import Sequence

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ceprop.hdl.checks import check, earlier
from ceprop.hdl.devices.named_ports import read_port, write_port
from ceprop.hdl.lanes.lane_memory import lane_memory
from ceprop.specification import address_bits, memory_depth


class Accumulator(wiring.Component):
    """Adds `addend` to one of the sums at `address`, or starts that sum anew with `first`.

    Throughput: one addend per cycle. Latency: `latency` cycles from an addition until a read gives its sum. Additions
    to one sum come in consecutive cycles, or `latency` cycles apart.

    Parameters
    ----------
    words : int
        Number of addresses.
    bits : sequence of int
        Widths of the signed sums at every address, one or two.
    addend_bits : int
        Width of the signed addends.
    separate_read : bool
        The sums are read at an address of their own, in the same cycles as additions.

    Members
    -------
    valid, second, first, address : In
        One addition, to the first or the second of the sums; its `addend` comes one cycle later.
    addend : In
        What is added.
    read_address : In
        Where the sums are read, only with `separate_read`; otherwise they are read at `address`.
    read_data, read_second : Out
        The sums there, one cycle later.
    """

    valid: Signal
    second: Signal
    first: Signal
    address: Signal
    addend: Signal
    read_address: Signal
    read_data: Signal
    read_second: Signal

    latency = 3

    def __init__(self, words: int, bits: Sequence[int], addend_bits: int, *, separate_read: bool = False):
        self.words = words
        self.bits = tuple(bits)
        self.separate_read = separate_read
        address = address_bits(memory_depth(words))
        super().__init__(
            {
                "valid": In(1),
                "second": In(1),
                "first": In(1),
                "address": In(address),
                **({"read_address": In(address)} if separate_read else {}),
                "addend": In(signed(addend_bits)),
                "read_data": Out(signed(self.bits[0])),
                "read_second": Out(signed(self.bits[-1])),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Read, add, write: one cycle each. The sum of the cycle before is taken from the register of the adder."""
        m = Module()
        two = len(self.bits) > 1
        m.submodules.words = memory = lane_memory(unsigned(sum(self.bits)), self.words)
        write = write_port(memory, granularity=1) if two else write_port(memory)
        read = read_port(memory)
        sums = self._sums(read.data)
        m.d.comb += [read.addr.eq(self.address), read.en.eq(1)]
        found = sums
        if self.separate_read:
            other = read_port(memory, "separate_read")
            m.d.comb += [other.addr.eq(self.read_address), other.en.eq(1)]
            found = self._sums(other.data)
        m.d.comb += [self.read_data.eq(found[0]), self.read_second.eq(found[1])]

        adding, second = Signal(name="adding"), Signal(name="second")
        first, again = Signal(name="first", reset_less=True), Signal(name="again", reset_less=True)
        address = Signal.like(self.address, name="address", reset_less=True)
        m.d.sync += [
            adding.eq(self.valid),
            first.eq(self.first),
            address.eq(self.address),
            again.eq(adding & (self.address == address) & (self.second == second)),
        ]
        if two:
            m.d.sync += second.eq(self.second)

        check(m, "additions_to_one_sum_two_cycles_apart", self._too_close)
        written = Signal(2, name="written")
        total = Signal(signed(max(self.bits)), name="total", reset_less=True)
        total_address = Signal.like(self.address, name="total_address", reset_less=True)
        stored = Mux(second, sums[1], sums[0]) if two else sums[0]
        old = Mux(first, 0, Mux(again, total, stored))
        m.d.sync += [
            written.eq(Cat(adding & ~second, adding & second)),
            total.eq(old + self.addend),
            total_address.eq(address),
        ]
        m.d.comb += [
            write.addr.eq(total_address),
            write.data.eq(Cat(total[:bits] for bits in self.bits)),
            write.en.eq(
                Cat(Value.cast(written[k]).replicate(bits) for k, bits in enumerate(self.bits)) if two else written[0]
            ),
        ]
        return m

    def _too_close(self, m: Module) -> Value:
        """An addition to the sum of two cycles before, but not to that of the cycle before."""
        added_to = Value.cast(Cat(self.address, self.second) if len(self.bits) > 1 else self.address)

        def same(cycles: int) -> Value:
            return earlier(m, self.valid, cycles) & (earlier(m, added_to, cycles) == added_to)

        return self.valid & same(2) & ~same(1)

    def _sums(self, word: Value) -> tuple[Value, Value]:
        """The sums of a word."""
        first, last = Value.cast(word[: self.bits[0]]), Value.cast(word[-self.bits[-1] :])
        return first.as_signed(), last.as_signed()
