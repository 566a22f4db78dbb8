"""Bytes become granules: parts of a byte of 1, 2, 4 or 8 bits, from the lowest bits on."""

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out


class GranuleSplitter(wiring.Component):
    """Holds one byte and gives its granules one after the other. The next byte is taken in the cycle after the last
    granule, so that `ready` of the bytes comes from a register.

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
        """A register that is loaded while it holds nothing, and shifted otherwise."""
        m = Module()
        count = 8 // self._bits
        byte, held = Signal(8, name="byte"), Signal(name="held")
        index = Signal(range(count), name="index")
        m.d.comb += [
            self.bytes.ready.eq(~held),
            self.granules.valid.eq(held),
            self.granules.payload.eq(byte),
        ]
        with m.If(~held):
            m.d.sync += [byte.eq(self.bytes.payload), held.eq(self.bytes.valid)]
        with m.Elif(self.granules.ready):
            m.d.sync += [byte.eq(byte >> self._bits), index.eq(index + 1), held.eq(index != count - 1)]
        with m.Elif(self.drop & (index != 0)):
            m.d.sync += [index.eq(0), held.eq(0)]
        return m


def granule_bits(input_bits: int) -> int:
    """Bits of a granule: the most, up to 8, that divide both a byte and a value of `input_bits`."""
    return min(8, input_bits & -input_bits)
