"""Bytes become granules: parts of a byte of 1, 2, 4 or 8 bits, from the lowest bits on."""

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out


class GranuleSplitter(wiring.Component):
    """Holds one byte and gives its granules one after the other. The next byte waits in a register of its own, so that
    `ready` of the bytes comes from a register, and two or more granules per byte leave without a gap.

    Parameters
    ----------
    bits : int
        Bits of a granule: 1, 2, 4 or 8.

    Members
    -------
    bytes : In, stream
        Bytes.
    granules : Out, stream
        Their granules.
    drop : In
        The rest of a byte is dropped if some of its granules have been taken. A whole byte stays. No granule is taken
        in this cycle.
    """

    bytes: stream.Interface
    granules: stream.Interface
    drop: Signal

    def __init__(self, bits: int):
        self._bits = bits
        super().__init__({"bytes": In(stream.Signature(8)), "granules": Out(stream.Signature(bits)), "drop": In(1)})

    def elaborate(self, platform: object) -> Module:
        """A register that is shifted, and loaded with the waiting byte where its last granule leaves."""
        m = Module()
        count = 8 // self._bits
        waiting, waits = Signal(8, name="waiting"), Signal(name="waits")
        byte, held = Signal(8, name="byte"), Signal(name="held")
        index = Signal(range(count), name="index")
        leaves, empties = Signal(name="leaves"), Signal(name="empties")
        m.d.comb += [
            self.bytes.ready.eq(~waits),
            self.granules.valid.eq(held),
            self.granules.payload.eq(byte),
            leaves.eq(held & self.granules.ready),
            empties.eq(~held | (leaves & (index == count - 1)) | (self.drop & (index != 0))),
        ]
        with m.If(~waits):
            m.d.sync += [waiting.eq(self.bytes.payload), waits.eq(self.bytes.valid)]
        with m.If(leaves):
            m.d.sync += [byte.eq(byte >> self._bits), index.eq(index + 1)]
        with m.If(empties):
            m.d.sync += [byte.eq(waiting), held.eq(waits), index.eq(0)]
            with m.If(waits):
                m.d.sync += waits.eq(0)
        return m


def granule_bits(input_bits: int) -> int:
    """Bits of a granule: the most, up to 8, that divide both a byte and a value of `input_bits`."""
    return min(8, input_bits & -input_bits)
