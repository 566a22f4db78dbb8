"""Running sums of the neurons on one lane: a memory with an adder, one addend a cycle, any address in any order."""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ceprop.geometry import address_bits
from ceprop.hdl.lanes import lane_memory


class Accumulator(wiring.Component):
    """Adds `addend` to the sum at `address`, or starts that sum anew with `first`.

    Parameters
    ----------
    words : int
        Number of sums.
    bits, addend_bits : int
        Widths of the signed sums and addends.

    Members
    -------
    valid, first, address : In
        One addition; its `addend` comes one cycle later.
    read_data : Out
        The sum at `address`, one cycle after it; up to date `latency` cycles after an addition to it.

    Additions to one address come in consecutive cycles, or `latency` cycles apart.
    """

    latency = 3

    def __init__(self, words: int, bits: int, addend_bits: int):
        self.words = words
        super().__init__(
            {
                "valid": In(1),
                "first": In(1),
                "address": In(address_bits(words)),
                "addend": In(signed(addend_bits)),
                "read_data": Out(signed(bits)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Read, add, write; the sum of the cycle before is taken from the adder's register."""
        m = Module()
        shape = self.read_data.shape()
        m.submodules.words = memory = lane_memory(shape, self.words)
        write = memory.write_port()
        read = memory.read_port()
        m.d.comb += [read.addr.eq(self.address), read.en.eq(1), self.read_data.eq(read.data)]

        adding, first, again = Signal(), Signal(reset_less=True), Signal(reset_less=True)
        address = Signal.like(self.address, reset_less=True)
        m.d.sync += [
            adding.eq(self.valid),
            first.eq(self.first),
            address.eq(self.address),
            again.eq(adding & (self.address == address)),
        ]

        written = Signal()
        total = Signal(shape, reset_less=True)
        total_address = Signal.like(self.address, reset_less=True)
        old = Mux(first, 0, Mux(again, total, read.data))
        m.d.sync += [written.eq(adding), total.eq(old + self.addend), total_address.eq(address)]
        m.d.comb += [write.addr.eq(total_address), write.data.eq(total), write.en.eq(written)]
        return m
