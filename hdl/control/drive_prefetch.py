"""The drive walker: sums a sample's drive in cycles that sweeps leave idle, in inference those of the sample before."""

from amaranth.hdl import Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ceprop.hdl.control.loop_counter import LoopCounter
from ceprop.hdl.control.sweep_walker import SweepWalker
from ceprop.hdl.lanes.messages import Listing, Messages, bits_for
from ceprop.specification import Geometry


class DrivePrefetch(wiring.Component):
    """Walks all rows, and for each the list of inputs, of one sample after the other: a slot in every cycle that is
    `open`, but for the first one after a slot of the sweeps, whose sums must not come between those of a row.

    Parameters
    ----------
    geometry : Geometry
        With two drives and two lists of inputs, which go with each other.
    return_cycles : int
        Cycles from the last slot to the first step message that may read its sum.

    Members
    -------
    listed, longest : In
        The lists of a sample's inputs are complete; the length of the longest.
    open, walking : In
        Slots may go; one of the sweeps does, in this cycle.
    again : In
        Weights may have changed: what was summed counts no more.
    begun, ready, events : Out
        The lists are complete, and the length of the longest; the sums are there too.
    take : In
        Work goes on with a drive that is `ready`; the next sample's may follow.
    row_source, row_sum, tile : Out
        Messages of the slot of the cycle before, if it `sends` one.
    issued : Out
        A slot goes in this cycle.
    """

    def __init__(self, geometry: Geometry, return_cycles: int):
        self.geometry = geometry
        self._return_cycles = return_cycles
        messages = Messages(geometry)
        super().__init__(
            {
                "listed": In(1),
                "longest": In(messages.event_count_bits),
                "open": In(1),
                "walking": In(1),
                "again": In(1),
                "begun": Out(1),
                "ready": Out(1),
                "events": Out(messages.event_count_bits),
                "take": In(1),
                "row_source": Out(messages.source("row")),
                "row_sum": Out(messages.sum("row")),
                "tile": Out(messages.tile),
                "sends": Out(1),
                "issued": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Wait for lists, walk them, wait for the sums, and until they are taken."""
        m = Module()
        rows = self.geometry.slots(1)
        m.submodules.outer = outer = LoopCounter(bits_for(rows))
        m.submodules.inner = inner = LoopCounter(len(self.events))
        waiting, longest = Signal(name="waiting"), Signal.like(self.longest, name="longest")
        walked = Signal(name="walked")
        # Which list of inputs, and which drive, a sample has: its intake begins with the second one.
        bank = Signal(name="bank", init=1)
        returning = Signal(range(self._return_cycles), name="returning")
        m.d.sync += walked.eq(self.walking)
        m.d.comb += [
            outer.length.eq(Const(rows)),
            inner.length.eq(Mux(self.begun, self.events, longest)),
            inner.step.eq(self.issued),
            outer.step.eq(self.issued & inner.final),
            outer.load.eq(inner.load),
        ]
        with m.If(self.listed):
            m.d.sync += [waiting.eq(1), longest.eq(self.longest)]
        with m.FSM() as fsm:
            m.d.comb += self.begun.eq(~fsm.ongoing("REST"))
            with m.State("REST"), m.If(waiting):
                m.d.comb += inner.load.eq(1)
                m.d.sync += [waiting.eq(0), self.events.eq(longest)]
                m.next = "WALK"
            with m.State("WALK"):
                m.d.comb += [self.issued.eq(self.open & ~self.walking & ~walked), inner.load.eq(self.again)]
                m.d.sync += returning.eq(0)
                with m.If(self.issued & inner.final & outer.final):
                    m.next = "RETURN"
            with m.State("RETURN"):
                m.d.comb += inner.load.eq(self.again)
                m.d.sync += returning.eq(returning + 1)
                with m.If(returning == self._return_cycles - 1):
                    m.next = "READY"
                with m.If(self.again):
                    m.next = "WALK"
            with m.State("READY"):
                m.d.comb += [self.ready.eq(1), inner.load.eq(self.again)]
                with m.If(self.take):
                    m.d.sync += bank.eq(~bank)
                    m.next = "REST"
                with m.If(self.again):
                    m.next = "WALK"
        self._emit(m, bank, outer.index, inner.index)
        return m

    def _emit(self, m: Module, bank: Signal, row: Signal, place: Signal) -> None:
        """One slot's messages, through a register."""
        layer = self.geometry.edge_number(1)
        m.d.sync += [self.sends.eq(self.issued), self.row_source.eq(0), self.row_sum.eq(0), self.tile.eq(0)]
        with m.If(self.issued):
            m.d.sync += [
                self.row_source.sum.eq(1),
                self.row_source.listing.eq(Listing.ALL),
                self.row_source.layer.eq(layer),
                self.row_source.index.eq(row),
                self.row_sum.valid.eq(1),
                self.row_sum.drive.eq(drive_number(self.geometry, bank)),
                self.row_sum.first.eq(place == 0),
                self.tile.sum.eq(1),
                self.tile.input.eq(1),
                self.tile.base.eq(self.geometry.connections[0].base),
                self.tile.bank.eq(bank),
                self.tile.index.eq(place),
            ]


def drive_number(geometry: Geometry, bank: Value) -> Value:
    """The drive of a sample, by the bank of lists that its inputs are in."""
    return Mux(bank, 2, 1) if geometry.drives > 1 else Const(1)


def slot_messages(m: Module, sweeps: SweepWalker, ahead: DrivePrefetch | None):
    """`source` and `sum` into the row edge and `tile` of the slot that there is, whoever leads it."""
    names = ("row_source", "row_sum", "tile")
    if ahead is None:
        return [getattr(sweeps, name) for name in names]
    found = []
    for name in names:
        message = Signal(getattr(sweeps, name).shape(), name=f"{name}_of_slot")
        m.d.comb += message.eq(Mux(ahead.sends, *(getattr(walker, name).as_value() for walker in (ahead, sweeps))))
        found.append(message)
    return found
