"""Running sums of the neurons on one lane: a memory with an adder, one addend a cycle, any address in any order."""

from collections.abc import Sequence

from amaranth.hdl import Array, Cat, Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ceprop.geometry import address_bits, memory_depth
from ceprop.hdl.lanes import lane_memory


class Accumulator(wiring.Component):
    """Adds `addend` to one of the sums at `address`, or starts that sum anew with `first`.

    Parameters
    ----------
    words : int
        Number of addresses.
    bits : sequence of int
        Widths of the signed sums at every address.
    addend_bits : int
        Width of the signed addends.
    aside : bool
        The sums are read at an address of its own, so that a reader is in no addition's way.

    Members
    -------
    valid, which, first, address : In
        One addition, to the sum of that number; its `addend` comes one cycle later.
    look : In
        The address at which sums are read; only with `aside`, else it is that of the additions.
    read_0, read_1 ... : Out
        The sums at that address, one cycle after it; up to date `latency` cycles after an addition to them.

    Additions to one sum come in consecutive cycles, or `latency` cycles apart.
    """

    latency = 3

    def __init__(self, words: int, bits: Sequence[int], addend_bits: int, *, aside: bool = False):
        self.words = words
        self.bits = tuple(bits)
        self.aside = aside
        address = address_bits(memory_depth(words))
        super().__init__(
            {
                "valid": In(1),
                "which": In(address_bits(len(self.bits))),
                "first": In(1),
                "address": In(address),
                "addend": In(signed(addend_bits)),
                **({"look": In(address)} if aside else {}),
                **{f"read_{k}": Out(signed(bits)) for k, bits in enumerate(self.bits)},
            }
        )

    @property
    def reads(self) -> list[Signal]:
        """The ports on which the sums are read."""
        return [getattr(self, f"read_{k}") for k in range(len(self.bits))]

    def elaborate(self, platform: object) -> Module:
        """Read, add, write; the sum of the cycle before is taken from the adder's register."""
        m = Module()
        count = len(self.bits)
        m.submodules.words = memory = lane_memory(unsigned(sum(self.bits)), self.words)
        write = memory.write_port(granularity=1) if count > 1 else memory.write_port()
        read = memory.read_port()
        m.d.comb += [read.addr.eq(self.address), read.en.eq(1)]
        looked = sums = self._sums(read.data)
        if self.aside:
            look = memory.read_port()
            m.d.comb += [look.addr.eq(self.look), look.en.eq(1)]
            looked = self._sums(look.data)
        m.d.comb += [port.eq(value) for port, value in zip(self.reads, looked, strict=True)]

        adding, which, first, again = (
            Signal(),
            Signal.like(self.which),
            Signal(reset_less=True),
            Signal(reset_less=True),
        )
        address = Signal.like(self.address, reset_less=True)
        m.d.sync += [
            adding.eq(self.valid),
            first.eq(self.first),
            address.eq(self.address),
            again.eq(adding & (self.address == address) & (self.which == which)),
        ]
        if count > 1:
            m.d.sync += which.eq(self.which)

        written = Signal(count)
        total = Signal(signed(max(self.bits)), reset_less=True)
        total_address = Signal.like(self.address, reset_less=True)
        stored = Array(sums)[which] if count > 1 else sums[0]
        old = Mux(first, 0, Mux(again, total, stored))
        m.d.sync += [
            written.eq(Cat(adding & (which == k) for k in range(count))),
            total.eq(old + self.addend),
            total_address.eq(address),
        ]
        m.d.comb += [
            write.addr.eq(total_address),
            write.data.eq(Cat(total[:bits] for bits in self.bits)),
            write.en.eq(Cat(written[k].replicate(bits) for k, bits in enumerate(self.bits)) if count > 1 else written),
        ]
        return m

    def _sums(self, word: Value) -> list[Value]:
        """The sums of a word."""
        places = [sum(self.bits[:k]) for k in range(len(self.bits))]
        return [word[at : at + bits].as_signed() for at, bits in zip(places, self.bits, strict=True)]
