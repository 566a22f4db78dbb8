"""The CRC of a frame or a file. One bit per cycle takes a few look-up tables, and no transport brings bytes faster.
Flash with four lines does."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.crc.catalog import CRC32_ISO_HDLC
from amaranth.lib.wiring import In, Out

from ceprop.boards.protocol import CRC_BYTES


class Crc(wiring.Component):
    """CRC-32 over bytes.

    Parameters
    ----------
    bits : int
        Bits per cycle, 1, 2, 4 or 8.

    Members
    -------
    start : In
        Forget the bytes so far.
    valid, byte : In
        The next byte, only while `idle`.
    idle : Out
        The bytes so far are all in.
    crc : Out
        The CRC of the bytes so far.
    matches : Out
        The bytes so far end with the CRC of those before it.
    """

    start: Signal
    valid: Signal
    byte: Signal
    idle: Signal
    crc: Signal
    matches: Signal

    def __init__(self, bits: int = 1):
        self._bits = bits
        super().__init__(
            {
                "start": In(1),
                "valid": In(1),
                "byte": In(8),
                "idle": Out(1),
                "crc": Out(8 * CRC_BYTES),
                "matches": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """A byte is shifted through Amaranth's CRC, the lowest bit first."""
        m = Module()
        m.submodules.crc = crc = CRC32_ISO_HDLC(data_width=self._bits).create()
        shift, left = Signal(8, name="shift"), Signal(range(8 // self._bits + 1), name="left")
        m.d.comb += [
            crc.start.eq(self.start),
            crc.valid.eq(left != 0),
            crc.data.eq(shift[: self._bits]),
            self.idle.eq(left == 0),
            self.crc.eq(crc.crc),
            self.matches.eq(crc.match_detected),
        ]
        with m.If(self.valid):
            m.d.sync += [shift.eq(self.byte), left.eq(8 // self._bits)]
        with m.Elif(left != 0):
            m.d.sync += [shift.eq(shift >> self._bits), left.eq(left - 1)]
        return m
