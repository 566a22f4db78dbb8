"""Passes bytes of flash on while the processor does something else."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ceprop.boards.rtl.flash.instructions import WORD_BITS


class ByteStream(wiring.Component):
    """Passes bytes to the samples or to the CRC.

    Members
    -------
    to_samples, to_crc, count : In
        Begin to pass so many bytes, at least one, only while not `active`.
    active : Out
        Bytes are still to come.
    source : In, stream
        Bytes of flash.
    samples : Out, stream
        For the unpacker.
    crc_idle, crc_valid : In, Out
        The CRC takes a byte; it gets the one of `source`.
    """

    to_samples: Signal
    to_crc: Signal
    count: Signal
    active: Signal
    source: stream.Interface
    samples: stream.Interface
    crc_idle: Signal
    crc_valid: Signal

    def __init__(self):
        super().__init__(
            {
                "to_samples": In(1),
                "to_crc": In(1),
                "count": In(WORD_BITS),
                "active": Out(1),
                "source": In(stream.Signature(8)),
                "samples": Out(stream.Signature(8)),
                "crc_idle": In(1),
                "crc_valid": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """A counter, and a choice of two targets."""
        m = Module()
        left, for_samples = Signal(WORD_BITS, name="left"), Signal(name="for_samples")
        moved = Signal(name="moved")
        m.d.comb += [
            self.samples.payload.eq(self.source.payload),
            self.samples.valid.eq(self.source.valid & self.active & for_samples),
            self.source.ready.eq(self.active & Mux(for_samples, self.samples.ready, self.crc_idle)),
            moved.eq(self.source.valid & self.source.ready),
            self.crc_valid.eq(moved & ~for_samples),
        ]
        with m.If(self.to_samples | self.to_crc):
            m.d.sync += [left.eq(self.count), self.active.eq(1), for_samples.eq(self.to_samples)]
        with m.Elif(moved):
            m.d.sync += [left.eq(left - 1), self.active.eq(left != 1)]
        return m
