"""The last results, kept until the host reads them."""

from amaranth.hdl import Cat, Module, Signal, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In

from ceprop.boards.protocol import RESULTS_KEPT, TIE
from ceprop.boards.rtl.signatures import ResultReadInterface, ResultReadSignature, outcome_layout
from ceprop.hdl.devices.named_ports import read_port, write_port
from ceprop.specification import Geometry

_CLASS_BITS = TIE.bit_length() - 1


class ResultRing(wiring.Component):
    """A ring of results; the oldest is forgotten.

    Members
    -------
    outcomes : In, stream
        Of the samples, taken at once.
    read : In
        Results by their number, for the dispatcher.
    """

    BUFFER_BITS = RESULTS_KEPT * TIE.bit_length()
    """Bits of the memory for the results."""

    outcomes: stream.Interface
    read: ResultReadInterface

    def __init__(self, geometry: Geometry):
        super().__init__(
            {"outcomes": In(stream.Signature(outcome_layout(geometry))), "read": In(ResultReadSignature())}
        )

    def elaborate(self, platform: object) -> Module:
        """A memory that is written at the count."""
        m = Module()
        m.submodules.ring = ring = Memory(shape=unsigned(len(self.read.word)), depth=RESULTS_KEPT, init=[])
        write, read_memory = write_port(ring), read_port(ring)
        outcome = self.outcomes.payload
        prediction = Signal(_CLASS_BITS, name="prediction")
        m.d.comb += [
            self.outcomes.ready.eq(1),
            prediction.eq(outcome.prediction),
            write.en.eq(self.outcomes.valid),
            write.addr.eq(self.read.count),
            write.data.eq(Cat(prediction, outcome.tie)),
            read_memory.en.eq(1),
            read_memory.addr.eq(self.read.address),
        ]
        m.d.sync += [
            self.read.count.eq(self.read.count + self.outcomes.valid),
            self.read.word.eq(read_memory.data),
        ]
        return m
