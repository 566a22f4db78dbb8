"""The last results, kept for whoever asks."""

from amaranth.hdl import Cat, Module, Signal, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from ceprop.boards.protocol import RESULTS_KEPT, TIE
from ceprop.hdl.devices.named_ports import read_port, write_port
from ceprop.hdl.io.stream_payloads import Ports
from ceprop.specification import Geometry

_CLASS_BITS = TIE.bit_length() - 1


class ResultRing(wiring.Component):
    """A ring of results; the oldest is forgotten.

    Members
    -------
    result : In, stream
        From the core, taken at once.
    count : Out
        ResultRing so far, modulo `RESULTS_KEPT`.
    address, word : In, Out
        A result by its number, two cycles later: the class, and the tie in the highest bit.
    """

    def __init__(self, geometry: Geometry):
        bits = (RESULTS_KEPT - 1).bit_length()
        super().__init__(
            {
                "result": In(stream.Signature(Ports(geometry).result)),
                "count": Out(bits),
                "address": In(bits),
                "word": Out(_CLASS_BITS + 1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """A memory that is written at the count."""
        m = Module()
        m.submodules.ring = ring = Memory(shape=unsigned(len(self.word)), depth=RESULTS_KEPT, init=[])
        write, read = write_port(ring), read_port(ring)
        result = self.result.payload
        prediction = Signal(_CLASS_BITS, name="prediction")
        m.d.comb += [
            self.result.ready.eq(1),
            prediction.eq(result.prediction),
            write.en.eq(self.result.valid),
            write.addr.eq(self.count),
            write.data.eq(Cat(prediction, result.tie)),
            read.en.eq(1),
            read.addr.eq(self.address),
        ]
        m.d.sync += [self.count.eq(self.count + self.result.valid), self.word.eq(read.data)]
        return m
