"""Which drive a sample has, and its start where there is only one drive."""

from amaranth.hdl import Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ceprop.hdl.checks import check
from ceprop.hdl.control.signatures import DriveTurn
from ceprop.hdl.lanes.signatures import InputsListed
from ceprop.hdl.typing import Interface
from ceprop.specification import Geometry


def drive_number(geometry: Geometry, bank: Value) -> Value:
    """The number of a sample's drive, from 1, by the bank of its lists of inputs."""
    return Mux(bank, 2, 1) if geometry.drives > 1 else Const(1)


class DriveStart(wiring.Component):
    """Remembers that the lists of the next sample are complete, until the sequencer begins with its drive pass.

    It stands where :class:`DrivePrefetch` does in a core with two drives. Latency: one cycle.

    Members
    -------
    listed : In
        The lists of a sample are complete.
    turn : Out
        The next sample may begin.
    """

    listed: Interface
    turn: Interface

    def __init__(self, geometry: Geometry):
        super().__init__({"listed": In(InputsListed(geometry)), "turn": Out(DriveTurn(geometry))})

    def elaborate(self, platform: object) -> Module:
        """One register for the event, one for the length."""
        m = Module()
        waits, longest = Signal(name="listed"), Signal.like(self.listed.longest, name="longest")
        with m.If(self.listed.complete):
            m.d.sync += [waits.eq(1), longest.eq(self.listed.longest)]
        with m.Elif(self.turn.take):
            m.d.sync += waits.eq(0)
        check(m, "lists_of_a_sample_lost", self.listed.complete & waits & ~self.turn.take)
        m.d.comb += [self.turn.listed.eq(waits), self.turn.ready.eq(waits), self.turn.events.eq(longest)]
        return m
